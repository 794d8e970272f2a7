import { deepEqual } from '#core/json.ts';
import type { ApplicationProgress, RolloutIssues, RolloutStep, StepAssignment } from './types.ts';

/** What the statuses are decided from: one live Application, and whether the set would change its spec. */
export interface LiveApplication {
  name: string;
  syncStatus: string | undefined;
  healthStatus: string | undefined;
  /** `status.sync.revisions`, or the one `revision`; none before the first comparison. */
  revisions: readonly string[];
  /** When the Application was last looked at (ms), undefined when never. */
  reconciledAtMs: number | undefined;
  operation: { phase: string; startedAtMs: number } | undefined;
  /** InvalidSpecError or UnknownError among its conditions. */
  hasError: boolean;
  /** The desired spec, automated sync disabled, differs from the live one. */
  specChanged: boolean;
}

/** Times as the status keeps them: text for people, ms for comparison. */
export interface Now {
  text: string;
  toMs(text: string | undefined): number | undefined;
}

/**
 * The status of each live Application (argo-cd.md §2.8 B, cases cd/B20-B35). Entries of Applications that are gone are
 * dropped; the list is sorted by name.
 */
export function assessProgress(
  previous: readonly ApplicationProgress[],
  applications: readonly LiveApplication[],
  stepOf: StepAssignment['stepOf'],
  now: Now,
): ApplicationProgress[] {
  const known = new Map(previous.map((entry) => [entry.application, entry]));
  return [...applications]
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map((application) => assessOne(known.get(application.name), application, stepOf, now));
}

function assessOne(
  last: ApplicationProgress | undefined,
  application: LiveApplication,
  stepOf: StepAssignment['stepOf'],
  now: Now,
): ApplicationProgress {
  const index = stepOf.get(application.name);
  const step = String(index === undefined ? -1 : index + 1);
  const revisions = [...application.revisions];
  const current: ApplicationProgress = last ?? {
    application: application.name,
    lastTransitionTime: now.text,
    message: 'No Application status found, defaulting status to Waiting',
    status: 'Waiting',
    step,
    targetRevisions: revisions,
  };
  let next: ApplicationProgress = { ...current, step, targetRevisions: current.targetRevisions ?? [] };
  const changed = changeMessage(!deepEqual(next.targetRevisions, revisions), application.specChanged);
  if (changed !== undefined) {
    next = moved(next, 'Waiting', changed, now);
    next.targetRevisions = revisions;
  }
  const isSynced = application.syncStatus === 'Synced';
  const isHealthy = application.healthStatus === 'Healthy';
  if (next.status === 'Waiting') {
    // It may have nothing to sync at all, whatever made it wait.
    if (isSynced) {
      const status = isHealthy ? 'Healthy' : 'Progressing';
      next = moved(next, status, `Application resource has synced, updating status to ${status}`, now);
    }
  } else if (current.status === 'Pending') next = assessPending(next, application, now);
  if (current.status === 'Progressing' && changed === undefined && isSynced && isHealthy) {
    const message = 'Application resource became Healthy, updating status from Progressing to Healthy';
    next = moved(next, 'Healthy', message, now);
  }
  return next;
}

function moved(
  entry: ApplicationProgress,
  status: ApplicationProgress['status'],
  message: string,
  now: Now,
): ApplicationProgress {
  // A change that keeps being there must not move the time with every look.
  const same = entry.status === status && entry.message === message;
  return { ...entry, status, message, lastTransitionTime: same ? entry.lastTransitionTime : now.text };
}

function changeMessage(revisions: boolean, spec: boolean): string | undefined {
  if (revisions && spec) return 'Application has pending changes (revision and spec differ), setting status to Waiting';
  if (revisions) return 'Application has pending changes, setting status to Waiting';
  return spec ? 'Application has pending changes (spec differs), setting status to Waiting' : undefined;
}

/** Pending → Progressing once a sync has started since, or cannot start at all (cases cd/B26-B29). */
function assessPending(entry: ApplicationProgress, application: LiveApplication, now: Now): ApplicationProgress {
  const sinceMs = now.toMs(entry.lastTransitionTime) ?? Number.NEGATIVE_INFINITY;
  if (application.reconciledAtMs !== undefined && application.reconciledAtMs <= sinceMs) return entry;
  const { operation } = application;
  if (operation !== undefined && operation.startedAtMs > sinceMs) {
    return moved(entry, 'Progressing', startedMessage(operation.phase), now);
  }
  if (!application.hasError) return entry;
  const message = 'Application resource has error and cannot sync, updating status to Progressing';
  return moved(entry, 'Progressing', message, now);
}

