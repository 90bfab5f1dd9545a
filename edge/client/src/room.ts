/**
 * The room page: connects the parts and passes events between them. Each part draws itself; this module only
 * decides who hears what.
 */
import * as Y from 'yjs';
import type { Admission } from './admission.ts';
import * as api from './api.ts';
import { Chat } from './chat.ts';
import { Connection } from './connection.ts';
import { notice } from './dialogs.ts';
import { fill, h, icon } from './dom.ts';
import { Editor } from './editor.ts';
import { Files } from './files.ts';
import * as icons from './icons.ts';
import { extensionOf, runnable } from './languages.ts';
import { Layout } from './layout.ts';
import { Output } from './output.ts';
import { Presence, roleWord } from './presence.ts';
import { showRefusal } from './refusal.ts';
import { Runbar } from './runbar.ts';
import { Runs, type RunChange } from './runs.ts';
import { openSettings } from './settings.ts';
import { openShare } from './share.ts';
import { EmptyRoom, startFromAddress } from './starter.ts';
import { Status } from './status.ts';
import { StdinField } from './stdin.ts';
import { rememberedRoom, rememberRoom } from './storage.ts';
import { Tabs } from './tabs.ts';
import type { LanguageInfo, Rights, Role, RoomEvent, Run } from './wire.ts';

export class RoomPage {
  readonly layout: Layout;
  private readonly doc = new Y.Doc();
  private readonly files = new Files(this.doc);
  private readonly runs = new Runs();
  private readonly output = new Output(this.runs);
  private readonly status = new Status();
  private readonly stdin = new StdinField();
  private readonly banner = h('div', { class: 'banner', hidden: true, 'data-testid': 'read-only' });
  private readonly connection: Connection;
  private readonly presence: Presence;
  private readonly chat: Chat;
  private readonly editor: Editor;
  private readonly runbar: Runbar;
  private readonly empty: EmptyRoom;
  private readonly tabs: Tabs;
  /** As the token says, until the room itself says it with `room:welcome`. */
  private rights: Rights;
  private role: Role;
  private youId: string;
  private languages: readonly LanguageInfo[] = [];
  private activePath: string | null = null;
  private synced = false;

  constructor(private readonly admission: Admission) {
    ({ rights: this.rights, role: this.role, participantId: this.youId } = admission.granted);
    this.connection = new Connection(this.doc, admission, {
      onEvent: (event) => this.heard(event),
      onState: (state) => this.status.setConnection(state),
      onSaved: (state) => this.status.setSaved(state, this.rights.edit),
      onSynced: () => this.becameSynced(),
      onRefused: (code, reason) => this.refused(code, reason),
    });
    const { awareness } = this.connection.provider;
    this.presence = new Presence({ awareness, onGoTo: (file, position) => this.goTo(file, position) });
    this.chat = new Chat({
      send: (event) => this.connection.send(event),
      nameOf: (id) => this.presence.get(id)?.name,
      isVisible: () => this.layout.isVisible('chat'),
      onUnread: (count) => this.layout.setUnread(count),
    });
    this.tabs = new Tabs({
      files: this.files,
      onSelect: (path) => this.open(path, false),
      onRenamed: (_from, to) => this.open(to, false),
      suggestedExtension: () => extensionOf(this.activePath ?? ''),
    });
    this.empty = new EmptyRoom(this.files, (path) => this.open(path, true));
    this.runbar = new Runbar({
      roomId: admission.roomId,
      token: () => this.token(),
      settled: (patienceMs) => this.connection.settled(patienceMs),
      stdin: () => this.stdin.value,
      onStarted: (run) => this.started(run),
    });
    const host = h('div', { class: 'editor-host' });
    const editor = { label: 'Code of', onRun: () => void this.runbar.run() };
    this.editor = new Editor(host, awareness, editor, !this.rights.edit);
    this.layout = this.makeLayout(host);
  }

  /** Called once the page is in the document. */
  start(): void {
    this.files.observe(() => this.filesChanged());
    window.addEventListener('keydown', (event) => this.keyPressed(event));
    window.addEventListener('beforeunload', (event) => this.leaving(event));
    document.addEventListener('visibilitychange', () => this.layout.isVisible('chat') && this.chat.read());
    this.layout.setRoom(rememberedRoom(this.admission.roomId)?.name ?? 'Room', null);
    this.rightsChanged();
    void this.loadName();
    void this.loadLanguages();
  }

  private makeLayout(host: HTMLElement): Layout {
    const label = {
      class: 'editor',
      id: 'editor-panel',
      role: 'tabpanel',
      'aria-label': 'Editor',
      'data-testid': 'editor',
    };
    return new Layout({
      status: this.status.element,
      avatars: this.presence.avatars,
      tabs: this.tabs.element,
      runbar: this.runbar.element,
      banner: this.banner,
      editor: h('div', label, host, this.empty.element),
      output: this.output.element,
      outputTools: [this.output.picker, this.output.copyButton],
      stdin: this.stdin.element,
      people: this.presence.list,
      chat: this.chat.element,
      onSettings: openSettings,
      onShare: () => openShare({ roomId: this.admission.roomId, role: this.role, token: () => this.token() }),
      onView: (view) => {
        if (view === 'chat') this.chat.read();
      },
    });
  }

