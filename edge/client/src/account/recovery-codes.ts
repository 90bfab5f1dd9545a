/** Shows recovery codes, once, to be stored away from the phone. */
import { h, icon } from '../dom.ts';
import * as icons from '../icons.ts';
import { showOnce } from './ask.ts';
import { Answer, copyButton, saveFile } from './parts.ts';

const FILE = 'tutti-recovery-codes.txt';

export function showRecoveryCodes(codes: readonly string[]): Promise<void> {
  const text = `${codes.join('\n')}\n`;
  const answer = new Answer();
  const save = (): void => saveFile(new Blob([text], { type: 'text/plain' }), FILE);
  return showOnce({
    title: 'Your recovery codes',
    done: 'I have stored them',
    testId: 'recovery-codes-dialog',
    body: [
      h(
        'p',
        { class: 'dialog-about' },
        'If you lose your phone, each of these logs you in once. Store them where you keep your passwords: they are not shown again.',
      ),
      h(
        'ul',
        { class: 'recovery-codes mono', 'aria-label': 'Recovery codes' },
        ...codes.map((code) => h('li', { 'data-testid': 'recovery-code' }, code)),
      ),
      h(
        'div',
        { class: 'account-actions' },
        copyButton('Copy all', text, answer),
        h(
          'button',
          { type: 'button', class: 'button', 'data-testid': 'download-codes', onclick: save },
          icon(icons.DOWN),
          'Download',
        ),
      ),
      answer.element,
    ],
  });
}
