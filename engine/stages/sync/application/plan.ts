import { Draft, NOTHING, type Plan } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { deepEqual } from '#core/json.ts';
import { refOf } from '#kube/kinds.ts';
import { type AutoSync, planAutoSync } from './auto-sync.ts';
import { settleConditions } from './conditions.ts';
import { hookFinalizers, planDeletion } from './deletion.ts';
import type { ApplicationObservation } from './observe.ts';
import { type OperationPlan, planOperation } from './operation.ts';
import { healthChanged, operationCompleted, operationStarted, syncBlocked, syncChanged } from './reasons.ts';
import { type Refreshed, refresh } from './refresh.ts';
import type { ApplicationStatus, Health } from './types.ts';
import { gateAutoSync, type WindowBlock } from './window-gate.ts';

type GatedAutoSync = AutoSync & { block?: WindowBlock };

const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';
const DELETION_ERROR = 'DeletionError';

/** Plans one Application: refresh, the operation under way, automated sync, or deletion. */
export function planApplication(observation: ApplicationObservation, nowMs: number): Plan {
  const { application, answers } = observation;
  if (application.metadata.annotations?.['argocd.argoproj.io/skip-reconcile'] === 'true') return NOTHING;
  const draft = new Draft(answers);
  if (application.metadata.deletionTimestamp !== undefined) return planGoing(observation, draft, nowMs);
  const questions = [...(observation.desired?.questions ?? []), ...(observation.operation?.desired?.questions ?? [])];
  for (const question of distinct(questions)) draft.ask(question);
  const refreshed = refresh(observation);
  const operation = planOperation(observation, nowMs);
  const automatic: GatedAutoSync =
    refreshed?.compared === undefined || operation !== undefined
      ? {}
      : gateAutoSync(observation, planAutoSync(application, refreshed, observation.config, nowMs), nowMs);
  draft.add(...hookFinalizers(observation));
  addOperation(draft, observation, operation);
  addAutomatic(draft, observation, automatic, refreshed);
  if (refreshed === undefined && operation === undefined) return draft.finish();
  return draft.finish(nextStatus(observation, { refreshed, operation, automatic }, draft, nowMs));
}

/** A deletion says in the conditions what holds it up; everything else of the status stays as it was. */
function planGoing(observation: ApplicationObservation, draft: Draft, nowMs: number): Plan {
  for (const question of observation.desired?.questions ?? []) draft.ask(question);
  const { effects, problem } = planDeletion(observation);
  draft.add(...effects);
  const { conditions: last, ...rest } = observation.application.status ?? {};
  const others = (last ?? []).filter(({ type }) => type !== DELETION_ERROR);
  const found = problem === undefined ? others : [...others, { type: DELETION_ERROR, message: problem }];
  const conditions = settleConditions(last, found, formatTime(nowMs));
  if (deepEqual(conditions, last ?? [])) return draft.finish();
  return draft.finish({ ...rest, ...(conditions.length === 0 ? {} : { conditions }) });
}

function distinct<T>(values: readonly T[]): T[] {
  return values.filter((value, index) => values.findIndex((other) => deepEqual(value, other)) === index);
}

function addOperation(
  draft: Draft,
  { application }: ApplicationObservation,
  operation: OperationPlan | undefined,
): void {
  if (operation === undefined) return;
  if (operation.block !== undefined) draft.events.push({ ...syncBlocked(operation.block.message), once: true });
  draft.add(...operation.effects).wakeAt(operation.wakeAtMs);
  if (!operation.completed) return;
  if (application.operation !== undefined) {
    draft.add({ effect: 'patch', target: refOf(application), patch: { operation: null } });
  }
  draft.note(...operationCompleted(operation.state));
}

