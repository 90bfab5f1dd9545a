/**
 * The pane below the code: a strip of tabs, and the panel of the chosen one. Owns no content. All panels stay in the
 * document, so that each keeps its place and its scroll position.
 */
import { fill, h, type Child } from './dom.ts';

export type PanelId = 'output' | 'stdin' | 'terminal';

export interface Panel {
  readonly id: PanelId;
  readonly label: string;
  readonly element: HTMLElement;
  /** Sit in the pane's head while the panel is shown. */
  readonly tools: readonly Child[];
}

export class OutputPane {
  readonly element: HTMLElement;
  private readonly tabs: readonly HTMLButtonElement[];
  private readonly tools = h('div', { class: 'output-tools' });
  private chosenId: PanelId | null = null;

  constructor(
    private readonly panels: readonly Panel[],
    private readonly onChosen: (id: PanelId) => unknown,
  ) {
    this.tabs = panels.map((panel) => this.tab(panel));
    const list = h(
      'div',
      {
        role: 'tablist',
        class: 'pane-tabs',
        'aria-label': panels.map(({ label }) => label).join(', '),
      },
      ...this.tabs,
    );
    list.addEventListener('keydown', (event) => this.keyPressed(event));
    for (const { id, element } of panels) {
      element.setAttribute('role', 'tabpanel');
      element.setAttribute('aria-labelledby', `${id}-tab`);
    }
    this.element = h(
      'section',
      { class: 'output-pane', 'aria-label': 'Output' },
      h('div', { class: 'pane-head' }, list, this.tools),
      h('div', { class: 'output-body' }, ...panels.map(({ element }) => element)),
    );
    this.choose('output');
  }

  get chosen(): PanelId | null {
    return this.chosenId;
  }

  choose(id: PanelId): void {
    if (id === this.chosenId) return;
    this.chosenId = id;
    for (const tab of this.tabs) {
      const selected = tab.id === `${id}-tab`;
      tab.setAttribute('aria-selected', String(selected));
      tab.tabIndex = selected ? 0 : -1;
    }
    for (const panel of this.panels) {
      panel.element.hidden = panel.id !== id;
      if (panel.id === id) fill(this.tools, ...panel.tools);
    }
    this.onChosen(id);
  }

  /** The focus goes to the panel's tab: the way out of a terminal. */
  focusTab(id: PanelId): void {
    this.tabs.find((tab) => tab.id === `${id}-tab`)?.focus();
  }

  /** A dot at the tab: there is something behind it. */
  mark(id: PanelId, isMarked: boolean): void {
    this.tabs.find((tab) => tab.id === `${id}-tab`)?.toggleAttribute('data-filled', isMarked);
  }

  private tab({ id, label }: Panel): HTMLButtonElement {
    const attributes = { type: 'button', role: 'tab', class: 'pane-tab', id: `${id}-tab` };
    const onclick = (): void => this.choose(id);
    return h('button', { ...attributes, 'data-testid': `${id}-tab`, onclick }, label);
  }

  private keyPressed(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const now = this.panels.findIndex(({ id }) => id === this.chosenId);
    const next = this.panels[(now + step + this.panels.length) % this.panels.length];
    if (step === 0 || next === undefined) return;
    event.preventDefault();
    this.choose(next.id);
    this.focusTab(next.id);
  }
}
