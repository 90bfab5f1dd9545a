/**
 * The room page: connects the parts and passes events between them. Each part draws itself; this module only
 * decides who hears what.
 */
import * as Y from 'yjs';
import type { Admission } from './admission.ts';
import * as api from './api.ts';
import { Banner } from './banner.ts';
import { Company, type CompanyOptions } from './company.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { ConnectionStrip } from './connection-strip.ts';
import { notice } from './dialogs.ts';
import { h } from './dom.ts';
import { Editor } from './editor.ts';
import { Execution } from './execution.ts';
import { Files } from './files.ts';
import { HistoryEntry } from './history/entry.ts';
import { extensionOf } from './languages.ts';
import { Layout } from './layout.ts';
import { roleWord } from './presence.ts';
import { Recovery } from './recovery.ts';
import { openSettings } from './settings.ts';
import { openShare } from './share.ts';
import { EmptyRoom, startFromAddress } from './starter.ts';
import { Status } from './status.ts';
import { rememberedRoom, rememberRoom } from './storage.ts';
import { Tabs } from './tabs.ts';
import type { Language, Rights, Role, RoomEvent } from './wire.ts';

export class RoomPage {
  readonly layout: Layout;
  private readonly doc = new Y.Doc();
  private readonly files = new Files(this.doc);
  private readonly status = new Status();
  private readonly banner = new Banner();
  private readonly strip = new ConnectionStrip(() => this.connection.resume());
  private readonly recovery: Recovery;
  private readonly connection: Connection;
  private readonly company: Company;
  private readonly editor: Editor;
  private readonly execution: Execution;
  private readonly empty: EmptyRoom;
  private readonly tabs: Tabs;
  private readonly history: HistoryEntry;
  /** As the token says, until the room itself says it with `room:welcome`. */
  private rights: Rights;
  private role: Role;
  private youId: string;
  /** Once the room has been asked for it. */
  private language: Language | null = null;
  private activePath: string | null = null;
  private synced = false;

  constructor(private readonly admission: Admission) {
    ({ rights: this.rights, role: this.role, participantId: this.youId } = admission.granted);
    if (admission.isWithdrawn) this.rights = { ...this.rights, edit: false, run: false, terminal: false };
    this.connection = new Connection(this.doc, admission, {
      onEvent: (event) => this.heard(event),
      onState: (state) => this.connectionChanged(state),
      onSaved: (state) => this.status.setSaved(state, this.rights.edit),
      onKept: (isKept) => this.status.setKept(isKept),
      onLoaded: (isComplete) => this.loaded(isComplete),
      onSynced: () => this.becameSynced(),
      onRefused: (code, reason) => this.refused(code, reason),
    });
    this.recovery = new Recovery({ admission, files: this.files, connection: () => this.connection });
    const { awareness } = this.connection.provider;
    const host = h('div', { class: 'editor-host' });
    this.company = new Company(this.companyOptions(host), this.youId);
    this.tabs = new Tabs({
      files: this.files,
      onSelect: (path) => {
        this.company.following.stop();
        this.open(path, false);
      },
      onRenamed: (_from, to) => this.open(to, false),
      suggestedExtension: () => extensionOf(this.activePath ?? ''),
    });
    this.empty = new EmptyRoom(this.files, (path) => this.open(path, true));
    this.execution = this.makeExecution();
    const editor = { label: 'Code of', onRun: () => void this.execution.runbar.run() };
    this.editor = new Editor(host, awareness, editor, !this.rights.edit);
    this.layout = this.makeLayout(host);
    this.history = this.makeHistory();
  }

  /** Called once the page is in the document. */
  start(): void {
    this.files.observe(() => this.filesChanged());
    window.addEventListener(
      'keydown',
      (event) => this.history.isOpen || this.execution.runbar.keyPressed(event),
    );
    window.addEventListener('beforeunload', (event) => this.leaving(event));
    document.addEventListener(
      'visibilitychange',
      () => this.layout.isVisible('chat') && this.company.chat.read(),
    );
    this.layout.setRoom(rememberedRoom(this.admission.roomId)?.name ?? 'Room', null);
    this.rightsChanged();
    void this.loadName();
    void this.execution.runbar.loadLanguages();
    this.recovery.retireOlder();
  }

  private companyOptions(host: HTMLElement): CompanyOptions {
    return {
      roomId: this.admission.roomId,
      awareness: this.connection.provider.awareness,
      send: (event) => this.connection.send(event),
      token: () => this.token(),
      editor: () => this.editor,
      host,
      isChatVisible: () => this.layout.isVisible('chat'),
      onUnread: (count, mentions) => this.layout.setUnread(count, mentions),
      showChat: () => this.layout.show('chat'),
      onOpen: (file) => this.open(file, false),
    };
  }

