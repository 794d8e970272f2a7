/** Conditions and events of ExternalSecrets, as the External Secrets Operator words them. */
export const SECRET_SYNCED = 'SecretSynced';
export const SECRET_SYNCED_ERROR = 'SecretSyncedError';
export const SYNCED_MESSAGE = 'secret synced';

export const CREATED = 'Created';
export const UPDATED = 'Updated';
export const UPDATE_FAILED = 'UpdateFailed';
export const CREATED_MESSAGE = 'secret created';
export const UPDATED_MESSAGE = 'secret updated';

/** Why a Secret cannot be made: what is wrong, in which field, and what to do. */
export function refused(field: string, problem: string, fix: string): string {
  return `could not get secret data from provider: ${field}: ${problem}; ${fix}`;
}
