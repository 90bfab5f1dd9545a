/** The dialog for registering. */
import * as account from '../account.ts';
import { openDialog } from '../dialogs.ts';
import { form } from '../forms.ts';
import { emailField, newPasswordField, usernameField } from './fields.ts';
import { addAccountStyle } from './style.ts';

/** `onDone` is called once there is an account, which is logged in. */
export function openRegister(onDone: () => void): void {
  addAccountStyle();
  const email = emailField();
  const username = usernameField();
  const password = newPasswordField('password', 'Password', 'password');
  const submit = async (): Promise<void> => {
    await account.register(username.value, email.value, password.value);
    dialog.close();
    onDone();
  };
  const fields = [email, username, password];
  const dialog = openDialog({
    title: 'Register',
    body: [form({ fields, action: 'Register', testId: 'submit-account', submit })],
  });
  email.input.focus();
}
