/**
 * The page's entry: `/` is the start page, `/r/{roomId}` a room, `/account` one's own account; `/#reset=…` and
 * `/#verify=…` are what links in mails lead to.
 *
 * Elements that tests look for, by `data-testid`:
 *
 * start page: room-name, name-input, language, create-room, join-link, join-room, log-in, log-out, register,
 *   account-name, email, username, password, submit-account, form-error, remember, forgot-password, send-reset,
 *   reset-sent, back-to-password, code, recovery-code, submit-code, use-recovery-code, use-authenticator,
 *   oauth-{provider}
 * account: account-{section}, answer, save-profile, email-address, send-verification, currentPassword, newPassword,
 *   change-password, second-factor-state, set-up-totp, totp-qr, totp-by-hand, totp-secret, confirm-totp,
 *   recovery-codes-dialog, download-codes, copy, stored, renew-codes, confirm-renew-codes, turn-off-totp,
 *   confirm-turn-off, login (with data-current), end-login, end-other-logins, more-logins, new-api-key, api-key-name,
 *   scope-{scope}, api-key-life, make-api-key, api-key-secret, api-key, rotate-api-key, delete-api-key, export-account,
 *   delete-account, confirm-delete-account; of mails: reset-password, mailed-done, mailed-refused, to-account
 * room's head: saved-state, connection-state, settings, share
 * files: tab (with data-path), tab-menu, rename-file, delete-file, add-file, file-name, confirm
 * code: editor, editor-content, read-only, why, connection-strip, try-now, empty-room,
 *   start-{language}
 * running: run-target, run, stop, stdin-tab, stdin, output-tab, output, run-state, run-facts, run-history, input-line,
 *   program-input, end-input
 * terminals: terminal-tab, terminal-panel, terminal-start, open-shell, open-repl, terminal (the screen), terminal-state,
 *   terminal-note, take-keyboard, hand-over, hand-over-to, take-files, close-terminal, open-again, dismiss-terminal,
 *   terminal-picker, new-terminal, open-another-shell, open-another-repl, take-over-dialog, take-file (with data-path),
 *   left-out, confirm-take-over
 * people and chat: people, following, stop-following, messages, older-messages, chat-input, mention-names,
 *   chat-send, chat-unread, show-mention
 * dialogs: name-input (a guest's name), open-account, share-dialog, share-run, share-terminal, share-edit, share-view, create-link, share-link,
 *   revoke-link, settings-dialog, theme-system, theme-light, theme-dark, forget-room, allow-notifications, refused,
 *   remedy, kept, not-opened, open-copy
 * history: history (opens it), history-view (with data-index and data-moment), history-time, history-caption,
 *   history-live, history-tab (with data-path), history-content, history-caret, history-slider, history-play,
 *   history-speed, history-back, history-on, history-mark-back, history-mark-on, snapshots, take-snapshot,
 *   snapshot-name, snapshot-message, save-snapshot, open-snapshot, delete-snapshot, history-compare, compare-dialog,
 *   diff-from, diff-to, diff, diff-file, history-restore, restore-dialog, confirm-restore, history-fork, fork-name,
 *   confirm-fork, history-more, history-merge, merge-out, merge-in, merge-any, merge-link, merge-preview,
 *   confirm-merge, history-export, confirm-export, export-state, history-erase, erase-author, erase
 * narrow screens: view-code, view-output, view-chat, view-people
 *
 * `connection-state` and `saved-state` also have `data-state`: connecting, online (with `data-via`: websocket or
 * http), offline, waiting or closed; saved, saving, unsent or refused (with `data-kept`: whether
 * this device has stored everything). In `output`, each piece is a <span> of class
 * stdout, stderr or typed.
 */
import './styles/main.css';
import { openRoom } from './entry.ts';
import { openLazily } from './lazy-page.ts';
import { takeMailedToken } from './mailed-token.ts';
import { StartPage } from './start.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');

const mailed = takeMailedToken();
const room = /^\/r\/([0-9a-z]{20})\/?$/.exec(location.pathname)?.[1];
if (mailed !== null) {
  void openLazily(root, async () => (await import('./account/mailed.ts')).openMailed(root, mailed));
} else if (/^\/account\/?$/.test(location.pathname)) {
  void openLazily(root, async () => (await import('./account/page.ts')).openAccount(root));
} else if (room === undefined) {
  const page = new StartPage();
  root.replaceChildren(page.element);
  void page.start();
} else {
  void openRoom(root, room);
}
// Another link of the same room pasted into the address bar changes only the fragment: open by it.
window.addEventListener('hashchange', () => location.reload());
// Not before the page has what it needs: the service worker fetches the rest of the page's files.
window.addEventListener('load', () => {
  // Absent outside secure contexts; the page then needs the network to open.
  navigator.serviceWorker?.register('/service-worker.js').catch(() => undefined);
});
