/**
 * Who the account's page calls as. A login can be ended elsewhere while its access token has time left: a refused
 * token is renewed once, and if there is no other, the page hears that the login is gone.
 */
import * as account from '../account.ts';
import { ApiError } from '../api.ts';

export class Calling {
  constructor(private readonly onLoggedOut: () => void) {}

  /** Makes a call as the person who is logged in. */
  async as<T>(work: (bearer: string) => Promise<T>): Promise<T> {
    const bearer = await account.bearer();
    if (bearer === null) throw this.loggedOut();
    try {
      return await work(bearer);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'UNAUTHORIZED') throw error;
      const other = await account.renewed();
      if (other === null) throw this.loggedOut();
      return work(other);
    }
  }

  private loggedOut(): ApiError {
    this.onLoggedOut();
    return new ApiError('UNAUTHORIZED', 'You are logged out. Log in again to go on.');
  }
}
