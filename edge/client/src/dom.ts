/**
 * Builds elements. Text always goes in as text nodes, so nothing that a person typed is ever parsed as markup;
 * the only markup comes from the constants in icons.ts.
 */

export type Child = Node | string | null | undefined | false;

type Attributes = Record<string, string | number | boolean | null | undefined | EventListener>;

/** Makes an element. `on…` attributes are listeners, `true` is an empty attribute, `false` and null are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

export function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Replaces all children. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

/** An icon from icons.ts, hidden from assistive technology: the control around it has the label. */
export function icon(markup: string, size = 16): SVGElement {
  const template = document.createElement('template');
  template.innerHTML = `<svg viewBox="0 0 16 16" width="${size}" height="${size}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false" class="icon">${markup}</svg>`;
  const svg = template.content.firstElementChild;
  if (!(svg instanceof SVGElement)) throw new Error('an icon is one svg element');
  return svg;
}

/** A button that shows only an icon, with its name as label and tooltip. */
export function iconButton(
  markup: string,
  label: string,
  onclick: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  return h(
    'button',
    { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...attributes },
    icon(markup),
  );
}
