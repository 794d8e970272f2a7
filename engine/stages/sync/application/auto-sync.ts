import { parseTime } from '#core/clock.ts';
import { deepEqual } from '#core/json.ts';
import type { ApplicationConfig } from './config.ts';
import type { Refreshed } from './refresh.ts';
import { type SourceSet, sourceSetOf } from './sources.ts';
import type { Application, ApplicationCondition, Operation, OperationState } from './types.ts';

export interface AutoSync {
  operation?: Operation;
  condition?: Pick<ApplicationCondition, 'type' | 'message'>;
  /** A self-heal that must wait until then. */
  notBeforeMs?: number;
  /** A sync window blocks automated sync: what it said last about errors still stands. */
  keepsSyncError?: boolean;
}

const RETRY_LIMIT_DEFAULT = 5;

/** Whether the controller itself starts a sync now (argo-cd.md §3.5, cases cd/C01-C11). */
export function planAutoSync(
  application: Application,
  refreshed: Refreshed,
  config: Pick<ApplicationConfig, 'selfHealBackoff'>,
  nowMs: number,
): AutoSync {
  const { syncPolicy } = application.spec;
  const sources = sourceSetOf(application.spec) ?? { sources: [], isMultiple: false };
  const automated = syncPolicy?.automated;
  const { revision, revisions, status } = refreshed.sync;
  const shas = revisions ?? (revision === undefined ? [] : [revision]);
  if (automated === undefined || automated === null || automated.enabled === false) return {};
  if (application.operation !== undefined || application.metadata.deletionTimestamp !== undefined) return {};
  if (status !== 'OutOfSync' || shas.length === 0) return {};
  const pending = refreshed.resources.filter((resource) => resource.status !== 'Synced');
  if (automated.prune !== true && pending.every(({ requiresPruning }) => requiresPruning === true)) return {};
  const last = application.status?.operationState;
  const sync: NonNullable<Operation['sync']> = {
    ...(revisions === undefined ? { revision } : { revisions }),
    ...(automated.prune === true ? { prune: true } : {}),
    ...(syncPolicy?.syncOptions === undefined ? {} : { syncOptions: syncPolicy.syncOptions }),
  };
  const operation: Operation = {
    sync,
    initiatedBy: { automated: true },
    retry: syncPolicy?.retry ?? { limit: RETRY_LIMIT_DEFAULT },
  };
  const named = shas.join(' ');
  if (isAttempted(last, shas, sources, refreshed.touched)) {
    if (last?.phase !== 'Succeeded') {
      return syncError(`Failed last sync attempt to [${named}]: ${last?.message ?? ''}`);
    }
    if (automated.selfHeal !== true) return {};
    const attempts = last.operation.sync?.autoHealAttemptsCount ?? 0;
    const notBeforeMs = (parseTime(last.finishedAt) ?? 0) + selfHealDelayMs(attempts, config.selfHealBackoff);
    if (attempts > 0 && nowMs < notBeforeMs) return { notBeforeMs };
    sync.autoHealAttemptsCount = attempts + 1;
    sync.resources = pending.map(({ group, kind, namespace, name }) => ({
      ...(group === undefined ? {} : { group }),
      kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
    }));
  }
  if (automated.prune === true && automated.allowEmpty !== true && wouldWipeOut(refreshed)) {
    return syncError(`Skipping sync attempt to [${named}]: auto-sync will wipe out all resources`);
  }
  return { operation };
}

function syncError(message: string): AutoSync {
  return { condition: { type: 'SyncError', message } };
}

function wouldWipeOut({ resources }: Refreshed): boolean {
  return resources.every(({ requiresPruning }) => requiresPruning === true);
}

/**
 * True when the last operation was for these revisions of these sources (case cd/C11).
 * @param touched False: the revisions are known to change nothing, so they need not be the same.
 */
export function isAttempted(
  last: OperationState | undefined,
  shas: readonly string[],
  set: SourceSet,
  touched = true,
): boolean {
  if (last === undefined) return false;
  const completed = last.phase !== 'Running' && last.phase !== 'Terminating';
  const { syncResult } = last;
  if (syncResult === undefined) {
    const { revision, revisions } = last.operation.sync ?? {};
    const requested = revisions ?? (revision ? [revision] : []);
    return completed && (requested.length === 0 || deepEqual(requested, shas));
  }
  const deployed = syncResult.revisions ?? [syncResult.revision];
  if (touched && !deepEqual(deployed, shas)) return false;
  return deepEqual(sourceSetOf(syncResult)?.sources ?? [], set.sources);
}

/** 0, 2 s, 6 s, 18 s, … for the attempts made so far (case cd/C10). */
export function selfHealDelayMs(attempts: number, backoff: ApplicationConfig['selfHealBackoff']): number {
  if (attempts <= 0) return 0;
  return Math.min(backoff.capMs, backoff.firstMs * backoff.factor ** (attempts - 1));
}
