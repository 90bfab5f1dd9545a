/**
 * The history view of a room: loads its log and shows any moment of it. Connects the parts; each draws itself. The
 * living room goes on behind it.
 */
import { explain } from '../api.ts';
import { fill, h } from '../dom.ts';
import type { RoomEvent, Snapshot } from '../wire.ts';
import { Actions, type ShownMoment } from './actions.ts';
import * as calls from './calls.ts';
import { caption } from './captions.ts';
import { countWords, timeWords, type HistoryContext } from './context.ts';
import { FarMoment } from './far.ts';
import { buildFrame } from './frame.ts';
import { Head } from './head.ts';
import { keyAction } from './keys.ts';
import { Loader } from './loader.ts';
import { Projector } from './projector.ts';
import { Scene } from './scene.ts';
import { Scrubber } from './scrubber.ts';
import { Snapshots } from './snapshots.ts';
import { Stage } from './stage.ts';
import type { Timeline } from './timeline.ts';

export interface HistoryViewOptions {
  readonly context: HistoryContext;
  /** The file that is open in the living room. */
  readonly path: string | null;
  readonly onClose: () => void;
}

/** What there is once the first page of the log has come. */
interface Show {
  readonly timeline: Timeline;
  readonly projector: Projector;
  readonly stage: Stage;
}

export class HistoryView {
  readonly element: HTMLElement;
  private readonly context: HistoryContext;
  private readonly head: Head;
  private readonly scene: Scene;
  private readonly scrubber: Scrubber;
  private readonly snapshots: Snapshots;
  private readonly loader: Loader;
  private readonly far: FarMoment;
  /** Where the stage stands; each time line has a stage of its own. */
  private readonly places = {
    output: h('div', { class: 'output-body' }),
    tools: h('div', { class: 'history-tools' }),
    chat: h('div', { class: 'history-chat-body' }),
  };
  private show: Show | null = null;
  /** Where to go as soon as there is a time line; null for its end. */
  private wanted: number | null = null;
  private openedAt: number | null = null;
  /** A snapshot from before the kept history, while it is what is shown. */
  private early: Snapshot | null = null;

  constructor(private readonly options: HistoryViewOptions) {
    this.context = options.context;
    this.head = this.makeHead();
    this.scene = new Scene(options.path);
    this.scrubber = this.makeScrubber();
    this.snapshots = new Snapshots(this.context, (snapshot) => this.openSnapshot(snapshot));
    const { roomId, token } = this.context;
    this.far = new FarMoment(
      async (position, signal) => calls.state(roomId, position, await token(), signal),
      (files) => {
        this.scene.showPlain(files);
        if (this.early !== null) delete this.element.dataset['waiting'];
      },
    );
    this.loader = new Loader(
      {
        page: async (after, limit) => calls.page(roomId, after, await token(), limit),
        state: async (at) => calls.state(roomId, at, await token()),
      },
      {
        onTimeline: (timeline) => this.begin(timeline),
        onProgress: () => this.progressed(),
        onFailure: (error) => this.head.setFailure(explain(error)),
      },
    );
    this.element = buildFrame({
      head: this.head.element,
      tabs: this.scene.tabs.element,
      legend: this.scene.legend,
      editor: this.scene.editor,
      output: this.places.output,
      outputTools: [this.places.tools],
      snapshots: this.snapshots.element,
      chat: this.places.chat,
      scrubber: this.scrubber.element,
    });
    this.element.addEventListener('keydown', (event) => this.keyPressed(event));
  }

  /** Called once the view is in the document. */
  start(position: number | null): void {
    this.wanted = position;
    this.head.setMayRestore(false);
    this.head.setMoment('History', '', true);
    this.load();
    void this.snapshots.load();
    this.scrubber.focus();
  }

  private load(): void {
    this.head.setProgress('Loading the history…');
    void this.loader.load();
  }

  goTo(place: number): void {
    this.wanted = place;
    this.show?.projector.pause();
    this.show?.projector.seek(place);
  }

  /** What the living room hears. */
  heard(event: RoomEvent): void {
    switch (event.type) {
      case 'room:welcome':
      case 'room:saved':
        return this.loader.reached(event.position);
      case 'room:snapshot':
        return this.snapshots.put(event.snapshot);
      case 'room:snapshot-deleted':
        return this.snapshots.remove(event.snapshotId);
      case 'room:erased':
        // The name stands in many places of what is loaded; the room has it replaced in all of them.
        this.wanted = this.show?.projector.wanted ?? this.wanted;
        void this.snapshots.load();
        return void this.loader.reload();
      default:
        return undefined;
    }
  }

  dispose(): void {
    this.loader.dispose();
    this.far.forget();
    this.end();
    this.scene.dispose();
  }

