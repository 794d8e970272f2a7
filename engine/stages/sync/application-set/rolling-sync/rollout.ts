import { parseTime } from '#core/clock.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import type { ApplicationStatus, Operation, SyncPolicy } from '../../application/types.ts';
import type { ApplicationSet } from '../types.ts';
import { syncOperation } from './operation.ts';
import {
  assessProgress,
  computeAllowed,
  type LiveApplication,
  type Now,
  progressingStep,
  promoteWaiting,
} from './progress.ts';
import { assignSteps, issueMessage, stepsOf } from './steps.ts';
import type { ApplicationProgress } from './types.ts';

/** What RollingSync decides in one plan. */
export interface Rollout {
  progress: ApplicationProgress[];
  progressingStep: number | undefined;
  issue: string | undefined;
  /** Syncs to start now, by Application. */
  operations: ReadonlyMap<string, Operation>;
  /** When an Application that became Pending may be synced. */
  wakeAtMs: number | undefined;
}

export interface RolloutInput {
  set: ApplicationSet;
  /** As generated, automated sync not yet disabled. */
  desired: readonly Manifest[];
  owned: readonly KubeObject[];
  /** Whether the set would change an Application's spec. */
  specChanged(application: KubeObject): boolean;
  nowMs: number;
  now: string;
}

/**
 * One look at a RollingSync set (argo-cd.md §2.8): statuses, promotion, syncs.
 *
 * An Application becomes Pending in one plan and is synced in a later one, for two reasons. What a plan relies on has to be
 * stored first. And the start of a sync is recognised by being later than the transition, in whole seconds: so the sync waits
 * for the next second, where upstream leaves it to the latency of a cluster.
 */
export function planRollout({ set, desired, owned, specChanged, nowMs, now }: RolloutInput): Rollout {
  const clock: Now = { text: now, toMs: parseTime };
  const steps = stepsOf(set.spec.strategy);
  const assignment = assignSteps(
    steps,
    desired.map(({ metadata }) => ({ name: metadata.name ?? '', labels: metadata.labels ?? {} })),
  );
  const previous = set.status?.applicationStatus ?? [];
  const live = owned.map((application) => liveOf(application, specChanged(application)));
  const assessed = assessProgress(previous, live, assignment.stepOf, clock);
  const names = new Set(owned.map(({ metadata }) => metadata.name));
  const allowed = computeAllowed(assignment.steps, assessed, names);
  const progress = promoteWaiting(assessed, allowed, steps, assignment, clock);
  const syncs = planSyncs(progress, allowed, { set, desired, owned }, nowMs);
  return {
    progress,
    progressingStep: progressingStep(progress, steps.length),
    issue: issueMessage(assignment.issues),
    ...syncs,
  };
}

const SECOND_MS = 1000;

function planSyncs(
  progress: readonly ApplicationProgress[],
  allowed: ReadonlySet<string>,
  { set, desired, owned }: Pick<RolloutInput, 'set' | 'desired' | 'owned'>,
  nowMs: number,
): Pick<Rollout, 'operations' | 'wakeAtMs'> {
  const stored = new Map((set.status?.applicationStatus ?? []).map((entry) => [entry.application, entry]));
  const byName = new Map(owned.map((application) => [application.metadata.name, application]));
  const entries = new Map(progress.map((entry) => [entry.application, entry]));
  const operations = new Map<string, Operation>();
  let wakeAtMs: number | undefined;
  for (const application of desired) {
    const name = application.metadata.name ?? '';
    const entry = entries.get(name);
    const live = byName.get(name);
    if (entry?.status !== 'Pending' || !allowed.has(name) || live === undefined) continue;
    const sinceMs = parseTime(entry.lastTransitionTime) ?? nowMs;
    if (hasSync(live, sinceMs)) continue;
    const dueMs = sinceMs + SECOND_MS;
    if (nowMs < dueMs || stored.get(name)?.status !== 'Pending') {
      wakeAtMs = Math.min(wakeAtMs ?? Number.POSITIVE_INFINITY, Math.max(dueMs, nowMs + 1));
    } else
      operations.set(
        name,
        syncOperation((application.spec as { syncPolicy?: unknown } | undefined)?.syncPolicy as SyncPolicy | undefined),
      );
  }
  return { operations, wakeAtMs };
}

/** A sync is asked for already, or one has started since. */
function hasSync(application: KubeObject, sinceMs: number): boolean {
  if ((application as { operation?: unknown }).operation !== undefined) return true;
  const startedAt = statusOf(application).operationState?.startedAt;
  return (parseTime(startedAt) ?? Number.NEGATIVE_INFINITY) > sinceMs;
}

function statusOf(application: KubeObject): ApplicationStatus {
  return (application.status ?? {}) as ApplicationStatus;
}

function liveOf(application: KubeObject, specChanged: boolean): LiveApplication {
  const status = statusOf(application);
  const sync = status.sync as { status?: string; revision?: string; revisions?: string[] } | undefined;
  const startedAtMs = parseTime(status.operationState?.startedAt);
  return {
    name: application.metadata.name,
    syncStatus: sync?.status,
    healthStatus: status.health?.status,
    revisions: (sync?.revisions?.length ?? 0) > 0 ? (sync?.revisions ?? []) : sync?.revision ? [sync.revision] : [],
    reconciledAtMs: lookedAtMs(status),
    operation:
      status.operationState === undefined || startedAtMs === undefined
        ? undefined
        : { phase: status.operationState.phase, startedAtMs },
    hasError: (status.conditions ?? []).some(({ type }) => type === 'InvalidSpecError' || type === 'UnknownError'),
    specChanged,
  };
}

/**
 * When the Application's controller last looked at it. Here `reconciledAt` moves only when the comparison comes out differently,
 * so what it wrote about an operation counts as a look too.
 */
function lookedAtMs({ reconciledAt, operationState }: ApplicationStatus): number | undefined {
  const times = [reconciledAt, operationState?.startedAt, operationState?.finishedAt]
    .map((text) => parseTime(text))
    .filter((time) => time !== undefined);
  return reconciledAt === undefined || times.length === 0 ? undefined : Math.max(...times);
}
