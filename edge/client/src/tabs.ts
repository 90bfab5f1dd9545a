/**
 * The strip of file tabs: choose, add, rename, delete. Follows the keyboard pattern for tabs (arrows, Home, End);
 * F2 renames and Delete deletes the focused one.
 */
import { askText, confirmAction } from './dialogs.ts';
import { fill, h, iconButton } from './dom.ts';
import { pathProblem, type Files } from './files.ts';
import * as icons from './icons.ts';
import { openMenu } from './menu.ts';

export interface TabsOptions {
  readonly files: Files;
  readonly onSelect: (path: string) => void;
  /** A file's path has changed by this person's hand. */
  readonly onRenamed: (from: string, to: string) => void;
  /** The extension that a new file's name suggests, without dot. */
  readonly suggestedExtension: () => string;
}

export class Tabs {
  readonly element: HTMLElement;
  private readonly strip = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Files' });
  private readonly addButton: HTMLButtonElement;
  private active: string | null = null;
  private canEdit = false;

  constructor(private readonly options: TabsOptions) {
    this.addButton = iconButton(icons.PLUS, 'New file', () => void this.add(), { 'data-testid': 'add-file' });
    this.element = h('div', { class: 'tabbar' }, this.strip, this.addButton);
    this.strip.addEventListener('keydown', (event) => this.keyPressed(event));
    // A wheel over the strip moves it sideways, which is the only way it can go.
    this.strip.addEventListener('wheel', (event) => (this.strip.scrollLeft += event.deltaY), {
      passive: true,
    });
  }

  render(active: string | null, canEdit: boolean): void {
    const moved = active !== this.active;
    this.active = active;
    this.canEdit = canEdit;
    this.addButton.hidden = !canEdit;
    const focused = document.activeElement?.closest<HTMLElement>('.tab')?.dataset['path'];
    fill(this.strip, ...this.options.files.paths().map((path) => this.tab(path)));
    if (focused !== undefined) this.strip.querySelector<HTMLElement>('.tab[aria-selected=true]')?.focus();
    if (moved) {
      this.strip
        .querySelector('[aria-selected=true]')
        ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  }

  private tab(path: string): HTMLElement {
    const selected = path === this.active;
    const slash = path.lastIndexOf('/') + 1;
    const tab = h(
      'button',
      {
        type: 'button',
        class: 'tab',
        role: 'tab',
        'data-testid': 'tab',
        'data-path': path,
        'aria-selected': selected ? 'true' : 'false',
        'aria-controls': 'editor-panel',
        tabindex: selected ? 0 : -1,
        title: this.canEdit ? `${path}: F2 renames, Delete deletes` : path,
        onclick: () => this.options.onSelect(path),
        ondblclick: () => void this.rename(path),
      },
      slash > 0 && h('span', { class: 'folder' }, path.slice(0, slash)),
      path.slice(slash),
    );
    if (!selected || !this.canEdit) return tab;
    const menu = iconButton(icons.MORE, `Rename or delete ${path}`, () => this.openMenu(path, menu), {
      class: 'icon-button tab-menu',
      'aria-haspopup': 'menu',
      'data-testid': 'tab-menu',
    });
    return h('span', { class: 'tab-slot', role: 'presentation' }, tab, menu);
  }

  private openMenu(path: string, anchor: HTMLElement): void {
    openMenu(anchor, path, [
      { label: 'Rename…', testId: 'rename-file', work: () => void this.rename(path) },
      { label: 'Delete…', testId: 'delete-file', isDanger: true, work: () => void this.remove(path) },
    ]);
  }

  private keyPressed(event: KeyboardEvent): void {
    const path = (event.target as Element).closest<HTMLElement>('.tab')?.dataset['path'];
    if (path === undefined) return;
    const paths = this.options.files.paths();
    const index = paths.indexOf(path);
    const step: Record<string, number> = {
      ArrowLeft: index - 1,
      ArrowRight: index + 1,
      Home: 0,
      End: paths.length - 1,
    };
    const target = step[event.key];
    if (target !== undefined) {
      event.preventDefault();
      const next = paths[(target + paths.length) % paths.length];
      if (next !== undefined) this.options.onSelect(next);
    } else if (this.canEdit && event.key === 'F2') {
      event.preventDefault();
      void this.rename(path);
    } else if (this.canEdit && event.key === 'Delete') {
      event.preventDefault();
      void this.remove(path);
    }
  }

  private async add(): Promise<void> {
    const extension = this.options.suggestedExtension();
    const path = await askText({
      title: 'New file',
      label: 'Name',
      placeholder: extension === '' ? 'notes.md' : `helper.${extension}`,
      hint: 'A path such as lib/helper.py makes a folder. The ending decides the language.',
      action: 'Create',
      testId: 'file-name',
      problem: (value) => pathProblem(value, this.options.files.paths()),
    });
    if (path === null) return;
    this.options.files.add(path);
    this.options.onSelect(path);
  }

  private async rename(path: string): Promise<void> {
    if (!this.canEdit) return;
    const others = this.options.files.paths().filter((other) => other !== path);
    const to = await askText({
      title: 'Rename file',
      label: 'New name',
      value: path,
      action: 'Rename',
      testId: 'file-name',
      problem: (value) => pathProblem(value, others),
    });
    if (to === null || to === path || this.options.files.text(path) === null) return;
    this.options.files.rename(path, to);
    this.options.onRenamed(path, to);
    this.focusSelected();
  }

  private async remove(path: string): Promise<void> {
    const agreed = await confirmAction(
      `Delete ${path}?`,
      'It disappears for everybody in the room, and undo does not bring it back.',
      'Delete file',
    );
    if (!agreed) return;
    this.options.files.remove(path);
    this.focusSelected();
  }

  /** After a dialog whose opener is gone, the keyboard goes on at the tab that is shown now. */
  private focusSelected(): void {
    this.strip.querySelector<HTMLElement>('.tab[aria-selected=true]')?.focus();
  }
}
