/**
 * Modal dialogs on the native <dialog> element, which brings focus trap, Escape and backdrop, and short
 * notices. Each function answers when the person has decided.
 */
import { append, fill, h, iconButton, type Child } from './dom.ts';
import * as icons from './icons.ts';

export interface DialogHandle {
  readonly element: HTMLDialogElement;
  close(): void;
}

interface DialogOptions {
  readonly title: string;
  readonly body: readonly Child[];
  /** False for a dialog that the person must answer. */
  readonly dismissable?: boolean;
  readonly testId?: string;
  readonly onClose?: () => void;
}

let serial = 0;

/** Opens a dialog; it removes itself when closed, and focus goes back to where it was. */
export function openDialog(options: DialogOptions): DialogHandle {
  const dismissable = options.dismissable ?? true;
  const titleId = `dialog-${(serial += 1)}`;
  const before = document.activeElement;
  const element = h('dialog', { class: 'dialog', 'aria-labelledby': titleId, 'data-testid': options.testId });
  const close = (): void => element.close();
  append(element, [
    h(
      'header',
      { class: 'dialog-head' },
      h('h2', { id: titleId }, options.title),
      dismissable && iconButton(icons.CLOSE, 'Close', close),
    ),
    ...options.body,
  ]);
  element.addEventListener('cancel', (event) => {
    if (!dismissable) event.preventDefault();
  });
  element.addEventListener('click', (event) => {
    if (dismissable && event.target === element) close();
  });
  element.addEventListener('close', () => {
    element.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    options.onClose?.();
  });
  document.body.append(element);
  element.showModal();
  return { element, close };
}

/** Asks before something that cannot be taken back. */
export function confirmAction(title: string, text: string, action: string): Promise<boolean> {
  return new Promise((resolve) => {
    let agreed = false;
    const dialog = openDialog({
      title,
      body: [
        h('p', {}, text),
        h(
          'div',
          { class: 'dialog-actions' },
          h(
            'button',
            { type: 'button', class: 'button', autofocus: true, onclick: () => dialog.close() },
            'Cancel',
          ),
          h(
            'button',
            {
              type: 'button',
              class: 'button danger',
              'data-testid': 'confirm',
              onclick: () => {
                agreed = true;
                dialog.close();
              },
            },
            action,
          ),
        ),
      ],
      onClose: () => resolve(agreed),
    });
  });
}

interface TextQuestion {
  readonly title: string;
  readonly label: string;
  readonly value?: string;
  readonly placeholder?: string;
  readonly hint?: string;
  readonly action: string;
  readonly testId: string;
  readonly maxLength?: number;
  readonly dismissable?: boolean;
  /** What is wrong with an answer, or null. */
  readonly problem?: (value: string) => string | null;
}

/** Asks for one line of text; null if the person closed the dialog. */
export function askText(question: TextQuestion): Promise<string | null> {
  return new Promise((resolve) => {
    let answer: string | null = null;
    const input = h('input', {
      id: 'dialog-text',
      class: 'input',
      type: 'text',
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      required: true,
      maxlength: question.maxLength ?? 255,
      placeholder: question.placeholder,
      'data-testid': question.testId,
      'aria-describedby': 'dialog-text-error',
    });
    input.value = question.value ?? '';
    const error = h('p', { class: 'field-error', id: 'dialog-text-error', role: 'alert' });
    const submit = (event: Event): void => {
      event.preventDefault();
      const value = input.value.trim();
      const problem = value === '' ? 'This cannot be empty.' : (question.problem?.(value) ?? null);
      fill(error, problem);
      input.toggleAttribute('aria-invalid', problem !== null);
      if (problem !== null) return input.focus();
      answer = value;
      dialog.close();
    };
    const form = h(
      'form',
      { onsubmit: submit, novalidate: true },
      h('label', { class: 'field-label', for: 'dialog-text' }, question.label),
      input,
      question.hint !== undefined && h('p', { class: 'hint' }, question.hint),
      error,
      h(
        'div',
        { class: 'dialog-actions' },
        h('button', { type: 'submit', class: 'button primary' }, question.action),
      ),
    );
    const dialog = openDialog({
      title: question.title,
      body: [form],
      dismissable: question.dismissable ?? true,
      onClose: () => resolve(answer),
    });
    input.focus();
    // A file's name is selected without its extension: that is the part one changes.
    const dot = input.value.lastIndexOf('.');
    input.setSelectionRange(input.value.lastIndexOf('/') + 1, dot > 0 ? dot : input.value.length);
  });
}

const NOTICE_MS = 6_000;

export interface NoticeAction {
  readonly label: string;
  readonly testId: string;
  readonly work: () => void;
}

/** Shows a sentence for a few seconds, or with an action until it is dismissed; errors are announced at once. */
export function notice(
  text: string,
  kind: 'info' | 'error' = 'info',
  action: NoticeAction | null = null,
): void {
  let host = document.querySelector<HTMLElement>('.notices');
  if (host === null) {
    host = h('div', { class: 'notices' });
    document.body.append(host);
  }
  const remove = (): void => element.remove();
  const act = (): void => {
    remove();
    action?.work();
  };
  const attributes = { type: 'button', class: 'button small', 'data-testid': action?.testId, onclick: act };
  const element = h(
    'div',
    { class: `notice ${kind}`, role: kind === 'error' ? 'alert' : 'status' },
    h('span', {}, text),
    action !== null && h('button', attributes, action.label),
    iconButton(icons.CLOSE, 'Dismiss', remove),
  );
  // Only a few at a time: the oldest goes.
  while (host.childElementCount >= 3) host.firstElementChild?.remove();
  host.append(element);
  if (action === null) setTimeout(remove, NOTICE_MS);
}
