/**
 * Who is here: the room's list of participants, joined with what each one's editor says of itself (colour, file
 * and cursor, by Yjs awareness). The room decides who is listed; awareness only adds to it.
 */
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import type { Participant, Role } from './wire.ts';

/** What each client says of itself in awareness. `user` is what y-codemirror.next draws cursors from. */
interface AwarenessUser {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  readonly colorLight: string;
  readonly file: string | null;
}

/** Dark enough for white text, light enough to stand out on a dark ground. */
const VOICES = [
  '#6d5ae0',
  '#0f8f7e',
  '#b8690b',
  '#c63d6f',
  '#2a74d6',
  '#4a8a2a',
  '#9a45b5',
  '#0d86a3',
  '#c4502e',
  '#7d7a12',
];

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  viewer: 'Viewer',
  editor: 'Editor',
  admin: 'Admin',
  owner: 'Owner',
};

export function roleWord(role: Role): string {
  return ROLE_WORDS[role];
}

/** The same person has the same colour for everybody. */
export function colorOf(participantId: string): string {
  let hash = 7;
  for (const character of participantId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return VOICES[hash % VOICES.length] ?? '#6d5ae0';
}

/** The first letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return (
    letters
      .map((word) => [...(word ?? '')][0] ?? '')
      .join('')
      .toUpperCase() || '?'
  );
}

export function avatar(participant: { id: string; name: string }): HTMLElement {
  const element = h('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(participant.name));
  element.style.background = colorOf(participant.id);
  return element;
}

export interface PresenceOptions {
  readonly awareness: Awareness;
  /** Opens a file where somebody is. */
  readonly onGoTo: (file: string, position: number | null) => void;
}

export class Presence {
  /** The list of the side panel. */
  readonly list = h('ul', { class: 'people', 'data-testid': 'people' });
  /** The row of avatars in the page's head. */
  readonly avatars = h('div', { class: 'avatars', role: 'img' });
  private readonly people = new Map<string, Participant>();
  private youId = '';

  constructor(private readonly options: PresenceOptions) {
    options.awareness.on('change', this.render);
  }

  /** The room's answer to who is here. */
  welcome(you: Participant, participants: readonly Participant[]): void {
    this.youId = you.id;
    this.people.clear();
    for (const participant of [you, ...participants]) this.people.set(participant.id, participant);
    const color = colorOf(you.id);
    const before = this.options.awareness.getLocalState()?.['user'] as Partial<AwarenessUser> | undefined;
    const user: AwarenessUser = {
      id: you.id,
      name: you.name,
      color,
      colorLight: `${color}38`,
      file: before?.file ?? null,
    };
    this.options.awareness.setLocalStateField('user', user);
    this.render();
  }

  put(participant: Participant): void {
    this.people.set(participant.id, participant);
    this.render();
  }

  remove(participant: Participant): void {
    this.people.delete(participant.id);
    this.render();
  }

  get(id: string): Participant | undefined {
    return this.people.get(id);
  }

  dispose(): void {
    this.options.awareness.off('change', this.render);
  }

  private readonly render = (): void => {
    const sorted = [...this.people.values()].sort(
      (a, b) => Number(b.id === this.youId) - Number(a.id === this.youId) || a.name.localeCompare(b.name),
    );
    const editors = this.editors();
    const focused = document.activeElement?.closest<HTMLElement>('[data-person]')?.dataset['person'];
    fill(this.list, ...sorted.map((person) => this.row(person, editors.get(person.id) ?? null)));
    if (focused !== undefined) this.list.querySelector<HTMLElement>(`[data-person="${focused}"]`)?.focus();
    const shown = sorted.slice(0, 4);
    fill(
      this.avatars,
      ...shown.map((person) => avatar(person)),
      sorted.length > shown.length && h('span', { class: 'avatar more' }, `+${sorted.length - shown.length}`),
    );
    const names = sorted.map((person) => person.name).join(', ');
    this.avatars.setAttribute('aria-label', `Here now: ${names}`);
    this.avatars.title = names;
  };

  /** Each person's editor: of several tabs, or one that has just gone without a word, the one heard of last. */
  private editors(): Map<string, { clientId: number; file: string }> {
    const { awareness } = this.options;
    const heard = (clientId: number): number =>
      clientId === awareness.clientID ? Infinity : (awareness.meta.get(clientId)?.lastUpdated ?? 0);
    const states = [...awareness.getStates()].sort(([a], [b]) => heard(a) - heard(b));
    const found = new Map<string, { clientId: number; file: string }>();
    for (const [clientId, state] of states) {
      const user = state['user'] as Partial<AwarenessUser> | undefined;
      if (typeof user?.id !== 'string' || typeof user.file !== 'string') continue;
      found.set(user.id, { clientId, file: user.file });
    }
    return found;
  }

  private row(person: Participant, editor: { clientId: number; file: string } | null): HTMLElement {
    const isYou = person.id === this.youId;
    const name = h(
      'span',
      { class: 'person-name' },
      person.name,
      isYou && h('span', { class: 'you' }, ' (you)'),
    );
    const where = editor === null ? roleWord(person.role) : `${roleWord(person.role)} · ${editor.file}`;
    const content = [
      avatar(person),
      h('span', { class: 'person-text' }, name, h('span', { class: 'person-where' }, where)),
      person.role === 'viewer' && icon(icons.EYE, 14),
    ];
    if (isYou || editor === null) return h('li', { class: 'person' }, ...content);
    const goTo = (): void => this.options.onGoTo(editor.file, this.positionOf(editor.clientId));
    return h(
      'li',
      {},
      h(
        'button',
        {
          type: 'button',
          class: 'person',
          'data-person': person.id,
          'aria-label': `${person.name}, ${where}. Go to their place`,
          onclick: goTo,
        },
        ...content,
      ),
    );
  }

  private positionOf(clientId: number): number | null {
    const cursor = this.options.awareness.getStates().get(clientId)?.['cursor'] as
      { head?: unknown } | null | undefined;
    if (cursor?.head === undefined) return null;
    const relative = Y.createRelativePositionFromJSON(cursor.head);
    return Y.createAbsolutePositionFromRelativePosition(relative, this.options.awareness.doc)?.index ?? null;
  }
}
