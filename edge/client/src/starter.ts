/** What an empty room shows, and how it gets its first file: a language's hello world. */
import { explain } from './api.ts';
import { fill, h, icon } from './dom.ts';
import { freePath, type Files } from './files.ts';
import * as icons from './icons.ts';
import { runnable } from './languages.ts';
import type { LanguageInfo } from './wire.ts';

/** Inserts a language's hello world as its entry file and answers its path. */
export function insertHello(files: Files, language: LanguageInfo): string {
  const path = freePath(language.entry, files.paths());
  files.add(path, language.helloWorld);
  return path;
}

/**
 * Obeys `?start=LANGUAGE` once: only in a room that is empty and synced, and only for who may edit. The parameter
 * leaves the address, so that a reload after the last file's deletion starts nothing.
 */
export async function startFromAddress(files: Files, onFile: (path: string) => void): Promise<void> {
  const address = new URL(location.href);
  const wanted = address.searchParams.get('start');
  if (wanted === null) return;
  address.searchParams.delete('start');
  history.replaceState(history.state, '', address);
  const language = (await runnable()).find(({ id }) => id === wanted);
  if (language !== undefined && files.paths().length === 0) onFile(insertHello(files, language));
}

export class EmptyRoom {
  readonly element = h('div', { class: 'empty-room', 'data-testid': 'empty-room', hidden: true });

  constructor(
    private readonly files: Files,
    private readonly onFile: (path: string) => void,
  ) {}

  /**
   * `synced` is false until the room has said what it holds: before that nothing is known to be empty.
   * `isAway`: the room cannot be reached, so that may take long.
   */
  render(synced: boolean, mayEdit: boolean, isAway: boolean): void {
    this.element.hidden = this.files.paths().length > 0;
    if (this.element.hidden) return;
    if (!synced && isAway) {
      return fill(
        this.element,
        h('h2', {}, 'Not on this device yet'),
        h('p', {}, 'The text of this room appears as soon as the room can be reached.'),
      );
    }
    if (!synced)
      return fill(
        this.element,
        h('span', { class: 'spinner large', role: 'img', 'aria-label': 'Opening the room' }),
      );
    if (!mayEdit) {
      return fill(
        this.element,
        h('h2', {}, 'Nothing here yet'),
        h('p', {}, 'Files appear here as soon as somebody adds one.'),
      );
    }
    const buttons = h('div', { class: 'language-buttons' });
    fill(
      this.element,
      h('h2', {}, 'Start with a language'),
      h('p', {}, 'You get a small program that runs. Others in the room see it at once.'),
      buttons,
    );
    void this.fillButtons(buttons);
  }

  private async fillButtons(buttons: HTMLElement): Promise<void> {
    try {
      const languages = await runnable();
      fill(buttons, ...languages.map((language) => this.button(language)));
    } catch (error) {
      const again = h(
        'button',
        { type: 'button', class: 'button', onclick: () => void this.fillButtons(buttons) },
        'Try again',
      );
      fill(buttons, h('p', { class: 'field-error', role: 'alert' }, explain(error)), again);
    }
  }

  private button(language: LanguageInfo): HTMLElement {
    return h(
      'button',
      {
        type: 'button',
        class: 'language-button',
        'data-testid': `start-${language.id}`,
        onclick: () => this.onFile(insertHello(this.files, language)),
      },
      h('strong', {}, language.name),
      h('span', {}, language.entry),
      icon(icons.PLUS),
    );
  }
}
