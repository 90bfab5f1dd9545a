/**
 * The people in the room: who is here, what they say, and whom one follows. Passes the room's events to the parts
 * that show them.
 */
import type { Awareness } from 'y-protocols/awareness';
import * as api from './api.ts';
import { Chat } from './chat.ts';
import type { ConnectionState } from './connection.ts';
import { notice } from './dialogs.ts';
import type { Editor } from './editor.ts';
import { Following } from './following.ts';
import { notifyOutside } from './notifications.ts';
import { Presence } from './presence.ts';
import type { ChatMessage, ClientEvent, RoomEvent } from './wire.ts';

export interface CompanyOptions {
  readonly roomId: string;
  readonly awareness: Awareness;
  readonly send: (event: ClientEvent) => boolean;
  readonly token: () => Promise<string>;
  readonly editor: () => Editor;
  /** Around the editor. */
  readonly host: HTMLElement;
  readonly isChatVisible: () => boolean;
  readonly onUnread: (count: number, mentions: number) => void;
  readonly showChat: () => void;
  readonly onOpen: (file: string) => void;
}

const QUOTED_MAX_CHARS = 80;

export class Company {
  readonly presence: Presence;
  readonly chat: Chat;
  readonly following: Following;

  constructor(
    private readonly options: CompanyOptions,
    private youId: string,
  ) {
    const { awareness, roomId, send, token } = options;
    const nameOf = (id: string): string | undefined => this.presence.get(id)?.name;
    this.presence = new Presence({
      awareness,
      onFollow: (id) => this.following.toggle(id),
      followed: () => this.following.id,
    });
    this.following = new Following({
      ...{ awareness, nameOf, editor: options.editor, host: options.host, onOpen: options.onOpen },
      youId: () => this.youId,
      onChange: () => this.presence.render(),
    });
    this.chat = new Chat({
      ...{ send, nameOf, isVisible: options.isChatVisible, onUnread: options.onUnread },
      onMention: (message) => this.announce(message),
      older: async (before) => (await api.olderChat(roomId, before, await token())).items,
      people: () => this.presence.everyone,
      youId: () => this.youId,
    });
  }

  nameOf(participantId: string): string | undefined {
    return this.presence.get(participantId)?.name;
  }

  welcome(event: Extract<RoomEvent, { type: 'room:welcome' }>): void {
    this.youId = event.you.id;
    this.presence.welcome(event.you, event.participants);
    this.chat.welcome(event.chat);
  }

  /** False for an event that is not about people. */
  heard(event: RoomEvent): boolean {
    switch (event.type) {
      case 'participant:joined':
      case 'participant:updated':
        this.presence.put(event.participant);
        return true;
      case 'participant:left':
        this.left(event.participant.id, event.participant.name);
        return true;
      case 'chat:message':
        this.chat.receive(event.message, event.message.authorId === this.youId);
        return true;
      case 'chat:mention':
        this.chat.mentioned(event.message);
        return true;
      case 'room:erased':
        this.chat.rename(event.authorId, event.name);
        return true;
      case 'typing':
        if (event.participantId !== this.youId) this.chat.setTyping(event.participantId, event.typing);
        return true;
      default:
        return false;
    }
  }

  /** Without a connection nobody can be said to be there; one that is being made again is too short to say so. */
  connectionChanged({ kind }: ConnectionState): void {
    if (kind === 'offline' || kind === 'waiting' || kind === 'closed') this.presence.alone();
  }

  dispose(): void {
    this.following.dispose();
    this.presence.dispose();
  }

  private left(id: string, name: string): void {
    if (this.following.id === id) {
      this.following.stop();
      notice(`${name} has left the room.`);
    }
    this.presence.remove(id);
  }

  private announce(message: ChatMessage): void {
    const { authorName, text, id } = message;
    const show = (): void => {
      this.options.showChat();
      this.chat.reveal(id);
    };
    const words = text.length > QUOTED_MAX_CHARS ? `${text.slice(0, QUOTED_MAX_CHARS)}…` : text;
    const action = { label: 'Show', testId: 'show-mention', work: show };
    notice(`${authorName} mentioned you: ${words}`, 'info', action);
    notifyOutside(`${authorName} mentioned you`, text, show);
  }
}
