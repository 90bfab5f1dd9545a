/** Changing the password, which ends every other login. */
import { ApiError } from '../api.ts';
import { h } from '../dom.ts';
import { form } from '../forms.ts';
import type { User } from '../wire.ts';
import * as calls from './calls.ts';
import type { Calling } from './calling.ts';
import { newPasswordField, passwordField } from './fields.ts';
import { Answer, section, type SectionFrame } from './parts.ts';

export function passwordSection(calling: Calling, user: User, onChanged: () => void): SectionFrame {
  const answer = new Answer();
  const current = passwordField('currentPassword', 'Current password');
  const next = newPasswordField('newPassword', 'New password', 'newPassword');
  const submit = async (): Promise<void> => {
    answer.say('');
    const body = { currentPassword: current.value, newPassword: next.value };
    try {
      await calling.as((bearer) => calls.changePassword(body, bearer));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'FORBIDDEN') throw error;
      current.setError(error.message);
      return current.input.focus();
    }
    current.input.value = next.input.value = '';
    answer.say('Your password is changed, and all other logins are ended.');
    onChanged();
  };
  // For password managers, which store a password under a name.
  const username = h('input', {
    type: 'text',
    autocomplete: 'username',
    value: user.email,
    readonly: true,
    hidden: true,
  });
  const entry = form({
    fields: [current, next],
    more: [username],
    action: 'Change password',
    look: 'compact',
    testId: 'change-password',
    submit,
  });
  const about = 'A new password ends all logins but this one.';
  return section('password', 'Password', about, entry, answer.element);
}
