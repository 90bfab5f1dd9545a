/** The logo, alone and with the name beside it. */
import { h } from './dom.ts';
import { LOGO_MARK } from './icons.ts';

export function logoMark(): HTMLElement {
  const mark = h('span', { class: 'logo-mark' });
  mark.innerHTML = LOGO_MARK;
  return mark;
}

export function logo(): HTMLElement {
  return h('span', { class: 'logo' }, logoMark(), h('span', { class: 'logo-name' }, 'tutti'));
}
