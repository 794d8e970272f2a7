import { formatTime, parseTime } from '#core/clock.ts';
import { controllerReference, type Manifest } from '#kube/object.ts';
import { computePodTemplateHash } from '../rollout/hash.ts';
import { podTemplateProblems } from '../rollout/pod-template-problems.ts';
import { EXPERIMENT_NAME_ANNOTATION, HASH_LABEL, SCALE_DOWN_DEADLINE_ANNOTATION } from '../rollout/types.ts';
import { type ReplicaSet, replicaSetName } from './observe.ts';
import { MESSAGE, REASON } from './reasons.ts';
import {
  deadlineSeconds,
  desiredReplicas,
  hasPassedDuration,
  isTemplateCompleted,
  refIn,
  replicaSetOf,
  serviceOf,
  type Trial,
  templateStatusOf,
} from './trial.ts';
import { type ExperimentTemplate, TEMPLATE_NAME_ANNOTATION, type TemplatePhase, type TemplateStatus } from './types.ts';

const SCALE_DOWN_DELAY_SECONDS = 30;

/** Brings one template's ReplicaSet and Service to where they should be, and says how the template stands. */
export function planTemplate(trial: Trial, template: ExperimentTemplate): TemplateStatus {
  const previous = templateStatusOf(trial.status, template.name);
  const status: TemplateStatus = previous ?? {
    name: template.name,
    replicas: 0,
    updatedReplicas: 0,
    readyReplicas: 0,
    availableReplicas: 0,
  };
  const rs = replicaSetOf(trial, template.name);
  const changed =
    rs === undefined ? planNewReplicaSet(trial, template, status) : planReplicaSet(trial, template, rs, status);
  const next = assess(trial, template, withCounts(trial, changed, rs, previous));
  noteChange(trial, template.name, previous, next);
  return next;
}

function planNewReplicaSet(trial: Trial, template: ExperimentTemplate, status: TemplateStatus): TemplateStatus {
  if (trial.isTerminating) return status;
  const { experiment, observation, draft } = trial;
  const name = replicaSetName(experiment, template.name);
  const problem = observation.replicaSets.some(({ metadata }) => metadata.name === name)
    ? `replicasets.apps "${name}" already exists`
    : podTemplateProblems(template.template, 'spec.template')[0];
  if (problem !== undefined) return { ...status, status: 'Error', message: MESSAGE.rsFailed(template.name, problem) };
  draft.add({ effect: 'create', object: replicaSetManifest(trial, template, name, status.collisionCount) });
  return { ...status, lastTransitionTime: formatTime(trial.nowMs) };
}

/** Starts empty: the next pass gives it its pods. */
function replicaSetManifest(
  { experiment }: Trial,
  template: ExperimentTemplate,
  name: string,
  collisionCount: number | undefined,
): Manifest {
  const { [HASH_LABEL]: _, ...own } = template.template.metadata?.labels ?? {};
  const bare = { ...template.template, metadata: { ...template.template.metadata, labels: own } };
  const hash = computePodTemplateHash(bare, collisionCount);
  const labels = { ...own, [HASH_LABEL]: hash };
  const { selector, minReadySeconds } = template;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: experiment.metadata.namespace as string,
      labels,
      annotations: {
        [EXPERIMENT_NAME_ANNOTATION]: experiment.metadata.name,
        [TEMPLATE_NAME_ANNOTATION]: template.name,
      },
      ownerReferences: [controllerReference(experiment)],
    },
    spec: {
      replicas: 0,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [HASH_LABEL]: hash } },
      template: { ...bare, metadata: { ...bare.metadata, labels } },
    },
  };
}

function planReplicaSet(
  trial: Trial,
  template: ExperimentTemplate,
  rs: ReplicaSet,
  status: TemplateStatus,
): TemplateStatus {
  const desired = desiredReplicas(trial, template);
  const served = planService(trial, template, rs, desired, status);
  const size = desired === 0 ? sizeOnTheWayOut(trial, rs) : desired;
  const from = rs.spec.replicas ?? 1;
  if (from === size) return served;
  const target = refIn(trial, 'ReplicaSet.apps', rs.metadata.name);
  trial.draft.add({ effect: 'patch', target, patch: { spec: { replicas: size } } });
  trial.draft.note('Normal', REASON.scaling, MESSAGE.scaled(rs.metadata.name, from, size));
  return { ...served, lastTransitionTime: formatTime(trial.nowMs) };
}

