/** Form fields whose errors stand beside them: those of the browser's own checks and those of the server. */
import { ApiError, explain } from './api.ts';
import { fill, h, type Child } from './dom.ts';

export interface FieldOptions {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password';
  readonly value?: string;
  readonly placeholder?: string;
  readonly autocomplete?: string;
  readonly hint?: string;
  readonly maxLength?: number;
  /** Which keyboard a phone shows. */
  readonly inputMode?: 'numeric' | 'text';
  readonly testId?: string;
}

/** One labelled input with a place for its error. */
export class Field {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  private readonly error: HTMLElement;

  constructor(private readonly options: FieldOptions) {
    const id = `field-${options.name}`;
    this.error = h('p', { class: 'field-error', id: `${id}-error`, role: 'alert' });
    this.input = h('input', {
      class: 'input',
      id,
      name: options.name,
      type: options.type ?? 'text',
      required: true,
      maxlength: options.maxLength,
      placeholder: options.placeholder,
      autocomplete: options.autocomplete ?? 'off',
      inputmode: options.inputMode,
      'data-testid': options.testId,
      'aria-describedby': options.hint === undefined ? `${id}-error` : `${id}-error ${id}-hint`,
      oninput: () => this.setError(null),
    });
    this.input.value = options.value ?? '';
    this.element = h(
      'div',
      { class: 'field' },
      h('label', { class: 'field-label', for: id }, options.label),
      this.input,
      options.hint !== undefined && h('p', { class: 'hint', id: `${id}-hint` }, options.hint),
      this.error,
    );
  }

  get name(): string {
    return this.options.name;
  }

  get value(): string {
    return this.options.type === 'password' ? this.input.value : this.input.value.trim();
  }

  setError(text: string | null): void {
    fill(this.error, text);
    if (text === null) this.input.removeAttribute('aria-invalid');
    else this.input.setAttribute('aria-invalid', 'true');
  }

  /** True if the field is filled as its type demands; says what is missing otherwise. */
  check(): boolean {
    const problem =
      this.value === ''
        ? 'Please fill this in.'
        : this.input.checkValidity()
          ? null
          : this.input.validationMessage;
    this.setError(problem);
    return problem === null;
  }
}

export interface FormOptions {
  readonly fields: readonly Field[];
  readonly more?: readonly Child[];
  readonly action: string;
  /** How the button looks; as wide as the form unless said. */
  readonly look?: 'wide' | 'compact' | 'danger';
  /** Below the button. */
  readonly after?: readonly Child[];
  readonly testId: string;
  readonly submit: () => Promise<void>;
}

const LOOKS = {
  wide: 'button primary wide',
  compact: 'button primary',
  danger: 'button danger wide',
} as const;

/** A form that shows what is wrong at the field where it is wrong, and below where no field is to blame. */
export function form(options: FormOptions): HTMLFormElement {
  const error = h('p', { class: 'field-error form-error', role: 'alert', 'data-testid': 'form-error' });
  const button = h(
    'button',
    { type: 'submit', class: LOOKS[options.look ?? 'wide'], 'data-testid': options.testId },
    options.action,
  );
  const submit = async (): Promise<void> => {
    fill(error);
    const wrong = options.fields.filter((field) => !field.check());
    if (wrong[0] !== undefined) return wrong[0].input.focus();
    button.disabled = true;
    button.setAttribute('aria-busy', 'true');
    try {
      await options.submit();
    } catch (problem) {
      fill(error, showErrors(problem, options.fields));
    } finally {
      button.disabled = false;
      button.removeAttribute('aria-busy');
    }
  };
  return h(
    'form',
    {
      class: 'form',
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        void submit();
      },
    },
    ...options.fields.map((field) => field.element),
    ...(options.more ?? []),
    error,
    button,
    ...(options.after ?? []),
  );
}

/** Puts each error of a failed call at its field; answers what is left to say below the form. */
function showErrors(problem: unknown, fields: readonly Field[]): string | null {
  if (!(problem instanceof ApiError) || problem.fields.length === 0) return explain(problem);
  const unplaced: string[] = [];
  let first: Field | null = null;
  for (const { field: name, message } of problem.fields) {
    const field = fields.find((candidate) => candidate.name === name);
    if (field === undefined) unplaced.push(`${name}: ${message}`);
    else field.setError(message.charAt(0).toUpperCase() + message.slice(1));
    first ??= field ?? null;
  }
  first?.input.focus();
  return unplaced.length === 0 ? null : unplaced.join('; ');
}
