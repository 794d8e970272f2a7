import { Draft, NOTHING, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { deepEqual } from '#core/json.ts';
import { refOf } from '#kube/kinds.ts';
import { type AutoSync, planAutoSync } from './auto-sync.ts';
import { isError, settleConditions } from './conditions.ts';
import { planDeletion } from './deletion.ts';
import { deletionHookOf } from './hooks.ts';
import type { ApplicationObservation } from './observe.ts';
import { type OperationPlan, planOperation } from './operation.ts';
import { operationCompleted, operationStarted } from './reasons.ts';
import { type Refreshed, refresh } from './refresh.ts';
import type { ApplicationStatus, Health } from './types.ts';

const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';

/** Plans one Application: refresh, the operation under way, automated sync, or deletion. */
export function planApplication(observation: ApplicationObservation, nowMs: number): Plan {
  const { application, answers } = observation;
  if (application.metadata.annotations?.['argocd.argoproj.io/skip-reconcile'] === 'true') return NOTHING;
  const draft = new Draft(answers);
  if (application.metadata.deletionTimestamp !== undefined) return planGoing(observation, draft);
  const questions = [...(observation.desired?.questions ?? []), ...(observation.operation?.desired?.questions ?? [])];
  for (const question of distinct(questions)) draft.ask(question);
  const refreshed = refresh(observation);
  const operation = planOperation(observation, nowMs);
  const automatic =
    refreshed === undefined || operation !== undefined || refreshed.conditions.some(isError)
      ? {}
      : planAutoSync(application, refreshed, observation.config, nowMs);
  addOperation(draft, observation, operation);
  addAutomatic(draft, observation, automatic, refreshed);
  if (refreshed === undefined && operation === undefined) return draft.finish();
  return draft.finish(nextStatus(observation, { refreshed, operation, automatic }, draft, nowMs));
}

function planGoing(observation: ApplicationObservation, draft: Draft): Plan {
  return draft.add(...planDeletion(observation)).finish();
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
  automatic: AutoSync,
  refreshed: Refreshed | undefined,
): void {
  draft.wakeAt(automatic.notBeforeMs);
  if (automatic.operation === undefined) return;
  draft.add({ effect: 'patch', target: refOf(application), patch: { operation: automatic.operation } });
  draft.note(...operationStarted(refreshed?.sync.revision ?? ''));
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
  const kept = (last.conditions ?? []).filter(({ type }) => type === 'SyncError' && parts.operation !== undefined);
  const found = [...refreshed.conditions, ...deletionHooks(observation), ...kept];
  if (parts.automatic.condition !== undefined) found.push(parts.automatic.condition);
  const conditions = settleConditions(last.conditions, found, now);
  const { conditions: _conditions, ...rest } = last;
  const next: ApplicationStatus = {
    ...rest,
    ...fromOperation,
    sync: refreshed.sync,
    health: settleHealth(last.health, refreshed.health, now),
    resources: refreshed.resources,
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(refreshed.sourceType === undefined ? {} : { sourceType: refreshed.sourceType }),
    summary: refreshed.images.length === 0 ? {} : { images: refreshed.images },
    controllerNamespace: config.controlPlaneNamespace,
  };
  return { ...next, reconciledAt: reconciledAt(observation, next, draft, now) };
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
  return same ? (last.reconciledAt ?? now) : now;
}

function settleHealth(last: Health | undefined, next: Pick<Health, 'status' | 'message'>, now: string): Health {
  return { ...next, lastTransitionTime: last?.status === next.status ? (last.lastTransitionTime ?? now) : now };
}

/** PreDelete and PostDelete hooks would be left out silently otherwise. */
function deletionHooks({ desired }: ApplicationObservation): { type: string; message: string }[] {
  if (desired?.phase !== 'ready') return [];
  return desired.rendered.manifests.flatMap((manifest) => {
    const hook = deletionHookOf(manifest);
    if (hook === undefined) return [];
    const name = manifest.metadata.name ?? manifest.metadata.generateName;
    return [
      {
        type: 'ExcludedResourceWarning',
        message: `${hook} hooks are not reproduced: ${manifest.kind} ${name} will not run`,
      },
    ];
  });
}
