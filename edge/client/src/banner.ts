/**
 * The line above the code that says why one cannot type: viewing only, a copy of a room that is closed to one, or a
 * page that the room has cut off.
 */
import { fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import type { Rights } from './wire.ts';

export class Banner {
  readonly element = h('div', { class: 'banner', hidden: true, 'data-testid': 'read-only' });

  /** `isCopy`: the room itself is closed to the person. `showRefusal`: the room has cut the page off; says why. */
  render(rights: Rights, isCopy: boolean, showRefusal: (() => void) | null): void {
    this.element.hidden = rights.edit && !isCopy;
    const words = isCopy ? COPY_WORDS : showRefusal !== null ? CUT_OFF_WORDS : viewingWords(rights);
    const attributes = { type: 'button', class: 'button small', 'data-testid': 'why', onclick: showRefusal };
    fill(
      this.element,
      icon(icons.EYE),
      h('span', {}, words),
      showRefusal !== null && h('button', attributes, 'What now?'),
    );
  }
}

const CUT_OFF_WORDS = 'The room has closed the connection of this page: nothing here reaches it any more.';

const COPY_WORDS =
  'The room is not open to you any more. This is the copy that this device has kept: you can read it, not change it.';

function viewingWords({ run }: Rights): string {
  const also = run
    ? 'You can run the files, and chat.'
    : 'You see every change and every run, and you can chat.';
  return `You are viewing. ${also} To edit, ask the owner for another link.`;
}
