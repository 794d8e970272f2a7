import { Draft, type Plan } from '#control/plan.ts';
import { formatTime, parseTime } from '#core/clock.ts';
import { type Condition, findCondition, withCondition } from '#kube/conditions.ts';
import { refOf } from '#kube/kinds.ts';
import { isDeleting } from '#kube/object.ts';
import { countField, isPodActive, isPodReady, isPodTerminal, type Pod, restartCount } from '../pod-facts/pod-state.ts';
import { type PodTemplate, podFromTemplate } from '../pod-facts/template.ts';
import { type Accounting, accountPods, hasTracking, type Job, TRACKING_FINALIZER } from './accounting.ts';
import { nextAttemptMs } from './backoff.ts';
import * as reasons from './reasons.ts';

export interface JobObservation {
  job: Job;
  pods: readonly Pod[];
}

interface Pass {
  draft: Draft;
  job: Job;
  pods: readonly Pod[];
  active: readonly Pod[];
  accounting: Accounting;
  conditions: Condition[];
  startTime: string | undefined;
  nowMs: number;
}

type Verdict = { type: 'FailureTarget' | 'SuccessCriteriaMet'; reason: string; message: string };

/** Runs pods until enough have succeeded, too many have failed, or the deadline passes. */
export function planJob({ job, pods }: JobObservation, nowMs: number): Plan {
  const draft = new Draft();
  const conditions = (job.status?.conditions ?? []) as Condition[];
  if (isFinished(conditions)) return planFinished(draft, job, pods, conditions, nowMs);
  const pass: Pass = {
    draft,
    job,
    pods,
    active: pods.filter(isPodActive),
    accounting: accountPods(job, pods),
    conditions,
    startTime: job.status?.startTime ?? undefined,
    nowMs,
  };
  for (const pod of pass.accounting.release) removeFinalizer(draft, pod);
  if (isDeleting(job)) {
    for (const pod of pods.filter(hasTracking)) removeFinalizer(draft, pod);
    return draft.finish(statusOf(pass));
  }
  planSuspension(pass);
  const verdict = verdictOf(pass);
  if (verdict === undefined) planPods(pass);
  else planEnd(pass, verdict);
  return draft.finish(statusOf(pass));
}

export function isFinished(conditions: readonly Condition[] | undefined): boolean {
  return ['Complete', 'Failed'].some((type) => findCondition(conditions, type)?.status === 'True');
}

function removeFinalizer(draft: Draft, pod: Pod): void {
  const finalizers = (pod.metadata.finalizers ?? []).filter((name) => name !== TRACKING_FINALIZER);
  draft.add({
    effect: 'patch',
    target: refOf(pod),
    patch: { metadata: { finalizers } },
    when: { uid: pod.metadata.uid },
  });
}

/** A finished Job only waits for its ttl. Pods that ended meanwhile are let go. */
function planFinished(
  draft: Draft,
  job: Job,
  pods: readonly Pod[],
  conditions: readonly Condition[],
  nowMs: number,
): Plan {
  for (const pod of pods.filter(hasTracking)) removeFinalizer(draft, pod);
  const ttlSeconds = job.spec.ttlSecondsAfterFinished;
  const end = findCondition(conditions, 'Complete') ?? findCondition(conditions, 'Failed');
  const endedMs = parseTime(end?.lastTransitionTime);
  if (ttlSeconds !== undefined && endedMs !== undefined && !isDeleting(job)) {
    const expiryMs = endedMs + ttlSeconds * 1000;
    if (nowMs < expiryMs) draft.wakeAt(expiryMs);
    else
      draft.add({ effect: 'delete', target: refOf(job), propagation: 'Foreground', when: { uid: job.metadata.uid } });
  }
  return draft.finish();
}

