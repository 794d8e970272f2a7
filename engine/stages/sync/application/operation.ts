import type { Effect } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { parseGoDurationMs } from '#core/duration.ts';
import { formatFailure } from '../../commit/failures.ts';
import { healthOf } from './health.ts';
import { integrityConditions } from './integrity.ts';
import type { ApplicationObservation, Desired } from './observe.ts';
import { instanceConditions } from './refresh.ts';
import { sourceFields, sourceSetErrors, sourceSetOf } from './sources.ts';
import { optionErrors } from './sync-options.ts';
import { approvedAtMs, planSyncStep, planTermination, type StepInput, type StepOutcome } from './sync-step.ts';
import { computeTasks } from './sync-tasks.ts';
import type {
  HistoryEntry,
  Operation,
  OperationPhase,
  OperationState,
  ResourceResult,
  RetryStrategy,
  SyncOperation,
  SyncResult,
} from './types.ts';
import { blockedMessage, nextChangeFor, operationBlock, type WindowBlock } from './window-gate.ts';

export interface OperationPlan {
  state: OperationState;
  effects: Effect[];
  completed: boolean;
  history: HistoryEntry[] | undefined;
  wakeAtMs?: number;
  /** The sync window that keeps it from going on. */
  block?: WindowBlock;
}

const HISTORY_LIMIT_DEFAULT = 10;

/** Brings the requested or running operation one step further (argo-cd.md §3.6). */
export function planOperation(observation: ApplicationObservation, nowMs: number): OperationPlan | undefined {
  const { operation: seen } = observation;
  if (seen === undefined) return undefined;
  const now = formatTime(nowMs);
  const state: OperationState = seen.state ?? { operation: seen.operation, phase: 'Running', startedAt: now };
  const retryAt = state.phase === 'Running' ? retryTimeMs(state) : undefined;
  if (retryAt !== undefined && nowMs < retryAt) return { ...ongoing(state), wakeAtMs: retryAt };
  if (retryAt !== undefined) return ongoing(retried(state));
  const block = operationBlock(observation, state, parseTime(state.startedAt) ?? nowMs, nowMs);
  if (block !== undefined) return blocked(state, block);
  const guard = guardMessage(observation, seen.desired);
  if (guard !== undefined) return settle(observation, state, { phase: 'Error', message: guard }, nowMs);
  const { desired } = seen;
  if (desired === undefined || desired.phase !== 'ready' || state.operation.sync === undefined) return ongoing(state);
  const shared = sharedFailure(observation, desired, state.operation.sync);
  if (shared !== undefined) return settle(observation, state, { phase: 'Failed', message: shared }, nowMs);
  return stepOperation(observation, desired, state, nowMs);
}

/** The operation stays as it is, even one that is being terminated, until the window permits it (case cd/W60). */
function blocked(state: OperationState, block: WindowBlock): OperationPlan {
  const message = state.phase === 'Running' ? { message: blockedMessage(block) } : {};
  const wake = block.nextChangeMs === undefined ? {} : { wakeAtMs: block.nextChangeMs };
  return { ...ongoing({ ...state, ...message }), ...wake, block };
}

function ongoing(state: OperationState): OperationPlan {
  return { state, effects: [], completed: false, history: undefined };
}

function stepOperation(
  observation: ApplicationObservation,
  desired: Extract<Desired, { phase: 'ready' }>,
  state: OperationState,
  nowMs: number,
): OperationPlan {
  const step = stepInput(observation, desired, state, nowMs);
  const outcome = state.phase === 'Terminating' ? planTermination(step) : planSyncStep(step);
  const managed = observation.application.spec.syncPolicy?.managedNamespaceMetadata;
  const syncResult: SyncResult = {
    revision: desired.set.isMultiple ? '' : desired.sha,
    ...(desired.set.isMultiple ? { revisions: [...desired.shas] } : {}),
    ...sourceFields(desired.set),
    ...(managed === undefined ? {} : { managedNamespaceMetadata: managed }),
    ...(outcome.results.length === 0 ? {} : { resources: outcome.results }),
    ...waveTime(observation, state, outcome, nowMs),
  };
  const next = { ...state, syncResult };
  if (outcome.phase === 'Running') {
    const running = { ...next, phase: 'Running' as const, message: outcome.message };
    return { ...ongoing(running), effects: outcome.effects, ...wakeOf(outcome, nextChangeFor(observation, nowMs)) };
  }
  const settled = settle(observation, next, outcome, nowMs);
  return { ...settled, effects: [...outcome.effects, ...settled.effects] };
}

