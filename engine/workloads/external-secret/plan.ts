import { type Answers, Draft, type Plan } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { type Condition, findCondition, withCondition } from '#kube/conditions.ts';
import { type KindMap, refOf } from '#kube/kinds.ts';
import { controllerOf, isDeleting, type KubeObject } from '#kube/object.ts';
import { encodePassword, type PasswordSpec, passwordProblem, passwordRequest } from './password.ts';
import * as reasons from './reasons.ts';
import { isIntact, resourceVersionOf, targetData, targetSecret } from './secret.ts';
import { type ExternalSecretSpec, findRefusal, type Refusal, refreshIntervalMs } from './spec.ts';
import { TemplateError } from './template.ts';

type Secret = KindMap['Secret'];

export interface ExternalSecretObservation {
  externalSecret: KubeObject;
  /** The target Secret, whoever made it. */
  secret: Secret | undefined;
  /** Specs of the Password generators in the namespace, by name. */
  generators: ReadonlyMap<string, PasswordSpec & { encoding?: string; secretKeys?: unknown }>;
  answers: Answers;
}

interface Status {
  refreshTime?: string;
  syncedResourceVersion?: string;
  conditions?: Condition[];
  binding?: { name: string };
}

/** Makes the target Secret from generated values, once or at every refresh, and puts it back when somebody changes it. */
export function planExternalSecret(observation: ExternalSecretObservation, nowMs: number): Plan {
  const { externalSecret, secret, answers } = observation;
  const draft = new Draft(answers);
  if (isDeleting(externalSecret)) return draft.finish();
  const spec = (externalSecret.spec ?? {}) as ExternalSecretSpec;
  const status = (externalSecret.status ?? {}) as Status;
  const refusal = findRefusal(spec) ?? ownershipProblem(observation, spec);
  if (refusal !== undefined) return refuse(draft, status, refusal, nowMs);
  const dueMs = refreshDueMs(externalSecret, spec, status);
  if (isIntact(secret) && (dueMs === undefined || dueMs > nowMs)) return draft.wakeAt(dueMs).finish();
  if (isUnrecorded(externalSecret, secret, status)) return synced(draft, observation, spec, nowMs);
  const { values, refused } = generateValues(draft, observation, spec, status);
  if (refused !== undefined) return refuse(draft, status, refused, nowMs);
  return values === undefined ? draft.finish() : writeSecret(draft, observation, spec, values, nowMs);
}

/** The Secret exists but is another's, so it must not be taken over. */
function ownershipProblem(
  { externalSecret, secret }: ExternalSecretObservation,
  spec: ExternalSecretSpec,
): Refusal | undefined {
  const owner = secret === undefined ? undefined : controllerOf(secret);
  if (owner === undefined || owner.uid === externalSecret.metadata.uid) return undefined;
  const fix = 'choose another name';
  return {
    field: 'spec.target.name',
    problem: `Secret ${spec.target?.name ?? externalSecret.metadata.name} is owned by ${owner.kind} ${owner.name}`,
    fix,
  };
}

/** When new values are due, ms since the epoch: 0 for now, undefined for never. */
function refreshDueMs(externalSecret: KubeObject, spec: ExternalSecretSpec, status: Status): number | undefined {
  const policy = spec.refreshPolicy ?? 'Periodic';
  const intervalMs = refreshIntervalMs(spec) ?? 0;
  const isSynced = (status.syncedResourceVersion ?? '') !== '';
  const refreshedMs = parseTime(status.refreshTime);
  if (!isSynced || refreshedMs === undefined) return 0;
  if (policy === 'CreatedOnce' || (policy === 'Periodic' && intervalMs <= 0)) return undefined;
  if (status.syncedResourceVersion !== resourceVersionOf(externalSecret)) return 0;
  return policy === 'OnChange' ? undefined : refreshedMs + intervalMs;
}

/**
 * The Secret was made, but the status that says so was not written: the engine died in between. Its values are in use already,
 * so they are kept and recorded rather than made again.
 */
function isUnrecorded(externalSecret: KubeObject, secret: Secret | undefined, status: Status): boolean {
  const isOurs = secret !== undefined && controllerOf(secret)?.uid === externalSecret.metadata.uid;
  return isOurs && isIntact(secret) && status.refreshTime === undefined;
}

