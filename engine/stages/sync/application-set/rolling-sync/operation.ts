import { isRecord } from '#core/json.ts';
import type { Operation, RetryStrategy, SyncPolicy } from '../../application/types.ts';

const RETRY_LIMIT = 5;

/**
 * The spec a RollingSync set writes: its `automated` block, if any, disabled, since the set starts the syncs itself.
 * Everything that compares a generated Application with its live one must go through this first.
 */
export function withoutAutomatedSync(spec: Record<string, unknown>): Record<string, unknown> {
  const policy = spec.syncPolicy;
  if (!isRecord(policy) || !isRecord(policy.automated)) return spec;
  return { ...spec, syncPolicy: { ...policy, automated: { ...policy.automated, enabled: false } } };
}

/** The operation that syncs an Application whose turn it is (argo-cd.md §2.8 F, case cd/B50). */
export function syncOperation(policy: SyncPolicy | undefined): Operation {
  const automated = policy?.automated;
  const prune =
    automated !== undefined && automated !== null && automated.enabled !== false && automated.prune === true;
  const retry: RetryStrategy = policy?.retry ?? { limit: RETRY_LIMIT };
  return {
    initiatedBy: { username: 'applicationset-controller', automated: true },
    info: [{ name: 'Reason', value: 'ApplicationSet RollingSync triggered a sync of this Application resource' }],
    sync: {
      ...(prune ? { prune } : {}),
      ...(policy?.syncOptions === undefined ? {} : { syncOptions: policy.syncOptions }),
    },
    retry,
  };
}