function startedMessage(phase: string): string {
  if (phase === 'Succeeded') {
    return 'Application resource completed a sync successfully, updating status from Pending to Progressing';
  }
  if (phase === 'Failed' || phase === 'Error') {
    return 'Application resource completed a sync, updating status from Pending to Progressing';
  }
  return 'Application resource became Progressing, updating status from Pending to Progressing';
}

/**
 * Applications that may sync now: those of the first steps, up to and including the first one that is not Healthy as a
 * whole (argo-cd.md §2.8 C, cases cd/B10-B15).
 */
export function computeAllowed(
  steps: StepAssignment['steps'],
  progress: readonly ApplicationProgress[],
  live: ReadonlySet<string>,
): Set<string> {
  const statusOf = new Map(progress.map(({ application, status }) => [application, status]));
  const allowed = new Set<string>();
  for (const names of steps) {
    for (const name of names) allowed.add(name);
    if (!names.every((name) => live.has(name) && statusOf.get(name) === 'Healthy')) break;
  }
  return allowed;
}

export const PENDING_MESSAGE =
  'Application moved to Pending status, watching for the Application resource to start Progressing';

/**
 * Moves waiting Applications to Pending as far as each step's `maxUpdate` allows (argo-cd.md §2.8 D, cases cd/B40-B45).
 * Values that cannot be read are added to `issues`.
 */
export function promoteWaiting(
  progress: readonly ApplicationProgress[],
  allowed: ReadonlySet<string>,
  steps: readonly RolloutStep[],
  { stepOf, issues }: Pick<StepAssignment, 'stepOf' | 'issues'>,
  now: Now,
): ApplicationProgress[] {
  // What no step selects counts for the first step: upstream's map gives 0 for names it does not have.
  const indexOf = (name: string) => stepOf.get(name) ?? 0;
  const totals = steps.map(() => 0);
  const updating = steps.map(() => 0);
  for (const { application, status } of progress) {
    const index = indexOf(application);
    totals[index] = (totals[index] ?? 0) + 1;
    if (status === 'Pending' || status === 'Progressing') updating[index] = (updating[index] ?? 0) + 1;
  }
  return progress.map((entry) => {
    const index = indexOf(entry.application);
    const most = maxUpdateOf(steps[index]?.maxUpdate, totals[index] ?? 0, index, issues);
    const hasRoom = most === undefined || (updating[index] ?? 0) < most;
    if (entry.status !== 'Waiting' || !allowed.has(entry.application) || !hasRoom) return entry;
    updating[index] = (updating[index] ?? 0) + 1;
    return moved(entry, 'Pending', PENDING_MESSAGE, now);
  });
}

/** How many of a step may update at a time: undefined is all of them. Percentages are rounded down, but to 1 at least. */
function maxUpdateOf(
  maxUpdate: number | string | null | undefined,
  total: number,
  step: number,
  issues: RolloutIssues,
): number | undefined {
  if (maxUpdate === undefined || maxUpdate === null) return undefined;
  if (typeof maxUpdate === 'number') return maxUpdate;
  const percent = /^([+-]?\d+)%$/.exec(maxUpdate)?.[1];
  if (percent === undefined && !issues.invalidMaxUpdates.some((issue) => issue.step === step)) {
    issues.invalidMaxUpdates.push({ step, maxUpdate });
  }
  const value = percent === undefined ? 0 : Math.floor((Number(percent) * total) / 100);
  return maxUpdate === '0%' ? 0 : Math.max(1, value);
}

/** The first step from 1 that has an entry and is not Healthy; undefined when the rollout is complete. */
export function progressingStep(progress: readonly ApplicationProgress[], stepCount: number): number | undefined {
  for (let step = 1; step <= stepCount; step++) {
    const entries = progress.filter((entry) => entry.step === String(step));
    if (entries.some(({ status }) => status !== 'Healthy')) return step;
  }
  return undefined;
}
