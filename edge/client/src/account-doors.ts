/**
 * The doors to logging in and registering. The forms behind them are loaded when one is opened, so that the page of a
 * guest does not wait for what it may never show.
 */
import { notice } from './dialogs.ts';

const NOT_LOADED = 'The form could not be loaded. Check your connection and try again.';

/** `onDone` is called once there is a login. */
export function openLogin(onDone: () => void): void {
  import('./account/login.ts').then(
    (login) => login.openLogin(onDone),
    () => notice(NOT_LOADED, 'error'),
  );
}

/** `onDone` is called once there is an account, which is logged in. */
export function openRegister(onDone: () => void): void {
  import('./account/register.ts').then(
    (register) => register.openRegister(onDone),
    () => notice(NOT_LOADED, 'error'),
  );
}
