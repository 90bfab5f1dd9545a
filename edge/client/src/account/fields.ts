/** The fields that several of the account's forms have. */
import { Field } from '../forms.ts';

export function emailField(value = ''): Field {
  return new Field({
    name: 'email',
    label: 'Email',
    type: 'email',
    autocomplete: 'email',
    testId: 'email',
    value,
  });
}

/** A password that is in force. */
export function passwordField(name = 'password', label = 'Password'): Field {
  return new Field({ name, label, type: 'password', autocomplete: 'current-password', testId: name });
}

/** A password to come. */
export function newPasswordField(name: string, label: string, testId: string): Field {
  return new Field({
    name,
    label,
    type: 'password',
    autocomplete: 'new-password',
    hint: 'At least 8 characters, with upper case, lower case and a digit',
    testId,
  });
}

export function usernameField(value = ''): Field {
  return new Field({
    name: 'username',
    label: 'Username',
    autocomplete: 'username',
    hint: '3 to 30 letters, digits or underscores',
    testId: 'username',
    value,
  });
}

/** A code of the authenticator, and of nothing else. */
export function codeField(name: string, label = 'Code'): Field {
  return new Field({
    name,
    label,
    autocomplete: 'one-time-code',
    inputMode: 'numeric',
    placeholder: '123 456',
    hint: 'The 6 digits that your authenticator shows now',
    testId: 'code',
    maxLength: 7,
  });
}

/** One of the codes for who has lost the authenticator. */
export function recoveryCodeField(name: string): Field {
  return new Field({
    name,
    label: 'Recovery code',
    placeholder: 'abcd-efgh-ijkm-npqr',
    hint: 'One of those you stored when you turned two-step login on. Each works once.',
    testId: 'recovery-code',
    maxLength: 40,
  });
}