  private heard(event: RoomEvent): void {
    switch (event.type) {
      case 'room:welcome':
        return this.welcomed(event);
      case 'participant:joined':
      case 'participant:updated':
        return this.presence.put(event.participant);
      case 'participant:left':
        return this.presence.remove(event.participant);
      case 'chat:message':
        return this.chat.receive(event.message, event.message.authorId === this.youId);
      case 'typing':
        return event.participantId === this.youId
          ? undefined
          : this.chat.setTyping(event.participantId, event.typing);
      case 'error':
        return notice(api.explain(new api.ApiError(event.error.code, event.error.message)), 'error');
      default:
        return this.ran(this.runs.apply(event));
    }
  }

  private welcomed(event: Extract<RoomEvent, { type: 'room:welcome' }>): void {
    this.rights = event.rights;
    this.role = event.role;
    this.youId = event.you.id;
    this.presence.welcome(event.you, event.participants);
    this.chat.welcome(event.chat);
    this.runs.welcome(event.runs);
    this.output.welcome();
    this.rightsChanged();
  }

  private ran(change: RunChange | null): void {
    if (change === null) return;
    this.output.apply(change);
    if (change.kind === 'output') this.layout.setNewOutput(true);
    else this.renderRunbar();
  }

  private started(run: Run): void {
    this.output.followNewest();
    this.ran(this.runs.add(run));
    this.layout.showOutput();
  }

  private becameSynced(): void {
    this.synced = true;
    this.filesChanged();
    if (!this.rights.edit) return;
    startFromAddress(this.files, (path) => this.open(path, true)).catch((error: unknown) =>
      notice(api.explain(error), 'error'),
    );
  }

  private filesChanged(): void {
    const paths = this.files.paths();
    const gone = this.activePath === null || !paths.includes(this.activePath);
    if (gone) this.activePath = paths[0] ?? null;
    this.editor.show(this.activePath, this.activePath === null ? null : this.files.text(this.activePath));
    this.tabs.render(this.activePath, this.rights.edit);
    this.empty.render(this.synced, this.rights.edit);
    this.renderRunbar();
  }

  private open(path: string, focus: boolean): void {
    if (this.files.text(path) === null) return;
    this.activePath = path;
    this.filesChanged();
    this.layout.show('code');
    if (focus) this.editor.focus();
  }

  private goTo(file: string, position: number | null): void {
    this.open(file, false);
    if (position !== null && this.activePath === file) this.editor.reveal(position);
  }

  private rightsChanged(): void {
    const { edit, run } = this.rights;
    this.editor.setReadOnly(!edit);
    this.status.setSaved(this.connection.saved, edit);
    this.banner.hidden = edit;
    const also = run
      ? 'You can run the files, and chat.'
      : 'You see every change and every run, and you can chat.';
    fill(
      this.banner,
      icon(icons.EYE),
      h('span', {}, `You are viewing. ${also} To edit, ask the owner for another link.`),
    );
    this.layout.setRole(roleWord(this.role));
    this.filesChanged();
  }

  private renderRunbar(): void {
    this.runbar.render({
      rights: this.rights,
      languages: this.languages,
      paths: this.files.paths(),
      activePath: this.activePath,
      activeRun: this.runs.active()?.run ?? null,
    });
  }

  private async loadName(): Promise<void> {
    const { roomId } = this.admission;
    try {
      const { room } = await api.room(roomId, await this.token());
      rememberRoom(roomId, { name: room.name });
      this.layout.setRoom(room.name, room.expiresAt ?? null);
    } catch {
      // The room works without its name; the next visit asks again.
    }
  }

  private async loadLanguages(): Promise<void> {
    try {
      this.languages = await runnable();
      this.renderRunbar();
    } catch (error) {
      notice(api.explain(error), 'error');
      setTimeout(() => void this.loadLanguages(), 10_000);
    }
  }

  private async token(): Promise<string> {
    return (await this.admission.token()).token;
  }

  /** The text stays on screen, to be copied, but nothing typed now would reach anybody. */
  private refused(code: number, reason: string): void {
    this.rights = { ...this.rights, edit: false, run: false };
    this.editor.setReadOnly(true);
    this.renderRunbar();
    showRefusal(code, reason);
  }

  /** The editor has the same shortcut for itself; dialogs have none. */
  private keyPressed(event: KeyboardEvent): void {
    const isRun = event.key === 'Enter' && (event.ctrlKey || event.metaKey);
    if (!isRun || event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
    event.preventDefault();
    void this.runbar.run();
  }

  private leaving(event: BeforeUnloadEvent): void {
    if (this.connection.saved !== 'saved' && this.rights.edit) event.preventDefault();
  }
}
