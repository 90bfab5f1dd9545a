/** The dialogs for logging in and registering. `onDone` is called once there is a login. */
import * as account from './account.ts';
import { openDialog } from './dialogs.ts';
import { Field, form } from './forms.ts';

export function openLogin(onDone: () => void): void {
  const email = emailField();
  const password = new Field({
    name: 'password',
    label: 'Password',
    type: 'password',
    autocomplete: 'current-password',
    testId: 'password',
  });
  open('Log in', [email, password], onDone, () => account.login(email.value, password.value));
}

export function openRegister(onDone: () => void): void {
  const email = emailField();
  const username = new Field({
    name: 'username',
    label: 'Username',
    autocomplete: 'username',
    hint: '3 to 30 letters, digits or underscores',
    testId: 'username',
  });
  const password = new Field({
    name: 'password',
    label: 'Password',
    type: 'password',
    autocomplete: 'new-password',
    hint: 'At least 8 characters, with upper case, lower case and a digit',
    testId: 'password',
  });
  open('Register', [email, username, password], onDone, () =>
    account.register(username.value, email.value, password.value),
  );
}

function emailField(): Field {
  return new Field({ name: 'email', label: 'Email', type: 'email', autocomplete: 'email', testId: 'email' });
}

function open(title: string, fields: readonly Field[], onDone: () => void, work: () => Promise<void>): void {
  const submit = async (): Promise<void> => {
    await work();
    dialog.close();
    onDone();
  };
  const dialog = openDialog({
    title,
    body: [form({ fields, action: title, testId: 'submit-account', submit })],
  });
  fields[0]?.input.focus();
}