function addAutomatic(
  draft: Draft,
  { application }: ApplicationObservation,
  automatic: GatedAutoSync,
  refreshed: Refreshed | undefined,
): void {
  if (automatic.block !== undefined) draft.events.push({ ...syncBlocked(automatic.block.message), once: true });
  draft.wakeAt(automatic.notBeforeMs);
  if (automatic.operation === undefined) return;
  draft.add({ effect: 'patch', target: refOf(application), patch: { operation: automatic.operation } });
  const { revision, revisions } = refreshed?.sync ?? {};
  draft.note(...operationStarted(revisions?.join(', ') ?? revision ?? ''));
}

interface Parts {
  refreshed: Refreshed | undefined;
  operation: OperationPlan | undefined;
  automatic: AutoSync;
}

function nextStatus(
  observation: ApplicationObservation,
  parts: Parts,
  draft: Draft,
  nowMs: number,
): Record<string, unknown> {
  const { application, config } = observation;
  const now = formatTime(nowMs);
  const last: ApplicationStatus = application.status ?? {};
  const fromOperation = {
    ...(parts.operation === undefined ? {} : { operationState: parts.operation.state }),
    ...(parts.operation?.history === undefined ? {} : { history: parts.operation.history }),
  };
  if (parts.refreshed === undefined) return { ...last, ...fromOperation };
  const { refreshed } = parts;
  const kept = (last.conditions ?? []).filter(
    ({ type }) => type === 'SyncError' && (parts.operation !== undefined || parts.automatic.keepsSyncError === true),
  );
  const found = [...refreshed.conditions, ...kept];
  if (parts.automatic.condition !== undefined) found.push(parts.automatic.condition);
  const conditions = settleConditions(last.conditions, found, now);
  const { conditions: _conditions, sourceType: _type, sourceTypes: _types, ...rest } = last;
  const next: ApplicationStatus = {
    ...rest,
    ...fromOperation,
    sync: refreshed.sync,
    health: settleHealth(last.health, refreshed.health, now),
    resources: refreshed.resources,
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(refreshed.sourceType === undefined ? {} : { sourceType: refreshed.sourceType }),
    ...(refreshed.sourceTypes === undefined ? {} : { sourceTypes: refreshed.sourceTypes }),
    summary: refreshed.images.length === 0 ? {} : { images: refreshed.images },
    controllerNamespace: config.controlPlaneNamespace,
  };
  addStatusNotes(draft, last, next);
  return { ...next, reconciledAt: reconciledAt(observation, next, draft, now) };
}

/** Events about what a refresh found to have changed (argo-cd.md §6.3). */
function addStatusNotes(draft: Draft, last: ApplicationStatus, next: ApplicationStatus): void {
  if (last.sync !== undefined && last.sync.status !== next.sync?.status) {
    draft.note(...syncChanged(last.sync.status, next.sync?.status ?? ''));
  }
  if (last.health !== undefined && last.health.status !== next.health?.status) {
    draft.note(...healthChanged(last.health.status, next.health));
  }
}

/** Asked for by annotation, or because the comparison came out differently: a time that moved every time would never settle. */
function reconciledAt(
  { application }: ApplicationObservation,
  next: ApplicationStatus,
  draft: Draft,
  now: string,
): string {
  const last = application.status ?? {};
  if (application.metadata.annotations?.[REFRESH_ANNOTATION] !== undefined) {
    const patch = { metadata: { annotations: { [REFRESH_ANNOTATION]: null } } };
    draft.add({ effect: 'patch', target: refOf(application), patch });
    return now;
  }
  const same = deepEqual([last.sync, last.resources, last.conditions], [next.sync, next.resources, next.conditions]);
  // The look that follows an operation counts even when it finds what was found before: notifications wait for it.
  const finishedMs = parseTime(last.operationState?.finishedAt) ?? Number.NEGATIVE_INFINITY;
  const isLater = finishedMs > (parseTime(last.reconciledAt) ?? Number.POSITIVE_INFINITY);
  return same && !isLater ? (last.reconciledAt ?? now) : now;
}

function settleHealth(last: Health | undefined, next: Pick<Health, 'status' | 'message'>, now: string): Health {
  return { ...next, lastTransitionTime: last?.status === next.status ? (last.lastTransitionTime ?? now) : now };
}
