/** A dialog with a form: what it is about, its fields, one button. Answers with what the form's call gave. */
import { openDialog } from '../dialogs.ts';
import { h, type Child } from '../dom.ts';
import { form, type Field, type FormOptions } from '../forms.ts';

export interface Question<T> {
  readonly title: string;
  readonly about: readonly Child[];
  readonly fields: readonly Field[];
  readonly more?: readonly Child[];
  readonly action: string;
  readonly look?: NonNullable<FormOptions['look']>;
  readonly testId: string;
  readonly submit: () => Promise<T>;
}

/** Null if the person closed the dialog. It stays open, and says what is wrong, while the call fails. */
export function ask<T>(question: Question<T>): Promise<T | null> {
  return new Promise((resolve) => {
    let result: T | null = null;
    const submit = async (): Promise<void> => {
      result = await question.submit();
      dialog.close();
    };
    const { fields, more = [], action, look = 'wide', testId } = question;
    const dialog = openDialog({
      title: question.title,
      testId: `${testId}-dialog`,
      body: [
        h('div', { class: 'dialog-about' }, ...question.about),
        form({ fields, more, action, look, testId, submit }),
      ],
      onClose: () => resolve(result),
    });
    fields[0]?.input.focus();
  });
}

interface ShownOnce {
  readonly title: string;
  readonly body: readonly Child[];
  /** On the button. */
  readonly done: string;
  readonly testId: string;
}

/** Shows what is never shown again: only the button closes it. */
export function showOnce({ title, body, done, testId }: ShownOnce): Promise<void> {
  return new Promise((resolve) => {
    const button = h(
      'button',
      {
        type: 'button',
        class: 'button primary',
        'data-testid': 'stored',
        onclick: () => dialog.close(),
      },
      done,
    );
    const dialog = openDialog({
      title,
      testId,
      dismissable: false,
      body: [...body, h('div', { class: 'dialog-actions' }, button)],
      onClose: resolve,
    });
  });
}
