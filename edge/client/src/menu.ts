/** A menu at a button: arrow keys move, Escape and a click elsewhere close. */
import { h } from './dom.ts';

export interface MenuItem {
  readonly label: string;
  readonly testId: string;
  readonly isDanger?: boolean;
  readonly work: () => void;
}

const WIDTH_PX = 220;
const GAP_PX = 4;

export function openMenu(anchor: HTMLElement, label: string, items: readonly MenuItem[]): void {
  const buttons = items.map((item) => itemButton(item, () => menu.hidePopover()));
  const menu = h('div', { class: 'menu', role: 'menu', popover: 'auto', 'aria-label': label }, ...buttons);
  menu.addEventListener('toggle', (event) => {
    if ((event as ToggleEvent).newState === 'closed') menu.remove();
  });
  menu.addEventListener('keydown', (event) => moveFocus(event, buttons));
  document.body.append(menu);
  menu.showPopover();
  place(menu, anchor);
  buttons[0]?.focus();
}

function itemButton(item: MenuItem, close: () => void): HTMLButtonElement {
  const onclick = (): void => {
    close();
    item.work();
  };
  const kind = item.isDanger === true ? 'menu-item danger' : 'menu-item';
  return h(
    'button',
    { type: 'button', role: 'menuitem', class: kind, 'data-testid': item.testId, onclick },
    item.label,
  );
}

function moveFocus(event: KeyboardEvent, buttons: readonly HTMLButtonElement[]): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const now = buttons.findIndex((button) => button === document.activeElement);
  buttons[(now + step + buttons.length) % buttons.length]?.focus();
}

/** Below the button, and never beyond the window. */
function place(menu: HTMLElement, anchor: HTMLElement): void {
  const box = anchor.getBoundingClientRect();
  menu.style.top = `${Math.min(box.bottom + GAP_PX, window.innerHeight - menu.offsetHeight - GAP_PX)}px`;
  menu.style.left = `${Math.max(GAP_PX, Math.min(box.left, window.innerWidth - WIDTH_PX))}px`;
}