  private makeExecution(): Execution {
    return new Execution({
      roomId: this.admission.roomId,
      ...{ doc: this.doc, files: this.files },
      youId: () => this.youId,
      people: () => this.company.presence.everyone,
      language: () => this.language,
      rights: () => this.rights,
      activePath: () => this.activePath,
      token: () => this.token(),
      settled: (patienceMs) => this.connection.settled(patienceMs),
      send: (event) => this.connection.send(event),
      onOutput: () => this.layout.setNewOutput(true),
      show: () => this.layout.show('output'),
    });
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
      avatars: this.company.presence.avatars,
      tabs: this.tabs.element,
      runbar: this.execution.runbar.element,
      banner: h('div', {}, this.banner.element, this.strip.element),
      editor: h('div', label, host, this.empty.element, this.company.following.element),
      outputPane: this.execution.pane.element,
      people: this.company.presence.list,
      chat: this.company.chat.element,
      onSettings: () => openSettings(() => void this.recovery.forget()),
      onHistory: () => void this.history.open(),
      onShare: () => openShare({ roomId: this.admission.roomId, role: this.role, token: () => this.token() }),
      onView: (view) => {
        if (view === 'chat') this.company.chat.read();
      },
    });
  }

  private makeHistory(): HistoryEntry {
    const context = {
      roomId: this.admission.roomId,
      token: () => this.token(),
      rights: () => this.rights,
      role: () => this.role,
      youId: () => this.youId,
      nameOf: (id: string) => this.company.nameOf(id),
      settled: (patienceMs: number) => this.connection.settled(patienceMs),
    };
    const mount = (view: HTMLElement | null): void => this.layout.showHistory(view);
    return new HistoryEntry({ context, path: () => this.activePath, mount });
  }

  private heard(event: RoomEvent): void {
    this.history.heard(event);
    if (event.type === 'room:welcome') return this.welcomed(event);
    if (this.company.heard(event)) return this.execution.peopleChanged();
    if (this.execution.heard(event) || event.type !== 'error') return;
    notice(api.explain(new api.ApiError(event.error.code, event.error.message)), 'error');
  }

  private welcomed(event: Extract<RoomEvent, { type: 'room:welcome' }>): void {
    this.rights = event.rights;
    this.role = event.role;
    this.youId = event.you.id;
    this.admission.noteRights(event.role, event.rights);
    this.company.welcome(event);
    this.execution.welcome(event);
    this.rightsChanged();
  }

  private connectionChanged(state: ConnectionState): void {
    this.status.setConnection(state);
    this.company.connectionChanged(state);
    if (!this.synced) this.filesChanged();
    this.strip.show(state, { mayEdit: this.rights.edit, isKept: this.connection.copy.works });
  }

  /** What this device has kept is shown while the room is asked. */
  private loaded(isComplete: boolean): void {
    this.synced ||= isComplete;
    this.filesChanged();
  }

  private becameSynced(): void {
    this.synced = true;
    this.filesChanged();
    void this.recovery.offerOnce();
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
    const { kind } = this.connection.state;
    this.empty.render(this.synced, this.rights.edit, kind === 'offline' || kind === 'waiting');
    this.execution.render();
  }

  private open(path: string, focus: boolean): void {
    if (this.files.text(path) === null) return;
    this.activePath = path;
    this.filesChanged();
    this.layout.show('code');
    if (focus) this.editor.focus();
  }

  private rightsChanged(): void {
    const { edit } = this.rights;
    this.editor.setReadOnly(!edit);
    this.status.setSaved(this.connection.saved, edit);
    this.banner.render(this.rights, this.admission.isWithdrawn, this.recovery.showRefusal);
    this.layout.setRole(roleWord(this.role));
    this.filesChanged();
  }

  private async loadName(): Promise<void> {
    const { roomId } = this.admission;
    try {
      const { room } = await api.room(roomId, await this.token());
      rememberRoom(roomId, { name: room.name });
      this.layout.setRoom(room.name, room.expiresAt ?? null);
      this.language = room.language ?? null;
      this.execution.render();
    } catch {
      // The room works without its name; the next visit asks again.
    }
  }

  private async token(): Promise<string> {
    return (await this.admission.token()).token;
  }

  /** The text stays on screen, to be copied, but nothing typed now would reach anybody. */
  private refused(code: number, reason: string): void {
    this.rights = { ...this.rights, edit: false, run: false, terminal: false };
    void this.recovery.refused(code, reason);
    this.rightsChanged();
  }

  private leaving(event: BeforeUnloadEvent): void {
    if (this.recovery.isLeaving || !this.rights.edit) return;
    if (this.connection.saved !== 'saved') event.preventDefault();
  }
}
