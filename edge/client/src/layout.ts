/**
 * The frame of the room page: places for the parts, the bar that switches between them on narrow screens, and
 * the divider between code and output. Owns no content.
 */
import { append, fill, h, icon, iconButton, type Child } from './dom.ts';
import * as icons from './icons.ts';
import { logoMark } from './logo.ts';
import { readJson, writeJson } from './storage.ts';

/** On narrow screens one of these is shown at a time. */
export type View = 'code' | 'output' | 'chat' | 'people';

const VIEWS: readonly (readonly [View, string, string])[] = [
  ['code', 'Code', icons.CODE],
  ['output', 'Output', icons.OUTPUT],
  ['chat', 'Chat', icons.CHAT],
  ['people', 'People', icons.PEOPLE],
];
const SPLIT_KEY = 'tutti.split';
const SPLIT_MIN = 15;
const SPLIT_MAX = 80;
const SPLIT_STEP = 4;
/** Keep in step with the style sheet's breakpoint. */
const WIDE = '(min-width: 900px)';

export interface LayoutParts {
  readonly status: Child;
  readonly avatars: Child;
  readonly tabs: Child;
  readonly runbar: Child;
  readonly banner: Child;
  readonly editor: Child;
  readonly outputPane: Child;
  readonly people: Child;
  readonly chat: Child;
  readonly onSettings: () => void;
  readonly onHistory: () => void;
  readonly onShare: () => void;
  readonly onView: (view: View) => void;
}

export class Layout {
  readonly element: HTMLElement;
  private readonly name = h('h1', { class: 'room-name' }, 'Room');
  private readonly role = h('span', { class: 'role-pill', hidden: true });
  private readonly badges = [
    h('span', { class: 'badge', hidden: true, 'data-testid': 'chat-unread' }),
    h('span', { class: 'badge dot-only', hidden: true }),
  ] as const;
  private readonly buttons = new Map<View, HTMLButtonElement>();
  private readonly wide = matchMedia(WIDE);
  private view: View = 'code';
  private unread = '';
  private history: HTMLElement | null = null;
  private readonly historyButton: HTMLButtonElement;

  constructor(private readonly parts: LayoutParts) {
    this.historyButton = iconButton(icons.HISTORY, 'History', parts.onHistory, { 'data-testid': 'history' });
    this.element = h(
      'div',
      { class: 'room', 'data-view': 'code' },
      this.head(),
      h('main', { class: 'workbench' }, this.codePane(), this.divider(), parts.outputPane),
      this.side(),
      this.bottomBar(),
    );
    this.element.style.setProperty('--split', `${readJson<number>(SPLIT_KEY) ?? 34}%`);
  }

  /** A guest's room says when it goes away. */
  setRoom(name: string, expiresAt: number | null): void {
    fill(this.name, name);
    this.renderTitle();
    const until =
      expiresAt === null
        ? ''
        : `. A guest’s room: it is deleted on ${new Date(expiresAt).toLocaleDateString()}`;
    this.name.title = name + until;
  }

  setRole(role: string): void {
    fill(this.role, role);
    this.role.hidden = false;
  }

  /** Whether a person can see this part now. */
  isVisible(view: View): boolean {
    return !document.hidden && this.history === null && (this.wide.matches || this.view === view);
  }

  /** Switches on narrow screens; on wide ones everything is visible anyway. */
  show(view: View): void {
    this.view = view;
    this.element.dataset['view'] = view;
    for (const [name, button] of this.buttons) button.setAttribute('aria-pressed', String(name === view));
    if (view === 'output') this.setNewOutput(false);
    this.parts.onView(view);
  }

  /** Puts the history in the place of the living room, or takes it away again. */
  showHistory(history: HTMLElement | null): void {
    this.history?.remove();
    this.history = history;
    this.element.toggleAttribute('data-history', history !== null);
    this.historyButton.hidden = history !== null;
    if (history !== null) return this.element.append(history);
    this.parts.onView(this.view);
    this.historyButton.focus();
  }