/** Pods that are no longer wanted stay until the ReplicaSet's deadline, which is set when this is first seen. */
function sizeOnTheWayOut(trial: Trial, rs: ReplicaSet): number {
  const delaySeconds = trial.experiment.spec.scaleDownDelaySeconds ?? SCALE_DOWN_DELAY_SECONDS;
  const current = rs.spec.replicas ?? 1;
  if (current === 0 || delaySeconds === 0) return 0;
  const deadlineMs = parseTime(rs.metadata.annotations?.[SCALE_DOWN_DEADLINE_ANNOTATION]);
  if (deadlineMs !== undefined && deadlineMs <= trial.nowMs) return 0;
  const endMs = deadlineMs ?? trial.nowMs + delaySeconds * 1000;
  if (deadlineMs === undefined) {
    const annotations = { [SCALE_DOWN_DEADLINE_ANNOTATION]: formatTime(endMs) };
    const target = refIn(trial, 'ReplicaSet.apps', rs.metadata.name);
    trial.draft.add({ effect: 'patch', target, patch: { metadata: { annotations } } });
  }
  // Stored times have whole seconds; the wake-up is never in the past.
  trial.draft.wakeAt(Math.max(parseTime(formatTime(endMs)) ?? endMs, trial.nowMs + 1));
  return current;
}

/** A Service of its own for templates that ask for one, for as long as they have pods. */
function planService(
  trial: Trial,
  template: ExperimentTemplate,
  rs: ReplicaSet,
  desired: number,
  status: TemplateStatus,
): TemplateStatus {
  const service = serviceOf(trial, template.name);
  if (service !== undefined) {
    if (template.service !== undefined && (desired !== 0 || (rs.status?.availableReplicas ?? 0) !== 0)) return status;
    trial.draft.add({ effect: 'delete', target: refIn(trial, 'Service', service.metadata.name) });
    const { serviceName: _name, podTemplateHash: _hash, ...rest } = status;
    return rest;
  }
  const ports = portsOf(rs);
  if (template.service === undefined || desired === 0 || ports.length === 0) return status;
  const name = template.service.name || rs.metadata.name;
  if (trial.observation.services.some(({ metadata }) => metadata.name === name)) {
    return { ...status, status: 'Error', message: MESSAGE.serviceFailed(name, template.name) };
  }
  trial.draft.add({ effect: 'create', object: serviceManifest(trial, template, rs, name) });
  return { ...status, serviceName: name, podTemplateHash: rs.metadata.labels?.[HASH_LABEL] ?? '' };
}

function portsOf(rs: ReplicaSet): Record<string, unknown>[] {
  return (rs.spec.template?.spec?.containers ?? []).flatMap(({ ports = [] }) =>
    ports.map(({ name, containerPort, protocol }) => ({
      ...(name ? { name } : {}),
      ...(protocol === undefined ? {} : { protocol }),
      port: containerPort,
      targetPort: containerPort,
    })),
  );
}

function serviceManifest(trial: Trial, template: ExperimentTemplate, rs: ReplicaSet, name: string): Manifest {
  const { experiment } = trial;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: experiment.metadata.namespace as string,
      annotations: {
        [EXPERIMENT_NAME_ANNOTATION]: experiment.metadata.name,
        [TEMPLATE_NAME_ANNOTATION]: template.name,
      },
      ownerReferences: [controllerReference(experiment)],
    },
    spec: { selector: rs.metadata.labels, ports: portsOf(rs) },
  };
}

const COUNTS = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'] as const;

/** Every change of its pods starts the template's deadline anew. */
function withCounts(
  trial: Trial,
  status: TemplateStatus,
  rs: ReplicaSet | undefined,
  previous: TemplateStatus | undefined,
): TemplateStatus {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = rs?.status ?? {};
  const counts = { replicas, updatedReplicas: replicas, readyReplicas, availableReplicas };
  const moved = COUNTS.some((count) => (previous?.[count] ?? 0) !== counts[count]);
  return { ...status, ...counts, ...(moved ? { lastTransitionTime: formatTime(trial.nowMs) } : {}) };
}

function assess(trial: Trial, template: ExperimentTemplate, status: TemplateStatus): TemplateStatus {
  if (isTemplateCompleted(status)) return status;
  if (desiredReplicas(trial, template) === status.availableReplicas) {
    const isOver = hasPassedDuration(trial) || trial.isTerminating;
    return { ...status, status: isOver ? 'Successful' : 'Running' };
  }
  const seconds = deadlineSeconds(trial.experiment);
  const deadlineMs = (parseTime(status.lastTransitionTime) ?? trial.nowMs) + seconds * 1000;
  if (trial.nowMs > deadlineMs) {
    return { ...status, status: 'Failed', message: MESSAGE.deadline(template.name, seconds) };
  }
  if (trial.isTerminating) return { ...status, status: 'Successful' };
  trial.draft.wakeAt(deadlineMs + 1);
  return { ...status, status: 'Progressing' };
}

function noteChange(trial: Trial, name: string, previous: TemplateStatus | undefined, next: TemplateStatus): void {
  const phase: TemplatePhase | undefined = next.status;
  if (phase === undefined || previous?.status === phase) return;
  const type = phase === 'Failed' || phase === 'Error' ? 'Warning' : 'Normal';
  trial.draft.note(
    type,
    `Template${phase}`,
    MESSAGE.templateChanged(name, previous?.status ?? '', phase, next.message),
  );
}
