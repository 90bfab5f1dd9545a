/** Whether the room is reachable and whether what was typed is durable there: two small signs in words. */
import type { ConnectionState } from './connection.ts';
import { fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import type { SavedState } from './saved.ts';

const SAVED_WORDS: Readonly<Record<SavedState, readonly [string, string]>> = {
  saved: ['Saved', 'Everything you typed is stored in the room.'],
  saving: ['Saving…', 'Your last changes are on their way.'],
  unsent: ['Not saved yet', 'The room does not have your last changes yet.'],
  refused: ['Not accepted', 'The room does not take your last changes.'],
};

/** Instead of the words for `unsent`, once this device has stored what was typed. */
const KEPT_WORDS = [
  'On this device',
  'Stored on this device; the room gets it when there is a connection.',
] as const;

/** The sign's word, and what it means. */
export function connectionWords(state: ConnectionState): readonly [string, string] {
  switch (state.kind) {
    case 'connecting':
      return state.again
        ? ['Reconnecting…', 'The connection to the room is being made again.']
        : ['Connecting…', 'The connection to the room is being made.'];
    case 'online':
      return state.via === 'http'
        ? ['Online (HTTP)', 'Connected over HTTP, because this network lets no WebSockets through.']
        : ['Online', 'Connected to the room.'];
    case 'offline':
      return ['Offline', 'This device has no network.'];
    case 'waiting':
      return ['Reconnecting', 'There is no connection to the room; it is tried again.'];
    case 'closed':
      return ['Disconnected', 'The room has closed the connection.'];
  }
}

export class Status {
  readonly element: HTMLElement;
  private savedState: SavedState = 'saved';
  private isKept = false;
  private readonly saved = h('span', { class: 'status saved', 'data-testid': 'saved-state' });
  private readonly connection = h('span', {
    class: 'status connection',
    role: 'status',
    'data-testid': 'connection-state',
  });

  constructor() {
    this.element = h('div', { class: 'statuses' }, this.saved, this.connection);
    this.setSaved('saved', false);
    this.setConnection({ kind: 'connecting', again: false });
  }

  /** Readers save nothing, so they are told nothing about it. */
  setSaved(state: SavedState, mayEdit: boolean): void {
    this.savedState = state;
    this.saved.hidden = !mayEdit;
    this.showSaved();
  }

  setKept(isKept: boolean): void {
    if (isKept === this.isKept) return;
    this.isKept = isKept;
    this.showSaved();
  }

  private showSaved(): void {
    const { savedState: state, isKept } = this;
    const [words, title] = state === 'unsent' && isKept ? KEPT_WORDS : SAVED_WORDS[state];
    this.saved.dataset['state'] = state;
    this.saved.dataset['kept'] = String(isKept);
    this.saved.title = title;
    fill(this.saved, icon(state === 'saved' ? icons.CHECK : icons.CLOUD, 14), h('span', {}, words));
  }

  setConnection(state: ConnectionState): void {
    const [words, title] = connectionWords(state);
    this.connection.dataset['state'] = state.kind;
    this.connection.dataset['via'] = state.kind === 'online' ? state.via : '';
    this.connection.title = title;
    // Unchanged words are not announced again.
    if (this.connection.textContent === words) return;
    fill(this.connection, h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span', {}, words));
  }
}
