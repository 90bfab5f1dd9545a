/** The files of a moment as a strip of tabs; by the keyboard as the living room's, without its changes. */
import { fill, h } from '../dom.ts';

export class FileTabs {
  readonly element = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Files at this moment' });
  private paths: readonly string[] = [];
  private active: string | null = null;

  constructor(private readonly onSelect: (path: string) => void) {
    this.element.addEventListener('keydown', (event) => this.keyPressed(event));
  }

  /** Draws only what differs: a replay calls this for each keystroke. */
  render(paths: readonly string[], active: string | null): void {
    const isSame = paths.length === this.paths.length && paths.every((path, at) => path === this.paths[at]);
    if (isSame && active === this.active) return;
    this.paths = paths;
    this.active = active;
    const hadFocus = this.element.contains(document.activeElement);
    fill(this.element, ...paths.map((path) => this.tab(path)));
    const selected = this.element.querySelector<HTMLElement>('[aria-selected=true]');
    if (hadFocus) selected?.focus();
    selected?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  private tab(path: string): HTMLElement {
    const slash = path.lastIndexOf('/') + 1;
    return h(
      'button',
      {
        type: 'button',
        class: 'tab',
        role: 'tab',
        'data-testid': 'history-tab',
        'data-path': path,
        'aria-selected': path === this.active ? 'true' : 'false',
        'aria-controls': 'history-panel',
        tabindex: path === this.active ? 0 : -1,
        onclick: () => this.onSelect(path),
      },
      slash > 0 && h('span', { class: 'folder' }, path.slice(0, slash)),
      path.slice(slash),
    );
  }

  private keyPressed(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 };
    const step = steps[event.key];
    if (step === undefined || this.active === null) return;
    event.preventDefault();
    event.stopPropagation();
    const at = this.paths.indexOf(this.active) + step;
    const next = this.paths[(at + this.paths.length) % this.paths.length];
    if (next !== undefined) this.onSelect(next);
  }
}
