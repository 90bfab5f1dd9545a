/** The dialog that makes an API key: its name, what it may be used for, and how long. */
import { h } from '../dom.ts';
import { Field } from '../forms.ts';
import type { ApiKeySecret, CreateApiKeyRequest, Scope } from '../wire.ts';
import { ask } from './ask.ts';
import { tickBox } from './parts.ts';

const NAME_MAX_CHARS = 60;
const DAY_MS = 24 * 3_600_000;

const SCOPES: readonly (readonly [Scope, string])[] = [
  ['rooms:read', 'Read rooms and their history'],
  ['rooms:write', 'Make, change and enter rooms'],
  ['runs', 'Start, watch and end runs'],
];

/** In days; 0 is never. */
const LIVES: readonly (readonly [number, string])[] = [
  [30, '30 days'],
  [90, '90 days'],
  [365, 'One year'],
  [0, 'Never'],
];
const LIFE_DAYS = 90;

export function scopeWords(scope: Scope): string {
  return SCOPES.find(([known]) => known === scope)?.[1] ?? scope;
}

/** Null if the person closed the dialog. */
export function askForKey(
  make: (body: CreateApiKeyRequest) => Promise<ApiKeySecret>,
): Promise<ApiKeySecret | null> {
  const name = new Field({
    name: 'name',
    label: 'Name',
    placeholder: 'Nightly build',
    maxLength: NAME_MAX_CHARS,
    testId: 'api-key-name',
  });
  const boxes = SCOPES.map(([scope, words]) => ({ scope, ...tickBox(words, false, `scope-${scope}`) }));
  const life = h(
    'select',
    { class: 'select', id: 'field-expires', 'data-testid': 'api-key-life' },
    ...LIVES.map(([days, words]) => h('option', { value: days, selected: days === LIFE_DAYS }, words)),
  );
  const submit = (): Promise<ApiKeySecret> => {
    const scopes = boxes.filter(({ input }) => input.checked).map(({ scope }) => scope);
    if (scopes.length === 0) throw new Error('Tick at least one thing that the key may be used for.');
    const days = Number(life.value);
    return make({
      name: name.value,
      scopes,
      ...(days === 0 ? {} : { expiresAt: Date.now() + days * DAY_MS }),
    });
  };
  return ask({
    title: 'New API key',
    about: [],
    fields: [name],
    more: [
      h(
        'fieldset',
        { class: 'ticks' },
        h('legend', { class: 'field-label' }, 'It may'),
        ...boxes.map(({ element }) => element),
      ),
      h(
        'div',
        { class: 'field' },
        h('label', { class: 'field-label', for: 'field-expires' }, 'Expires after'),
        life,
      ),
    ],
    action: 'Make the key',
    testId: 'make-api-key',
    submit,
  });
}
