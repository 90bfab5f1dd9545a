/**
 * The page's entry: `/` is the start page, `/r/{roomId}` a room.
 *
 * Elements that tests look for, by `data-testid`:
 *
 * start page: room-name, name-input, language, create-room, join-link, join-room, log-in, log-out, register,
 *   account-name, email, username, password, submit-account, form-error
 * room's head: saved-state, connection-state, settings, share
 * files: tab (with data-path), tab-menu, rename-file, delete-file, add-file, file-name, confirm
 * code: editor, editor-content, read-only, empty-room, start-{language}
 * running: run-target, run, stop, stdin-tab, stdin, output-tab, output, run-state, run-facts, run-history
 * people and chat: people, chat-input, chat-send, chat-unread
 * dialogs: name-input (a guest's name), share-dialog, share-run, share-edit, share-view, create-link, share-link,
 *   revoke-link, settings-dialog, theme-system, theme-light, theme-dark, refused, not-opened
 * narrow screens: view-code, view-output, view-chat, view-people
 *
 * `connection-state` and `saved-state` also have `data-state`: connecting, online or offline; saved, saving or
 * unsent. In `output`, each piece is a <span> of class stdout or stderr.
 */
import './styles/main.css';
import { openRoom } from './entry.ts';
import { StartPage } from './start.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');

const room = /^\/r\/([0-9a-z]{20})\/?$/.exec(location.pathname)?.[1];
if (room === undefined) {
  const page = new StartPage();
  root.replaceChildren(page.element);
  void page.start();
} else {
  void openRoom(root, room);
}
// Another link of the same room pasted into the address bar changes only the fragment: open by it.
window.addEventListener('hashchange', () => location.reload());
