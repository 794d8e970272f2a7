import type { Claims } from '#lib/rbac/rbac.ts';

/** Who sends a request. */
export interface Identity {
  /** An account's name, or `proj:PROJECT:ROLE`. */
  username: string;
  groups: readonly string[];
  /** What policies are asked about. Undefined for the bearer of the engine's own token, whom no policy restricts. */
  claims: Claims | undefined;
  /** `jti` of the token, for the audit record. */
  tokenId?: string;
}

/** The bearer of the engine's own token: the cluster's administrator, as `system:masters` is on a cluster. */
export const CLUSTER_ADMIN: Identity = {
  username: 'admin',
  groups: ['system:masters', 'system:authenticated'],
  claims: undefined,
};
