/** The settings dialog: theme, size of the code, word wrap, and the keyboard's shortcuts. */
import { currentUser } from './account.ts';
import { openDialog } from './dialogs.ts';
import { fill, h } from './dom.ts';
import { notificationsRow } from './notifications.ts';
import {
  changePreferences,
  FONT_SIZE_MAX,
  FONT_SIZE_MIN,
  loadPreferences,
  type ThemeChoice,
} from './preferences.ts';

const THEMES: readonly (readonly [ThemeChoice, string])[] = [
  ['system', 'System'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

const SHORTCUTS: readonly (readonly [string, string])[] = [
  ['Mod Enter', 'Run'],
  ['Mod F', 'Search and replace'],
  ['Mod Z', 'Undo your own changes in this file'],
  ['Mod D', 'Select the next occurrence'],
  ['Mod /', 'Comment lines'],
  ['Ctrl M', 'Let Tab leave the editor (on a Mac: Shift Alt M)'],
  ['Shift Escape', 'Leave the terminal'],
  ['Ctrl C', 'In the terminal: copy the selection, without one interrupt the program'],
  ['Ctrl D', 'At the line for a program’s input: end the input'],
  ['Escape', 'Stop following somebody'],
  ['F2', 'Rename the focused tab'],
  ['Delete', 'Delete the focused tab'],
  ['← →', 'In the history: one step back, one step on'],
  ['Shift ← →', 'In the history: to the next run or snapshot'],
  ['Space', 'In the history: play, pause'],
];

/** `forget`: offered inside a room, removes the room from this device. */
export function openSettings(forget: (() => void) | null = null): void {
  const dialog = openDialog({
    title: 'Settings',
    testId: 'settings-dialog',
    body: [
      themeRow(),
      sizeRow(),
      wrapRow(),
      notificationsRow(),
      accountRow(forget !== null),
      forget !== null &&
        forgetRow(() => {
          dialog.close();
          forget();
        }),
      shortcuts(),
    ],
  });
}

/** The way to one's account; from a room in a tab of its own, so that nobody leaves the room for it. */
function accountRow(isInRoom: boolean): HTMLElement | null {
  const user = currentUser();
  if (user === null) return null;
  const place = isInRoom ? { target: '_blank', rel: 'noopener' } : {};
  return h(
    'div',
    { class: 'setting' },
    h('span', { class: 'setting-label' }, `Logged in as ${user.username}`),
    h('a', { class: 'button', href: '/account', 'data-testid': 'open-account', ...place }, 'Account'),
  );
}

function forgetRow(forget: () => void): HTMLElement {
  return h(
    'div',
    { class: 'setting' },
    h('span', { class: 'setting-label' }, 'Copy of this room on this device'),
    h(
      'button',
      { type: 'button', class: 'button', 'data-testid': 'forget-room', onclick: forget },
      'Forget this room…',
    ),
  );
}

function themeRow(): HTMLElement {
  const chosen = loadPreferences().theme;
  const radios = THEMES.map(([theme, label]) =>
    h(
      'label',
      { class: 'segment' },
      h('input', {
        type: 'radio',
        name: 'theme',
        value: theme,
        checked: theme === chosen,
        'data-testid': `theme-${theme}`,
        onchange: () => changePreferences({ theme }),
      }),
      h('span', {}, label),
    ),
  );
  return h(
    'fieldset',
    { class: 'setting' },
    h('legend', {}, 'Theme'),
    h('div', { class: 'segments' }, ...radios),
  );
}

function sizeRow(): HTMLElement {
  const value = h('output', { class: 'stepper-value', 'aria-live': 'polite' });
  const render = (): void => fill(value, `${loadPreferences().fontSize} px`);
  const step = (by: number): void => {
    const fontSize = Math.min(FONT_SIZE_MAX, Math.max(FONT_SIZE_MIN, loadPreferences().fontSize + by));
    changePreferences({ fontSize });
    render();
  };
  render();
  const button = (label: string, text: string, by: number): HTMLButtonElement =>
    h('button', { type: 'button', class: 'button', 'aria-label': label, onclick: () => step(by) }, text);
  return h(
    'div',
    { class: 'setting' },
    h('span', { class: 'setting-label' }, 'Size of the code'),
    h('div', { class: 'stepper' }, button('Smaller', '−', -1), value, button('Larger', '+', 1)),
  );
}

function wrapRow(): HTMLElement {
  const box = h('input', {
    type: 'checkbox',
    class: 'switch',
    role: 'switch',
    checked: loadPreferences().wrap,
    onchange: () => changePreferences({ wrap: box.checked }),
  });
  return h('label', { class: 'setting' }, h('span', { class: 'setting-label' }, 'Wrap long lines'), box);
}

function shortcuts(): HTMLElement {
  const modifier = navigator.platform.startsWith('Mac') ? '⌘' : 'Ctrl';
  const rows = SHORTCUTS.map(([keys, what]) =>
    h(
      'div',
      { class: 'shortcut' },
      h('dt', {}, ...keys.split(' ').map((key) => h('kbd', {}, key === 'Mod' ? modifier : key))),
      h('dd', {}, what),
    ),
  );
  return h('section', { class: 'shortcuts' }, h('h3', {}, 'Keyboard'), h('dl', {}, ...rows));
}
