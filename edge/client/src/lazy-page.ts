/** Pages that few people open: their code is loaded when they are. */
import { fill, h } from './dom.ts';
import { logo } from './logo.ts';

/** Shows that the page is on its way, and offers to try again if its code does not come. */
export async function openLazily(root: HTMLElement, open: () => Promise<void>): Promise<void> {
  const spinner = h('span', { class: 'spinner large', role: 'img', 'aria-label': 'Opening the page' });
  fill(root, h('div', { class: 'opening' }, spinner));
  try {
    await open();
  } catch {
    const again = (): void => void openLazily(root, open);
    fill(
      root,
      h(
        'main',
        { class: 'not-opened' },
        logo(),
        h('h1', {}, 'The page could not be opened'),
        h('p', { role: 'alert' }, 'Tutti cannot be reached. Check your connection and try again.'),
        h(
          'div',
          { class: 'dialog-actions' },
          h('a', { class: 'button', href: '/' }, 'Start page'),
          h('button', { type: 'button', class: 'button primary', onclick: again }, 'Try again'),
        ),
      ),
    );
  }
}
