/** Calls about one's own account: one function for each. Who is asking comes as `bearer`. */
import { call } from '../api.ts';
import type {
  ApiKey,
  ApiKeySecret,
  ChangePasswordRequest,
  CreateApiKeyRequest,
  EndedLogins,
  Login,
  Me,
  OAuthProviders,
  Page,
  RecoveryCodes,
  ResetPasswordRequest,
  TotpSetup,
} from '../wire.ts';

const LOGINS_PER_PAGE = 20;

export const me = (bearer: string): Promise<Me> => call('GET', '/auth/me', { bearer });

export const rename = (username: string, bearer: string): Promise<Me> =>
  call('PUT', '/auth/me', { body: { username }, bearer });

export const changePassword = (body: ChangePasswordRequest, bearer: string): Promise<void> =>
  call('POST', '/auth/change-password', { body, bearer });

/** All that is stored of the account; it is handed on as it is. */
export const exported = (bearer: string): Promise<unknown> => call('GET', '/auth/me/export', { bearer });

export const deleteAccount = (password: string, bearer: string): Promise<void> =>
  call('DELETE', '/auth/me', { body: { password }, bearer });

export const forgotPassword = (email: string): Promise<void> =>
  call('POST', '/auth/forgot-password', { body: { email } });

export const resetPassword = (body: ResetPasswordRequest): Promise<void> =>
  call('POST', '/auth/reset-password', { body });

export const verifyEmail = (token: string): Promise<void> =>
  call('POST', '/auth/verify-email', { body: { token } });

export const sendVerification = (bearer: string): Promise<void> =>
  call('POST', '/auth/verify-email/send', { bearer });

export const logins = (cursor: string | null, bearer: string): Promise<Page<Login>> => {
  const after = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  return call('GET', `/auth/logins?limit=${LOGINS_PER_PAGE}${after}`, { bearer });
};

export const endLogin = (id: string, bearer: string): Promise<EndedLogins> =>
  call('DELETE', `/auth/logins/${id}`, { bearer });

export const endOtherLogins = (bearer: string): Promise<EndedLogins> =>
  call('DELETE', '/auth/logins', { bearer });

export const beginTotp = (bearer: string): Promise<TotpSetup> => call('POST', '/auth/totp', { bearer });

export const confirmTotp = (code: string, bearer: string): Promise<RecoveryCodes> =>
  call('POST', '/auth/totp/confirm', { body: { code }, bearer });

export const endTotp = (password: string, bearer: string): Promise<void> =>
  call('DELETE', '/auth/totp', { body: { password }, bearer });

export const renewRecoveryCodes = (code: string, bearer: string): Promise<RecoveryCodes> =>
  call('POST', '/auth/totp/recovery-codes', { body: { code }, bearer });

export const apiKeys = (bearer: string): Promise<Page<ApiKey>> => call('GET', '/auth/api-keys', { bearer });

export const createApiKey = (body: CreateApiKeyRequest, bearer: string): Promise<ApiKeySecret> =>
  call('POST', '/auth/api-keys', { body, bearer });

export const rotateApiKey = (id: string, bearer: string): Promise<ApiKeySecret> =>
  call('POST', `/auth/api-keys/${id}/rotate`, { bearer });

export const deleteApiKey = (id: string, bearer: string): Promise<void> =>
  call('DELETE', `/auth/api-keys/${id}`, { bearer });

/** With a bearer, each provider says whether the account is linked with it. */
export const providers = (bearer: string | null): Promise<OAuthProviders> =>
  call('GET', '/auth/oauth', { bearer });
