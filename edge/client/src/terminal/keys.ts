/** The keys that a phone's keyboard lacks, as a row of buttons under the screen. */
import { h } from '../dom.ts';

/** What a key is called, for assistive technology too, and what it sends. */
const KEYS: readonly (readonly [string, string, string])[] = [
  ['Esc', 'Escape', '\x1b'],
  ['Tab', 'Tab', '\t'],
  ['^C', 'Control C: interrupt', '\x03'],
  ['^D', 'Control D: end of input', '\x04'],
  ['↑', 'Up', '\x1b[A'],
  ['↓', 'Down', '\x1b[B'],
  ['←', 'Left', '\x1b[D'],
  ['→', 'Right', '\x1b[C'],
];

export function terminalKeys(onKey: (sequence: string) => void): HTMLElement {
  const buttons = KEYS.map(([name, label, sequence]) => {
    const button = h(
      'button',
      { type: 'button', class: 'terminal-key', 'aria-label': label, onclick: () => onKey(sequence) },
      name,
    );
    // The focus stays in the terminal, and with it the phone's keyboard on the screen.
    button.addEventListener('pointerdown', (event) => event.preventDefault());
    button.addEventListener('mousedown', (event) => event.preventDefault());
    return button;
  });
  return h(
    'div',
    { class: 'terminal-keys', role: 'toolbar', 'aria-label': 'Keys of the terminal', hidden: true },
    ...buttons,
  );
}