function planSuspension(pass: Pass): void {
  const { draft, job, conditions, nowMs } = pass;
  const nowTime = formatTime(nowMs);
  const suspended = findCondition(conditions, 'Suspended');
  if (job.spec.suspend) {
    pass.startTime = undefined;
    if (suspended?.status === 'True') return;
    const next = { type: 'Suspended', status: 'True', reason: reasons.JOB_SUSPENDED, message: 'Job suspended' };
    pass.conditions = withProbe(conditions, next, nowTime);
    draft.note('Normal', reasons.SUSPENDED, 'Job suspended');
    return;
  }
  pass.startTime ??= nowTime;
  if (suspended?.status !== 'True') return;
  const next = { type: 'Suspended', status: 'False', reason: reasons.JOB_RESUMED, message: 'Job resumed' };
  pass.conditions = withProbe(conditions, next, nowTime);
  pass.startTime = nowTime;
  draft.note('Normal', reasons.RESUMED, 'Job resumed');
}

/** Whether the Job is to end, and how; undefined while it goes on. A verdict once written stands. */
function verdictOf(pass: Pass): Verdict | undefined {
  const { job, conditions, accounting, active, nowMs, startTime } = pass;
  for (const type of ['FailureTarget', 'SuccessCriteriaMet'] as const) {
    const standing = findCondition(conditions, type);
    if (standing?.status === 'True') return { type, reason: standing.reason ?? '', message: standing.message ?? '' };
  }
  const field = unsupportedField(job);
  if (field !== undefined) return failure(reasons.UNSUPPORTED_FIELD, field);
  const failed = accounting.failed + accounting.uncounted.failed.length;
  if (failed > (job.spec.backoffLimit ?? 6) || isPastRestartLimit(job, active)) {
    return failure(reasons.BACKOFF_LIMIT_EXCEEDED, reasons.BACKOFF_MESSAGE);
  }
  const deadlineSeconds = job.spec.activeDeadlineSeconds;
  const startedMs = parseTime(startTime);
  if (deadlineSeconds !== undefined && startedMs !== undefined) {
    if (nowMs >= startedMs + deadlineSeconds * 1000)
      return failure(reasons.DEADLINE_EXCEEDED, reasons.DEADLINE_MESSAGE);
    pass.draft.wakeAt(startedMs + deadlineSeconds * 1000);
  }
  const succeeded = accounting.succeeded + accounting.uncounted.succeeded.length;
  const { completions } = job.spec;
  const isDone = completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= completions;
  return isDone && !job.spec.suspend
    ? { type: 'SuccessCriteriaMet', reason: reasons.COMPLETIONS_REACHED, message: reasons.COMPLETIONS_MESSAGE }
    : undefined;
}

function failure(reason: string, message: string): Verdict {
  return { type: 'FailureTarget', reason, message };
}