/** The step's own time, or when a sync window opens or closes, whichever comes first. */
function wakeOf(outcome: StepOutcome, windowChangeMs: number | undefined): { wakeAtMs?: number } {
  const times = [outcome.wakeAtMs, windowChangeMs].filter((timeMs) => timeMs !== undefined);
  return times.length === 0 ? {} : { wakeAtMs: Math.min(...times) };
}

function waveTime(observation: ApplicationObservation, state: OperationState, outcome: StepOutcome, nowMs: number) {
  if (observation.config.syncWaveDelayMs === 0) return {};
  const waveAppliedAt = outcome.appliedWave ? new Date(nowMs).toISOString() : state.syncResult?.waveAppliedAt;
  return waveAppliedAt === undefined ? {} : { waveAppliedAt };
}

function stepInput(
  observation: ApplicationObservation,
  desired: Extract<Desired, { phase: 'ready' }>,
  state: OperationState,
  nowMs: number,
): StepInput {
  const { application, checked, config, instance, objects } = observation;
  const sync = state.operation.sync as SyncOperation;
  const options = sync.syncOptions ?? checked.syncOptions;
  const startedAtMs = parseTime(state.startedAt) ?? nowMs;
  const appliedAtMs = parseTime(state.syncResult?.waveAppliedAt);
  const tasks = computeTasks({
    application,
    instance,
    targets: desired.targets,
    comparison: desired.comparison,
    sync,
    options,
    revision: desired.sha,
    startedAtMs,
    namespace: checked.destination.namespace,
    tracking: observation.settings.tracking,
    objects,
  });
  return {
    tasks,
    results: state.syncResult?.resources ?? [],
    sync,
    options,
    deletionApprovedAtMs: approvedAtMs(application.metadata.annotations),
    startedAtMs,
    notBeforeMs: appliedAtMs === undefined ? undefined : appliedAtMs + config.syncWaveDelayMs,
    nowMs,
    compare: { ignore: checked.ignore, respectIgnore: options.includes('RespectIgnoreDifferences=true') },
    projectName: checked.projectName,
    objects,
    assessHealth: (object) => healthOf(observation, object),
    config,
  };
}

/** Why an operation cannot even begin: the conditions that a refresh would show. */
function guardMessage(observation: ApplicationObservation, desired: Desired | undefined): string | undefined {
  const { checked, operation } = observation;
  const invalid = checked.errors.map(({ type, message }) => `${type}: ${message}`);
  invalid.push(...optionErrors('operation.sync.syncOptions', operation?.operation.sync?.syncOptions));
  if (invalid.length > 0) return invalid.join(';');
  if (operation?.operation.sync === undefined) return 'Invalid operation request: no operation specified';
  if (desired === undefined) {
    const set = sourceSetOf(operation.operation.sync);
    return `InvalidSpecError: ${sourceSetErrors(set, 'operation.sync').join('; ')}`;
  }
  if (desired.phase === 'failed') {
    const failure = formatFailure(desired.failure);
    const local = (operation.operation.sync.manifests ?? []).length > 0;
    return `ComparisonError: ${local ? `Failed to load local manifests: ${failure}` : loadFailure(failure)}`;
  }
  if (desired.phase === 'ready' && desired.unverified.length > 0) {
    return integrityConditions(desired.unverified)
      .map(({ type, message }) => `${type}: ${message}`)
      .join(';');
  }
  return undefined;
}

export function loadFailure(why: string): string {
  return `Failed to load target state: ${why}`;
}

function sharedFailure(
  { instance, checked }: ApplicationObservation,
  desired: Extract<Desired, { phase: 'ready' }>,
  sync: SyncOperation,
): string | undefined {
  const options = sync.syncOptions ?? checked.syncOptions;
  if (!options.includes('FailOnSharedResource=true')) return undefined;
  const shared = instanceConditions(instance, desired).filter(({ type }) => type === 'SharedResourceWarning');
  return shared.length === 0 ? undefined : `Shared resource found: ${shared.map(({ message }) => message).join(', ')}`;
}