/** The values of all sources; neither values nor a refusal while answers are awaited. Later sources win over earlier ones. */
function generateValues(
  draft: Draft,
  observation: ExternalSecretObservation,
  spec: ExternalSecretSpec,
  status: Status,
): { values?: Record<string, string>; refused?: Refusal } {
  const { externalSecret, generators } = observation;
  const values: Record<string, string> = {};
  let isWaiting = false;
  for (const [index, source] of (spec.dataFrom ?? []).entries()) {
    const at = `spec.dataFrom[${index}].sourceRef.generatorRef`;
    const name = source.sourceRef?.generatorRef?.name ?? '';
    const generator = generators.get(name);
    if (generator === undefined) {
      const problem = `Password "${name}" not found in namespace ${externalSecret.metadata.namespace}`;
      return { refused: { field: `${at}.name`, problem, fix: 'create it' } };
    }
    const id = `${externalSecret.metadata.uid}/${index}/${status.refreshTime ?? 'first'}`;
    const request = passwordRequest(generator, id);
    const wrong = problemOf(generator) ?? passwordProblem(request);
    if (wrong !== undefined) {
      const field = `Password ${name}: spec.${wrong.field}`;
      return { refused: { field, problem: wrong.problem, fix: 'correct the generator' } };
    }
    const answer = draft.ask({ ask: 'password', request });
    if (answer === undefined) {
      isWaiting = true;
    } else if (!answer.ok) {
      const { message, fix = 'see the engine log' } = answer.failure;
      return { refused: { field: at, problem: message, fix } };
    } else {
      values.password = encodePassword(answer.value.password, generator.encoding ?? 'raw') as string;
    }
  }
  return isWaiting ? {} : { values };
}

function problemOf(generator: {
  encoding?: string;
  secretKeys?: unknown;
}): { field: string; problem: string } | undefined {
  const encoding = generator.encoding ?? 'raw';
  if (encodePassword('', encoding) === undefined) {
    return { field: 'encoding', problem: `${encoding} is not supported (raw, base64, base64url and hex are)` };
  }
  return generator.secretKeys === undefined ? undefined : { field: 'secretKeys', problem: 'is not supported' };
}

function writeSecret(
  draft: Draft,
  observation: ExternalSecretObservation,
  spec: ExternalSecretSpec,
  values: Record<string, string>,
  nowMs: number,
): Plan {
  const { externalSecret, secret } = observation;
  let data: Record<string, string>;
  try {
    data = targetData(spec, values);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const refusal = { field: 'spec.target.template.data', problem: error.message, fix: 'correct the template' };
    return refuse(draft, (externalSecret.status ?? {}) as Status, refusal, nowMs);
  }
  const object = targetSecret(externalSecret, spec, data);
  if (secret === undefined) {
    draft.add({ effect: 'create', object });
    draft.note('Normal', reasons.CREATED, reasons.CREATED_MESSAGE);
  } else {
    const dropped = Object.keys(secret.data ?? {}).filter((key) => !Object.hasOwn(data, key));
    const { metadata, ...body } = object;
    const { name: _name, namespace: _namespace, ...changed } = metadata;
    const patch = {
      ...body,
      metadata: changed,
      data: { ...(object.data as object), ...Object.fromEntries(dropped.map((key) => [key, null])) },
    };
    draft.add({ effect: 'patch', target: refOf(secret), patch, when: { uid: secret.metadata.uid } });
    draft.note('Normal', reasons.UPDATED, reasons.UPDATED_MESSAGE);
  }
  return synced(draft, observation, spec, nowMs);
}

function synced(
  draft: Draft,
  { externalSecret }: ExternalSecretObservation,
  spec: ExternalSecretSpec,
  nowMs: number,
): Plan {
  const before = ((externalSecret.status ?? {}) as Status).conditions;
  const ready: Condition = {
    type: 'Ready',
    status: 'True',
    reason: reasons.SECRET_SYNCED,
    message: reasons.SYNCED_MESSAGE,
  };
  const intervalMs =
    spec.refreshPolicy === undefined || spec.refreshPolicy === 'Periodic' ? (refreshIntervalMs(spec) ?? 0) : 0;
  if (intervalMs > 0) draft.wakeAt(nowMs + intervalMs);
  return draft.finish({
    refreshTime: formatTime(nowMs),
    syncedResourceVersion: resourceVersionOf(externalSecret),
    conditions: withCondition(before, ready, formatTime(nowMs)),
    binding: { name: spec.target?.name ?? externalSecret.metadata.name },
  });
}

/** Not ready, and why. Nothing is retried by the clock: a change of the object or of a generator plans again. */
function refuse(draft: Draft, status: Status, { field, problem, fix }: Refusal, nowMs: number): Plan {
  const message = reasons.refused(field, problem, fix);
  const ready: Condition = { type: 'Ready', status: 'False', reason: reasons.SECRET_SYNCED_ERROR, message };
  if (findCondition(status.conditions, 'Ready')?.message !== message)
    draft.note('Warning', reasons.UPDATE_FAILED, message);
  return draft.finish({ ...status, conditions: withCondition(status.conditions, ready, formatTime(nowMs)) });
}
