import { Draft, NOTHING, type Plan } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { deepEqual } from '#core/json.ts';
import { refOf } from '#kube/kinds.ts';
import type { Application, ApplicationNotificationObservation } from './application-controller.ts';
import { messageOf, notificationRecord } from './delivery-requests.ts';
import { DELIVERY_WARNING, deliveryFailed } from './reasons.ts';
import type { Settings } from './settings.ts';
import { NOTIFIED_ANNOTATION, NotifiedState, notifiedKey } from './state.ts';
import { type Destination, destinationsOf } from './subscriptions.ts';
import { type ConditionResult, runTrigger, UnknownTriggerError } from './triggers.ts';
import { isFinished, NOTIFICATION, type Notification } from './types.ts';
import { applicationVariables, type Variables } from './variables.ts';

/** Upstream looks at every object again this often; here only those for which time makes a difference. */
const RESYNC_MS = 60_000;
const RETRY_MS_MAX = 3_600_000;

type Ready = Extract<Settings, { state: 'ready' }>;

/** Everything one pass collects. Local to one plan. */
interface Pass {
  observation: ApplicationNotificationObservation;
  settings: Ready;
  variables: Variables;
  state: NotifiedState;
  draft: Draft;
  nowMs: number;
  /** Texts of the Application's warning condition. */
  warnings: string[];
}

/** Decides whom to tell what now (argo-cd.md §4.3). */
export function planApplicationNotifications(observation: ApplicationNotificationObservation, nowMs: number): Plan {
  const { application, settings } = observation;
  if (settings.state === 'absent') return withCondition(observation, new Draft(), [], nowMs);
  const draft = new Draft(observation.answers);
  if (settings.state === 'invalid') return withCondition(observation, draft, [settings.reason], nowMs);
  if (!isSyncStatusRefreshed(application)) return NOTHING;
  const pass: Pass = {
    observation,
    settings,
    variables: applicationVariables(
      { application, project: observation.project, context: settings.config.context },
      draft,
      nowMs,
    ),
    state: new NotifiedState(application.metadata.annotations?.[NOTIFIED_ANNOTATION]),
    draft,
    nowMs,
    warnings: [],
  };
  const destinations = destinationsOf(settings.config, application.metadata.labels, [
    application.metadata.annotations,
    observation.project?.metadata.annotations,
  ]);
  for (const [trigger, to] of destinations) planTrigger(pass, trigger, to);
  if (destinations.size > 0) saveState(pass);
  pass.warnings.push(...undelivered(observation.records));
  return withCondition(observation, draft, pass.warnings, nowMs);
}

/** False between the end of an operation and the refresh that follows it: sync status and health are of before. */
export function isSyncStatusRefreshed({ status }: Pick<Application, 'status'>): boolean {
  const operation = status?.operationState;
  if (operation === undefined || !['Failed', 'Error', 'Succeeded'].includes(operation.phase)) return true;
  const finishedMs = parseTime(operation.finishedAt);
  if (finishedMs === undefined) return false;
  const { observedAt, reconciledAt } = status as { observedAt?: string; reconciledAt?: string };
  return [observedAt, reconciledAt].some((time) => finishedMs <= (parseTime(time) ?? Number.NEGATIVE_INFINITY));
}