  private begin(timeline: Timeline): void {
    this.end();
    this.openedAt ??= timeline.last;
    const position = Math.min(this.wanted ?? timeline.last, timeline.last);
    const projector = new Projector(timeline, position, {
      onShown: (index) => this.shown(index),
      onWaiting: () => this.waiting(),
      onPlaying: (isPlaying) => this.scrubber.setPlaying(isPlaying),
    });
    const stage = new Stage(timeline, this.context.youId);
    fill(this.places.output, stage.output.element);
    fill(this.places.tools, stage.output.picker, stage.output.copyButton);
    fill(this.places.chat, stage.chat.element);
    this.show = { timeline, projector, stage };
    this.progressed();
  }

  private end(): void {
    this.show?.projector.dispose();
    this.show?.stage.dispose();
    this.show = null;
  }

  private progressed(): void {
    if (this.show === null) return;
    const { timeline, projector } = this.show;
    const [loaded, all] = [timeline.loaded - timeline.first, timeline.last - timeline.first];
    const words = `Loading the history: ${loaded.toLocaleString()} of ${all.toLocaleString()}`;
    this.head.setProgress(loaded < all ? words : null);
    this.head.setNews(Math.max(0, timeline.last - (this.openedAt ?? timeline.last)));
    this.scrubber.render(timeline, projector.wanted, this.element.dataset['moment'] ?? '');
    if (this.early === null) projector.progressed();
  }

  private shown(index: number): void {
    if (this.show === null) return;
    const { timeline, projector, stage } = this.show;
    const { replayer } = projector;
    this.early = null;
    this.far.forget();
    delete this.element.dataset['waiting'];
    stage.show(index);
    this.scene.show(timeline, replayer);
    const item = timeline.items[index - 1] ?? null;
    const at = timeline.timeOf(index);
    const time = at === null ? 'The beginning' : timeWords(at);
    const words = caption(item, replayer.changes, timeline, (id) => stage.run(id));
    this.head.setMoment(time, words, projector.playing);
    this.head.setMayRestore(this.context.rights().edit);
    this.element.dataset['moment'] = `${time}: ${words}`;
    this.element.dataset['index'] = String(index);
    this.scrubber.render(timeline, projector.wanted, `${time}: ${words}`);
  }

  private waiting(): void {
    if (this.show === null) return;
    const { timeline, projector } = this.show;
    this.early = null;
    this.element.dataset['waiting'] = '';
    this.scrubber.render(timeline, projector.wanted, 'On the way');
    if (timeline.loaded >= projector.wanted) return;
    const left = countWords(Math.ceil(projector.wanted - timeline.loaded), 'change', 'changes');
    this.head.setMoment('On the way', `${left} to load, to see who wrote what`, true);
    this.far.want(Math.ceil(projector.wanted));
  }

  /** Before the kept history there are only the named moments, each by itself. */
  private openSnapshot(snapshot: Snapshot): void {
    const { position, name, at } = snapshot;
    if (this.show === null || position >= this.show.timeline.first) return this.goTo(position);
    this.show.projector.leave();
    this.early = snapshot;
    this.element.dataset['waiting'] = '';
    this.head.setMoment(timeWords(at), `Snapshot “${name}”, from before the kept history`, false);
    this.far.want(position, (error) => this.head.setFailure(explain(error)));
  }

  private hold(): ShownMoment | null {
    if (this.show === null) return null;
    const { timeline, projector } = this.show;
    projector.pause();
    if (this.early !== null) return { position: this.early.position, at: this.early.at, timeline };
    const index = timeline.indexOf(projector.wanted);
    const isLoaded = projector.wanted <= timeline.loaded;
    const position = isLoaded ? timeline.positionOf(index) : Math.ceil(projector.wanted);
    return { position, at: timeline.timeOf(index), timeline };
  }

  private makeHead(): Head {
    const { onClose: onLive } = this.options;
    const actions = new Actions({
      context: this.context,
      hold: () => this.hold(),
      snapshots: () => this.snapshots.known,
      onLive,
    });
    return new Head({ ...actions, onLive, onRetry: () => this.load() });
  }

  private makeScrubber(): Scrubber {
    return new Scrubber({
      onSeek: (place) => this.goTo(place),
      onStep: (direction) => this.show?.projector.step(direction),
      onMark: (direction) => this.show?.projector.toMark(direction),
      onPlay: () => this.togglePlay(),
      onSpeed: (speed) => this.show?.projector.setSpeed(speed),
    });
  }

  private togglePlay(): void {
    const projector = this.show?.projector;
    if (projector?.playing === true) projector.pause();
    else projector?.play();
  }

  private keyPressed(event: KeyboardEvent): void {
    const action = keyAction(event);
    const projector = this.show?.projector;
    if (action === null || projector === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    switch (action.kind) {
      case 'step':
        return projector.step(action.direction);
      case 'mark':
        return projector.toMark(action.direction);
      case 'seek':
        return this.goTo(action.to === 'first' ? projector.first : projector.last);
      case 'play':
        return this.togglePlay();
      case 'close':
        return this.options.onClose();
    }
  }
}
