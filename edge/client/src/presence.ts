/**
 * Who is here: the room's list of participants, joined with what each one's editor says of itself (colour, file
 * and cursor, by Yjs awareness). The room decides who is listed; awareness only adds to it.
 */
import { removeAwarenessStates, type Awareness } from 'y-protocols/awareness';
import { clientsOf, editorsOf, type RemoteEditor } from './awareness-view.ts';
import { fill, h, icon } from './dom.ts';
import * as icons from './icons.ts';
import type { Participant, Role } from './wire.ts';

/** What each client says of itself in awareness, beside what awareness-view.ts reads. `user` is what y-codemirror.next draws cursors from. */
interface AwarenessUser {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  readonly colorLight: string;
  readonly file: string | null;
}

/** Dark enough for white text, light enough to stand out on a dark ground. */
export const VOICES: readonly string[] = [
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

const RENDER_MS = 100;

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
  /** Follows somebody's view, or no longer. */
  readonly onFollow: (participantId: string) => void;
  /** Who is followed. */
  readonly followed: () => string | null;
}

export class Presence {
  /** The list of the side panel. */
  readonly list = h('ul', { class: 'people', 'data-testid': 'people' });
  /** The row of avatars in the page's head. */
  readonly avatars = h('div', { class: 'avatars', role: 'img' });
  private readonly people = new Map<string, Participant>();
  private youId = '';
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly options: PresenceOptions) {
    options.awareness.on('change', this.renderSoon);
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

  /** Gone from the list, and from the text: a cursor that nobody moves any more would be a ghost. */
  remove(id: string): void {
    this.people.delete(id);
    const { awareness } = this.options;
    removeAwarenessStates(awareness, clientsOf(awareness, id), 'participant left');
    this.render();
  }

  /** There is no connection: who is there now is not known. */
  alone(): void {
    for (const id of this.people.keys()) if (id !== this.youId) this.people.delete(id);
    this.render();
  }

  /** Everybody who is here, oneself included. */
  get everyone(): Participant[] {
    return [...this.people.values()];
  }

  get(id: string): Participant | undefined {
    return this.people.get(id);
  }

  dispose(): void {
    this.options.awareness.off('change', this.renderSoon);
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /** In a crowd somebody moves at any moment; the list need not follow each step. */
  private readonly renderSoon = (): void => {
    this.timer ??= setTimeout(() => this.render(), RENDER_MS);
  };

  readonly render = (): void => {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const sorted = [...this.people.values()].sort(
      (a, b) => Number(b.id === this.youId) - Number(a.id === this.youId) || a.name.localeCompare(b.name),
    );
    const editors = editorsOf(this.options.awareness);
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

  private row(person: Participant, editor: RemoteEditor | null): HTMLElement {
    const isYou = person.id === this.youId;
    const name = h(
      'span',
      { class: 'person-name' },
      person.name,
      isYou && h('span', { class: 'you' }, ' (you)'),
    );
    const where = [
      roleWord(person.role),
      editor?.file,
      !isYou && editor?.following === this.youId && 'follows you',
    ];
    const words = where.filter(Boolean).join(' · ');
    const content = [
      avatar(person),
      h('span', { class: 'person-text' }, name, h('span', { class: 'person-where', title: words }, words)),
      person.role === 'viewer' && icon(icons.EYE, 14),
    ];
    if (isYou || editor === null) return h('li', { class: 'person' }, ...content);
    const isFollowed = this.options.followed() === person.id;
    const attributes = {
      type: 'button',
      class: 'person',
      'data-person': person.id,
      'aria-pressed': String(isFollowed),
      'aria-label': `${person.name}, ${words}. Follow`,
      title: isFollowed ? 'Stop following' : `Follow ${person.name}`,
      onclick: () => this.options.onFollow(person.id),
    };
    return h('li', {}, h('button', attributes, ...content));
  }
}