function planTrigger(pass: Pass, trigger: string, destinations: readonly Destination[]): void {
  const { config } = pass.settings;
  let results: ConditionResult[];
  try {
    results = runTrigger(config, trigger, pass.variables.environment);
  } catch (error) {
    if (!(error instanceof UnknownTriggerError)) throw error;
    pass.warnings.push(error.message);
    return;
  }
  // What the outside has not answered yet may still change the outcome: the next plan decides.
  if (pass.variables.isPending()) return;
  if (config.triggers.get(trigger)?.some(({ when, oncePer }) => /\btime\b|\bnow\(/.test(when + oncePer)))
    pass.draft.wakeAt(pass.nowMs + RESYNC_MS);
  for (const result of results) {
    for (const destination of destinations) {
      if (result.triggered) planMessage(pass, trigger, result, destination);
      else pass.state.reset(trigger, result, destination);
    }
  }
}

function planMessage(pass: Pass, trigger: string, result: ConditionResult, destination: Destination): void {
  const { observation, state, nowMs } = pass;
  const key = notifiedKey(trigger, result, destination);
  const failed = lastFailure(observation.records, key);
  if (failed !== undefined) planRetry(pass, failed, key, result, destination);
  else if (!state.has(key)) {
    const message = formatted(pass, result, destination);
    if (message === undefined) return;
    state.add(key, nowMs);
    const identity = { key, trigger, destination, templates: result.send, salt: String(nowMs) };
    const object = notificationRecord(observation.application, observation.names, identity, message);
    pass.draft.add({ effect: 'create', object, ifAbsent: true });
  }
}

/** A failed message is forgotten, as upstream forgets it, and tried again while its condition holds. */
function planRetry(
  pass: Pass,
  failed: Notification,
  key: string,
  result: ConditionResult,
  destination: Destination,
): void {
  const { state, draft, nowMs } = pass;
  const { attempt } = failed.spec;
  const finishedMs = parseTime(failed.status?.finishedAt) ?? nowMs;
  const retryMs = finishedMs + Math.min(RESYNC_MS * 2 ** (attempt - 1), RETRY_MS_MAX);
  if (nowMs < retryMs) {
    state.remove(key);
    draft.wakeAt(retryMs);
    return;
  }
  const message = formatted(pass, result, destination);
  if (message === undefined) return;
  state.add(key, nowMs);
  const spec = { secretPlaces: null, failure: null, ...message, attempt: attempt + 1 };
  draft.add({ effect: 'patch', target: targetOf(failed), patch: { spec } });
}

/** The message, or undefined while it needs an answer that is not there yet. */
function formatted(pass: Pass, { send }: ConditionResult, destination: Destination) {
  const { config, secretKeys } = pass.settings;
  const message = messageOf({ config, secretKeys, templates: send, variables: pass.variables, destination });
  return pass.variables.isPending() ? undefined : message;
}

/** The newest record of a key, if its last attempt failed. */
function lastFailure(records: readonly Notification[], key: string): Notification | undefined {
  const last = newest(records.filter(({ spec }) => spec.key === key));
  return last !== undefined && last.status?.phase === 'Failed' && isFinished(last) ? last : undefined;
}

function newest(records: readonly Notification[]): Notification | undefined {
  return records.reduce<Notification | undefined>(
    (last, record) =>
      last === undefined || record.metadata.creationTimestamp >= last.metadata.creationTimestamp ? record : last,
    undefined,
  );
}

/** Messages that have not arrived, for each trigger and destination the last one. */
function undelivered(records: readonly Notification[]): string[] {
  const byDestination = Map.groupBy(records, ({ spec }) =>
    JSON.stringify([spec.trigger, spec.service, spec.recipient]),
  );
  return [...byDestination.values()].flatMap((own) => {
    const last = newest(own);
    if (last?.status?.phase !== 'Failed') return [];
    return [deliveryFailed(last.spec, last.status.reason ?? '')];
  });
}

function saveState({ observation, state, draft }: Pass): void {
  const { application } = observation;
  const before = application.metadata.annotations?.[NOTIFIED_ANNOTATION];
  const after = state.format();
  if (before === after) return;
  const annotations = { [NOTIFIED_ANNOTATION]: after ?? null };
  draft.add({ effect: 'patch', target: refOf(application), patch: { metadata: { annotations } } });
}

/** Shows the warnings as one condition each; conditions of others are left as they are. */
function withCondition(
  { application }: ApplicationNotificationObservation,
  draft: Draft,
  warnings: readonly string[],
  nowMs: number,
): Plan {
  const before = application.status?.conditions ?? [];
  const known = before.filter(({ type }) => type === DELIVERY_WARNING);
  const own = [...new Set(warnings)].sort().map((message) => {
    const same = known.find((condition) => condition.message === message);
    return same ?? { type: DELIVERY_WARNING, message, lastTransitionTime: formatTime(nowMs) };
  });
  if (!deepEqual(known, own)) {
    // In the order the application controller keeps, or the two would never agree.
    const others = before.filter(({ type }) => type !== DELIVERY_WARNING);
    const conditions = [...others, ...own].sort((left, right) =>
      left.type < right.type ? -1 : left.type > right.type ? 1 : 0,
    );
    draft.add({ effect: 'patch', target: refOf(application), patch: { status: { conditions } } });
  }
  return draft.finish();
}

function targetOf(record: Notification) {
  return { kind: NOTIFICATION, namespace: record.metadata.namespace, name: record.metadata.name };
}
