/**
 * What a person prefers on this device: theme, font size, word wrap. Owns their storage and the attributes on
 * the root element that the style sheets read; the editor subscribes to what CSS cannot express.
 */
import { readJson, writeJson } from './storage.ts';

export type ThemeChoice = 'system' | 'light' | 'dark';

export interface Preferences {
  readonly theme: ThemeChoice;
  /** In CSS pixels. */
  readonly fontSize: number;
  readonly wrap: boolean;
}

export const FONT_SIZE_MIN = 11;
export const FONT_SIZE_MAX = 24;

const KEY = 'tutti.preferences';
const DEFAULTS = { theme: 'system', fontSize: 14 } as const;
const listeners = new Set<(preferences: Preferences) => void>();

/** Reads the stored preferences; whatever is missing or out of range has its default. */
export function loadPreferences(): Preferences {
  const stored = readJson<Partial<Preferences>>(KEY) ?? {};
  const theme =
    stored.theme === 'light' || stored.theme === 'dark' || stored.theme === 'system'
      ? stored.theme
      : DEFAULTS.theme;
  const size = typeof stored.fontSize === 'number' ? Math.round(stored.fontSize) : DEFAULTS.fontSize;
  return {
    theme,
    fontSize: Math.min(FONT_SIZE_MAX, Math.max(FONT_SIZE_MIN, size)),
    // On a phone most lines are too long; elsewhere code keeps its shape.
    wrap: stored.wrap ?? matchMedia('(max-width: 899px)').matches,
  };
}

/** Stores a change, shows it and tells every subscriber. */
export function changePreferences(change: Partial<Preferences>): void {
  writeJson(KEY, { ...loadPreferences(), ...change });
  const now = loadPreferences();
  applyPreferences(now);
  for (const listener of listeners) listener(now);
}

/** Calls `listener` on each change; the answer unsubscribes. */
export function onPreferences(listener: (preferences: Preferences) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Writes the preferences to the root element, where the style sheets find them. */
export function applyPreferences(preferences: Preferences): void {
  const root = document.documentElement;
  if (preferences.theme === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = preferences.theme;
  root.style.setProperty('--editor-font-size', `${preferences.fontSize}px`);
}