  /** `mentions`: in how many of the unread messages the person is mentioned. */
  setUnread(count: number, mentions: number): void {
    const [badge] = this.badges;
    badge.hidden = count === 0;
    badge.classList.toggle('mentioned', mentions > 0);
    fill(badge, `${mentions > 0 ? '@' : ''}${count > 99 ? '99+' : count}`);
    this.unread = count === 0 ? '' : `(${mentions > 0 ? '@' : ''}${count}) `;
    this.renderTitle();
  }

  setNewOutput(isNew: boolean): void {
    this.badges[1].hidden = !isNew || this.isVisible('output');
  }

  private renderTitle(): void {
    document.title = `${this.unread}${this.name.textContent} · Tutti`;
  }

  private head(): HTMLElement {
    return h(
      'header',
      { class: 'topbar' },
      h(
        'a',
        { class: 'brand', href: '/', 'aria-label': 'Tutti: to the start page', title: 'Start page' },
        logoMark(),
      ),
      this.name,
      this.role,
      h('div', { class: 'topbar-space' }),
      this.parts.status,
      this.parts.avatars,
      this.historyButton,
      iconButton(icons.SETTINGS, 'Settings', this.parts.onSettings, { 'data-testid': 'settings' }),
      h(
        'button',
        { type: 'button', class: 'button share', 'data-testid': 'share', onclick: this.parts.onShare },
        icon(icons.SHARE),
        h('span', {}, 'Share'),
      ),
    );
  }

  private codePane(): HTMLElement {
    return h(
      'section',
      { class: 'code-pane', 'aria-label': 'Code' },
      h('div', { class: 'toolbar' }, this.parts.tabs, this.parts.runbar),
      this.parts.banner,
      this.parts.editor,
    );
  }

  /** Moves by pointer and by arrow keys, and remembers where it was left. */
  private divider(): HTMLElement {
    const divider = h('div', {
      class: 'divider',
      role: 'separator',
      tabindex: '0',
      'aria-orientation': 'horizontal',
      'aria-label': 'Size of the output',
      'aria-valuemin': SPLIT_MIN,
      'aria-valuemax': SPLIT_MAX,
    });
    const set = (percent: number): void => {
      const value = Math.round(Math.min(SPLIT_MAX, Math.max(SPLIT_MIN, percent)));
      this.element.style.setProperty('--split', `${value}%`);
      divider.setAttribute('aria-valuenow', String(value));
      writeJson(SPLIT_KEY, value);
    };
    divider.addEventListener('pointerdown', (event) => divider.setPointerCapture(event.pointerId));
    divider.addEventListener('pointermove', (event) => {
      const box = divider.parentElement?.getBoundingClientRect();
      if (box === undefined || !divider.hasPointerCapture(event.pointerId)) return;
      set(((box.bottom - event.clientY) / box.height) * 100);
    });
    divider.addEventListener('keydown', (event) => {
      const step = event.key === 'ArrowUp' ? SPLIT_STEP : event.key === 'ArrowDown' ? -SPLIT_STEP : 0;
      if (step !== 0) set((readJson<number>(SPLIT_KEY) ?? 34) + step);
    });
    divider.setAttribute('aria-valuenow', String(readJson<number>(SPLIT_KEY) ?? 34));
    return divider;
  }

  private side(): HTMLElement {
    return h(
      'aside',
      { class: 'side', 'aria-label': 'People and chat' },
      h(
        'section',
        { class: 'people-pane', 'aria-label': 'People' },
        h('h2', { class: 'side-title' }, 'People'),
        this.parts.people,
      ),
      h(
        'section',
        { class: 'chat-pane', 'aria-label': 'Chat' },
        h('h2', { class: 'side-title' }, 'Chat'),
        this.parts.chat,
      ),
    );
  }

  private bottomBar(): HTMLElement {
    const bar = h('nav', { class: 'bottombar', 'aria-label': 'Parts of the room' });
    for (const [view, label, markup] of VIEWS) {
      const badge = view === 'chat' ? this.badges[0] : view === 'output' ? this.badges[1] : null;
      const button = h(
        'button',
        {
          type: 'button',
          class: 'bottom-button',
          'aria-pressed': String(view === 'code'),
          'data-testid': `view-${view}`,
          onclick: () => this.show(view),
        },
        icon(markup, 20),
        h('span', {}, label),
        badge,
      );
      this.buttons.set(view, button);
      append(bar, [button]);
    }
    return bar;
  }
}
