/** Links in mails carry their token in the fragment, which browsers send to no server. */

export interface MailedToken {
  /** `reset`: choose a new password; `verify`: confirm the address. */
  readonly kind: 'reset' | 'verify';
  readonly token: string;
}

/** The token in a URL's fragment (`#reset=…`, `#verify=…`), or null. */
export function mailedTokenOf(hash: string): MailedToken | null {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  for (const kind of ['reset', 'verify'] as const) {
    const token = params.get(kind) ?? '';
    if (token !== '') return { kind, token };
  }
  return null;
}

/** Reads the token of the address and takes it out of there at once: neither history nor shared screens keep it. */
export function takeMailedToken(): MailedToken | null {
  const mailed = mailedTokenOf(location.hash);
  if (mailed !== null) history.replaceState(history.state, '', location.pathname + location.search);
  return mailed;
}
