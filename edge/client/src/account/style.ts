/** Adds the style sheet of the account's dialogs and page, once, when one is first opened. */
import { h } from '../dom.ts';
import accountStyle from '../styles/account.css' with { type: 'text' };

const ID = 'account-style';

export function addAccountStyle(): void {
  if (document.getElementById(ID) === null) document.head.append(h('style', { id: ID }, accountStyle));
}