/** restartPolicy OnFailure: containers restart in place, and their restarts count against the limit. */
function isPastRestartLimit(job: Job, active: readonly Pod[]): boolean {
  if (job.spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = active.reduce((sum, pod) => sum + restartCount(pod), 0);
  const limit = job.spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function unsupportedField({ spec }: Job): string | undefined {
  if (spec.completionMode !== undefined && spec.completionMode !== 'NonIndexed') {
    return reasons.unsupported('spec.completionMode', spec.completionMode);
  }
  if (spec.podReplacementPolicy === 'Failed') return reasons.unsupported('spec.podReplacementPolicy', 'Failed');
  const fields = [
    'podFailurePolicy',
    'successPolicy',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
    'managedBy',
  ] as const;
  const field = fields.find((name) => spec[name] !== undefined);
  return field === undefined ? undefined : reasons.unsupported(`spec.${field}`, JSON.stringify(spec[field]));
}

/** Stops what still runs; when all of it is gone and counted, the Job is Complete or Failed. */
function planEnd(pass: Pass, verdict: Verdict): void {
  const { draft, pods, active, accounting, nowMs } = pass;
  const nowTime = formatTime(nowMs);
  pass.conditions = withProbe(pass.conditions, { ...verdict, status: 'True' }, nowTime);
  for (const pod of active) {
    draft.add({ effect: 'delete', target: refOf(pod), when: { uid: pod.metadata.uid } });
    draft.note('Normal', reasons.SUCCESSFUL_DELETE, reasons.deletedPod(pod.metadata.name));
  }
  const uncounted = accounting.uncounted.succeeded.length + accounting.uncounted.failed.length;
  const isRunning = pods.some((pod) => !isPodTerminal(pod));
  if (isRunning || uncounted > 0) return;
  const isSuccess = verdict.type === 'SuccessCriteriaMet';
  const { reason, message } = verdict;
  pass.conditions = withProbe(
    pass.conditions,
    { type: isSuccess ? 'Complete' : 'Failed', status: 'True', reason, message },
    nowTime,
  );
  if (isSuccess) draft.note('Normal', reasons.COMPLETED, 'Job completed');
  else draft.note('Warning', reason, message);
}

/** Conditions of Jobs carry the time they were looked at. */
function withProbe(conditions: readonly Condition[], next: Condition, nowTime: string): Condition[] {
  const standing = findCondition(conditions, next.type);
  if (standing?.status === next.status) return [...conditions];
  return withCondition(conditions, { ...next, lastProbeTime: nowTime } as Condition, nowTime);
}

function planPods(pass: Pass): void {
  const { draft, job, pods, active, nowMs } = pass;
  const wanted = wantedActive(pass);
  for (const pod of active.slice(wanted)) {
    if (hasTracking(pod)) removeFinalizer(draft, pod);
    draft.add({ effect: 'delete', target: refOf(pod), when: { uid: pod.metadata.uid } });
    draft.note('Normal', reasons.SUCCESSFUL_DELETE, reasons.deletedPod(pod.metadata.name));
  }
  const missing = wanted - active.length;
  if (missing <= 0) return;
  const attemptMs = nextAttemptMs(pods, nowMs);
  if (attemptMs !== undefined && attemptMs > nowMs) {
    draft.wakeAt(attemptMs);
    return;
  }
  for (let created = 0; created < missing; created++)
    draft.add({ effect: 'create', object: podOf(job), whenRefused: reasons.REFUSED });
  draft.note('Normal', reasons.SUCCESSFUL_CREATE, reasons.createdPods(missing, `${job.metadata.name}-`));
}

function wantedActive({ job, accounting, active }: Pass): number {
  if (job.spec.suspend) return 0;
  const parallelism = job.spec.parallelism ?? 1;
  const succeeded = accounting.succeeded + accounting.uncounted.succeeded.length;
  if (job.spec.completions === undefined) return succeeded > 0 ? Math.min(active.length, parallelism) : parallelism;
  return Math.min(parallelism, job.spec.completions - succeeded);
}

function podOf(job: Job) {
  const pod = podFromTemplate(job, job.spec.template as PodTemplate);
  const { uid, name } = job.metadata;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        'batch.kubernetes.io/controller-uid': uid,
        'batch.kubernetes.io/job-name': name,
        'controller-uid': uid,
        'job-name': name,
      },
      finalizers: [...(pod.metadata.finalizers ?? []), TRACKING_FINALIZER],
    },
  };
}

function statusOf({ job, pods, active, accounting, conditions, startTime, nowMs }: Pass): Record<string, unknown> {
  const isComplete = findCondition(conditions, 'Complete')?.status === 'True';
  const { succeeded, failed } = accounting.uncounted;
  return {
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(isComplete ? { completionTime: job.status?.completionTime ?? formatTime(nowMs) } : {}),
    ...countField('active', active.length),
    ready: active.filter(isPodReady).length,
    terminating: pods.filter((pod) => isDeleting(pod) && !isPodTerminal(pod)).length,
    ...countField('succeeded', accounting.succeeded),
    ...countField('failed', accounting.failed),
    uncountedTerminatedPods: {
      ...(succeeded.length === 0 ? {} : { succeeded: [...succeeded] }),
      ...(failed.length === 0 ? {} : { failed: [...failed] }),
    },
  };
}