/** A finished attempt: to be retried, or completed for good. */
function settle(
  observation: ApplicationObservation,
  state: OperationState,
  end: { phase: OperationPhase; message: string; results?: ResourceResult[] },
  nowMs: number,
): OperationPlan {
  const finishedAt = formatTime(nowMs);
  const retryCount = state.retryCount ?? 0;
  const unsuccessful = end.phase === 'Failed' || end.phase === 'Error';
  const limit = state.operation.retry?.limit ?? 0;
  if (unsuccessful && state.phase !== 'Terminating' && (retryCount < limit || limit < 0)) {
    const waiting: OperationState = { ...state, phase: 'Running', finishedAt, retryCount: retryCount + 1 };
    const at = retryTimeMs(waiting) ?? nowMs;
    waiting.message = `${end.message}. Retrying attempt #${retryCount + 1} at ${formatTime(at)}.`;
    return { ...ongoing(waiting), wakeAtMs: at };
  }
  const suffix = unsuccessful && retryCount > 0 ? ` (retried ${retryCount} times).` : '';
  const final: OperationState = { ...state, phase: end.phase, message: `${end.message}${suffix}`, finishedAt };
  const history = end.phase === 'Succeeded' ? historyAfter(observation, final, finishedAt) : undefined;
  return { state: final, effects: [], completed: true, history };
}

/** When a failed attempt is tried again; undefined when none is pending. */
export function retryTimeMs(state: OperationState): number | undefined {
  const finishedAtMs = parseTime(state.finishedAt);
  if (finishedAtMs === undefined) return undefined;
  return finishedAtMs + retryDelayMs(state.operation.retry, state.retryCount ?? 0);
}

/** `duration · factor^attempt`, at most `maxDuration`; defaults 5 s, 2 and 3 minutes (argo-cd.md §3.6). */
export function retryDelayMs(retry: RetryStrategy | undefined, attempt: number): number {
  const { duration = '5s', factor = 2, maxDuration = '3m' } = retry?.backoff ?? {};
  const firstMs = parseDurationMs(duration) ?? 5000;
  return Math.min(parseDurationMs(maxDuration) ?? 180_000, firstMs * factor ** attempt);
}

/** Go durations, and bare numbers as seconds, as Argo CD reads them. */
function parseDurationMs(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) * 1000 : parseGoDurationMs(text);
}

/** The state as the next attempt begins; with `retry.refresh` the newest commit is taken. */
function retried(state: OperationState): OperationState {
  const { syncResult: _result, finishedAt: _finished, ...rest } = state;
  const refresh = state.operation.retry?.refresh === true;
  const message = `Retrying operation${refresh ? ' with latest revisions' : ''}. Attempt #${state.retryCount ?? 0}`;
  if (!refresh) return { ...rest, message };
  const { revision: _revision, revisions: _revisions, ...sync } = state.operation.sync ?? {};
  const operation: Operation = { ...state.operation, sync };
  return { ...rest, operation, message };
}

function historyAfter(
  { application }: ApplicationObservation,
  state: OperationState,
  deployedAt: string,
): HistoryEntry[] | undefined {
  const { sync, initiatedBy } = state.operation;
  if (sync?.dryRun === true || (sync?.resources ?? []).length > 0 || state.syncResult === undefined) return undefined;
  const limit = application.spec.revisionHistoryLimit ?? HISTORY_LIMIT_DEFAULT;
  const history = application.status?.history ?? [];
  const last = history[history.length - 1];
  const entry: HistoryEntry = {
    id: last === undefined ? 0 : last.id + 1,
    ...(state.syncResult.revisions === undefined
      ? { revision: state.syncResult.revision, source: state.syncResult.source }
      : { revisions: state.syncResult.revisions, sources: state.syncResult.sources }),
    deployStartedAt: state.startedAt,
    deployedAt,
    ...(initiatedBy === undefined ? {} : { initiatedBy }),
  };
  return limit <= 0 ? [] : [...history, entry].slice(-limit);
}
