/** What a key means in the history view, unless it means something where the focus is. Pure. */

export type KeyAction =
  | { readonly kind: 'step' | 'mark'; readonly direction: -1 | 1 }
  | { readonly kind: 'seek'; readonly to: 'first' | 'last' }
  | { readonly kind: 'play' | 'close' };

/** Places with keys of their own; the slider is not among them, although it is a field. */
const OWN_KEYS = 'input:not([type=range]), select, textarea, [role=tab], .cm-editor, .screen, .messages';

export function keyAction(event: KeyboardEvent): KeyAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
  if (event.key === 'Escape') return { kind: 'close' };
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(OWN_KEYS) != null) return null;
  switch (event.key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return { kind: event.shiftKey ? 'mark' : 'step', direction: -1 };
    case 'ArrowRight':
    case 'ArrowUp':
      return { kind: event.shiftKey ? 'mark' : 'step', direction: 1 };
    case 'Home':
      return { kind: 'seek', to: 'first' };
    case 'End':
      return { kind: 'seek', to: 'last' };
    case ' ':
      return target?.closest('button, summary, a') == null ? { kind: 'play' } : null;
    default:
      return null;
  }
}
