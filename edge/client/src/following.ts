/**
 * Following somebody: the view goes where theirs goes, until the person does something of their own. And being
 * followed: this editor says what part of its file it shows, for as long as somebody wants to know.
 */
import { EditorView } from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { cursorOf, editorsOf, topOf } from './awareness-view.ts';
import { fill, h, icon } from './dom.ts';
import type { Editor } from './editor.ts';
import * as icons from './icons.ts';
import { colorOf } from './presence.ts';

export interface FollowingOptions {
  readonly awareness: Awareness;
  readonly editor: () => Editor;
  /** Around the editor: what the person does in here ends the following. */
  readonly host: HTMLElement;
  readonly youId: () => string;
  readonly nameOf: (participantId: string) => string | undefined;
  /** Shows a file. */
  readonly onOpen: (file: string) => void;
  /** The following has begun or ended. */
  readonly onChange: () => void;
}

/** A view that scrolls says where it is at most this often. */
const SAY_MS = 150;
const MARGIN_PX = 60;
/** A line of which no more is to be seen is not the first one. */
const SLIVER_PX = 6;
const MODIFIERS: ReadonlySet<string> = new Set(['Shift', 'Control', 'Alt', 'Meta', 'CapsLock']);

export class Following {
  /** Lies over the editor while somebody is followed. */
  readonly element = h('div', { class: 'following', hidden: true, 'data-testid': 'following' });
  private followed: string | null = null;
  /** What has been shown of the followed one, so that the same is not shown again. */
  private shown = '';
  private saying: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly options: FollowingOptions) {
    options.awareness.on('change', this.heard);
    for (const event of ['wheel', 'pointerdown', 'touchmove', 'keydown']) {
      options.host.addEventListener(event, this.acted, { passive: true });
    }
    // Scrolling does not bubble.
    options.host.addEventListener('scroll', () => this.saySoon(), { capture: true, passive: true });
    window.addEventListener('keydown', this.escaped);
  }

  get id(): string | null {
    return this.followed;
  }

  /** Follows somebody, or no longer if they are followed already. */
  toggle(id: string): void {
    if (this.followed === id) return this.stop();
    this.followed = id;
    this.shown = '';
    this.options.awareness.setLocalStateField('following', id);
    this.render();
    this.options.onChange();
    this.go();
  }

  stop(): void {
    if (this.followed === null) return;
    this.followed = null;
    this.options.awareness.setLocalStateField('following', null);
    this.render();
    this.options.onChange();
  }

  dispose(): void {
    this.options.awareness.off('change', this.heard);
    window.removeEventListener('keydown', this.escaped);
    if (this.saying !== null) clearTimeout(this.saying);
  }

  private readonly heard = (): void => {
    this.go();
    this.saySoon();
  };

  private readonly acted = (event: Event): void => {
    if (event instanceof KeyboardEvent && MODIFIERS.has(event.key)) return;
    this.stop();
  };

  private readonly escaped = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) this.stop();
  };

  /** Shows what the followed one sees. */
  private go(): void {
    if (this.followed === null) return;
    const { awareness } = this.options;
    const leader = editorsOf(awareness).get(this.followed);
    // They may be on their way back after a lost connection.
    if (leader === undefined) return;
    const cursor = cursorOf(awareness, leader.clientId);
    const top = topOf(awareness, leader.clientId, leader.file);
    const place = JSON.stringify([leader.file, top, cursor]);
    if (place === this.shown) return;
    this.shown = place;
    this.options.onOpen(leader.file);
    this.scroll(top, cursor);
  }

  /** Their first line comes first here too; in a smaller window their cursor matters more. */
  private scroll(top: number | null, cursor: number | null): void {
    const { view } = this.options.editor();
    const end = view.state.doc.length;
    const effects = [];
    if (top !== null) effects.push(EditorView.scrollIntoView(Math.min(top, end), { y: 'start', yMargin: 0 }));
    else if (cursor !== null) effects.push(EditorView.scrollIntoView(Math.min(cursor, end), { y: 'center' }));
    view.dispatch({ effects });
    if (top === null || cursor === null) return;
    const nearest = EditorView.scrollIntoView(Math.min(cursor, end), { y: 'nearest', yMargin: MARGIN_PX });
    view.dispatch({ effects: nearest });
  }

  private saySoon(): void {
    this.saying ??= setTimeout(() => {
      this.saying = null;
      this.say();
    }, SAY_MS);
  }

  /** Says what this editor shows, if anybody wants to know. */
  private say(): void {
    const { awareness } = this.options;
    const isWanted = [...editorsOf(awareness).values()].some(
      ({ following }) => following === this.options.youId(),
    );
    const before: unknown = awareness.getLocalState()?.['viewport'] ?? null;
    const now = isWanted ? this.viewport() : null;
    if (JSON.stringify(before) !== JSON.stringify(now)) awareness.setLocalStateField('viewport', now);
  }

  private viewport(): object | null {
    const shown = this.options.editor().shown;
    if (shown === null) return null;
    const { view } = this.options.editor();
    const height = view.scrollDOM.scrollTop - view.documentPadding.top + SLIVER_PX;
    const top = view.lineBlockAtHeight(height).from;
    return {
      file: shown.path,
      top: Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(shown.text, top)),
    };
  }

  private render(): void {
    this.element.hidden = this.followed === null;
    if (this.followed === null) return;
    this.element.style.setProperty('--voice', colorOf(this.followed));
    const name = this.options.nameOf(this.followed) ?? 'somebody';
    const stop = {
      type: 'button',
      class: 'following-stop',
      title: 'Stop following (Escape)',
      onclick: () => this.stop(),
    };
    fill(
      this.element,
      h(
        'div',
        { class: 'following-label' },
        h('span', { role: 'status' }, `Following ${name}`),
        h('button', { ...stop, 'data-testid': 'stop-following' }, 'Stop', icon(icons.CLOSE, 12)),
      ),
    );
  }
}
