/**
 * The frame of the history view: places for its parts, and the bar that switches between them on narrow screens.
 * Owns no content.
 */
import { h, icon, type Child } from '../dom.ts';
import * as icons from '../icons.ts';

type View = 'code' | 'output' | 'chat' | 'snapshots';

const VIEWS: readonly (readonly [View, string, string])[] = [
  ['code', 'Code', icons.CODE],
  ['output', 'Output', icons.OUTPUT],
  ['chat', 'Chat', icons.CHAT],
  ['snapshots', 'Snapshots', icons.FLAG],
];

export interface FrameParts {
  readonly head: Child;
  readonly tabs: Child;
  readonly legend: Child;
  readonly editor: Child;
  readonly output: Child;
  readonly outputTools: readonly Child[];
  readonly snapshots: Child;
  readonly chat: Child;
  readonly scrubber: Child;
}

export function buildFrame(parts: FrameParts): HTMLElement {
  const element = h(
    'section',
    { class: 'history', 'data-view': 'code', 'aria-label': 'History', 'data-testid': 'history-view' },
    parts.head,
    h('div', { class: 'history-main' }, codePane(parts), outputPane(parts)),
    h(
      'aside',
      { class: 'history-side', 'aria-label': 'Snapshots and chat' },
      sidePane('history-snapshots', 'Snapshots', parts.snapshots),
      sidePane('history-chat', 'Chat', parts.chat),
    ),
    parts.scrubber,
  );
  element.append(viewBar(element));
  return element;
}

function codePane(parts: FrameParts): HTMLElement {
  const panel = { class: 'history-editor', id: 'history-panel', role: 'tabpanel', 'aria-label': 'File' };
  return h(
    'section',
    { class: 'history-code', 'aria-label': 'Code at this moment' },
    h('div', { class: 'history-files' }, parts.tabs, parts.legend),
    h('div', panel, parts.editor),
  );
}

function outputPane(parts: FrameParts): HTMLElement {
  return h(
    'section',
    { class: 'history-output', 'aria-label': 'Output at this moment' },
    paneHead('Output', ...parts.outputTools),
    parts.output,
  );
}

function sidePane(kind: string, title: string, content: Child): HTMLElement {
  return h('section', { class: kind, 'aria-label': title }, h('h2', { class: 'side-title' }, title), content);
}

function paneHead(title: string, ...tools: Child[]): HTMLElement {
  return h(
    'div',
    { class: 'pane-head' },
    h('h2', { class: 'history-pane-title' }, title),
    h('div', { class: 'output-tools' }, ...tools),
  );
}

function viewBar(element: HTMLElement): HTMLElement {
  const show = (chosen: View): void => {
    element.dataset['view'] = chosen;
    for (const [view, button] of buttons) button.setAttribute('aria-pressed', String(view === chosen));
  };
  const buttons = new Map(
    VIEWS.map(([view, label, markup]) => {
      const onclick = (): void => show(view);
      const attributes = {
        type: 'button',
        class: 'bottom-button',
        'aria-pressed': String(view === 'code'),
        'data-testid': `history-view-${view}`,
        onclick,
      };
      return [view, h('button', attributes, icon(markup, 20), h('span', {}, label))];
    }),
  );
  const label = { class: 'bottombar history-views', 'aria-label': 'Parts of the history' };
  return h('nav', label, ...buttons.values());
}
