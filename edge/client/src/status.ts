/** Whether the room is reachable and whether what was typed is durable there: two small signs in words. */
import type { ConnectionState } from './connection.ts';
import { fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import type { SavedState } from './saved.ts';

const CONNECTION_WORDS: Readonly<Record<ConnectionState, readonly [string, string]>> = {
  connecting: ['Connecting…', 'The connection to the room is being made.'],
  online: ['Online', 'Connected to the room.'],
  offline: ['Offline', 'No connection. You can go on typing: it is sent when the connection is back.'],
};

const SAVED_WORDS: Readonly<Record<SavedState, readonly [string, string]>> = {
  saved: ['Saved', 'Everything you typed is stored in the room.'],
  saving: ['Saving…', 'Your last changes are on their way.'],
  unsent: ['Not saved yet', 'Your last changes are only in this tab. Keep it open.'],
};

export class Status {
  readonly element: HTMLElement;
  private readonly saved = h('span', { class: 'status saved', 'data-testid': 'saved-state' });
  private readonly connection = h('span', {
    class: 'status connection',
    role: 'status',
    'data-testid': 'connection-state',
  });

  constructor() {
    this.element = h('div', { class: 'statuses' }, this.saved, this.connection);
    this.setSaved('saved', false);
    this.setConnection('connecting');
  }

  /** Readers save nothing, so they are told nothing about it. */
  setSaved(state: SavedState, mayEdit: boolean): void {
    const [words, title] = SAVED_WORDS[state];
    this.saved.hidden = !mayEdit;
    this.saved.dataset['state'] = state;
    this.saved.title = title;
    fill(this.saved, icon(state === 'saved' ? icons.CHECK : icons.CLOUD, 14), h('span', {}, words));
  }

  setConnection(state: ConnectionState): void {
    const [words, title] = CONNECTION_WORDS[state];
    this.connection.dataset['state'] = state;
    this.connection.title = title;
    fill(this.connection, h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span', {}, words));
  }
}
