/**
 * Logging in by way of other providers, where a deployment has some. One without any has no such call: then there is
 * nothing to show.
 */
import { expectLogin } from '../account.ts';
import { h, icon, type Child } from '../dom.ts';
import * as icons from '../icons.ts';
import type { OAuthProvider } from '../wire.ts';
import * as calls from './calls.ts';
import type { Calling } from './calling.ts';
import { section, type SectionFrame } from './parts.ts';
import { dateOf } from './words.ts';

/** Links that lead to the providers; none if there are none, or if they cannot be asked for. */
export async function providerLinks(): Promise<Child[]> {
  const items = await configured(calls.providers(null));
  const links = items.map(({ id, name }) =>
    h(
      'a',
      {
        class: 'button wide',
        href: `/api/v1/auth/oauth/${encodeURIComponent(id)}`,
        'data-testid': `oauth-${id}`,
        onclick: expectLogin,
      },
      `Continue with ${name}`,
    ),
  );
  return links.length === 0 ? [] : [h('p', { class: 'or' }, 'or'), ...links];
}

/** Which providers the account is linked with; null where there are none. */
export async function providersSection(calling: Calling): Promise<SectionFrame | null> {
  const items = await configured(calling.as((bearer) => calls.providers(bearer)));
  if (items.length === 0) return null;
  const rows = items.map(({ name, linkedAt }) =>
    h(
      'li',
      { class: 'account-row' },
      h('strong', {}, name),
      linkedAt === undefined
        ? h('span', { class: 'hint' }, 'Not linked')
        : h('span', { class: 'tag good' }, icon(icons.CHECK, 12), `Linked on ${dateOf(linkedAt)}`),
    ),
  );
  const about = 'Accounts elsewhere with which you can log in here.';
  return section('providers', 'Other ways to log in', about, h('ul', { class: 'account-list' }, ...rows));
}

async function configured(
  answer: Promise<{ items: readonly OAuthProvider[] }>,
): Promise<readonly OAuthProvider[]> {
  try {
    return (await answer).items;
  } catch {
    return [];
  }
}
