import { formatAge } from '../../engine/vocabulary/core/duration.ts';
import type { KindMap } from '../../engine/vocabulary/kube/kinds.ts';
import { controllerOf } from '../../engine/vocabulary/kube/object.ts';
import { applicationState } from './application-text.ts';
import { isBusy, needsApproval, waitingApproval, waitingText } from './approvals.ts';
import { type Application, compareEnvironments, environmentName } from './environments.ts';
import { stateIcon, stateSpan } from './icons.ts';
import { type Cell, type Line, span, type TreeNode, table, treeRows } from './lines.ts';
import { type Pod, podStatus } from './pods.ts';
import { type AnalysisRun, podsOf, type ReplicaSet, type Rollout, rolloutView } from './rollout-model.ts';

/** All that the one-screen view is made from; objects of other namespaces may be among them. */
export interface SystemObjects {
  applications: readonly Application[];
  rollouts: readonly Rollout[];
  statefulSets: readonly KindMap['StatefulSet.apps'][];
  deployments: readonly KindMap['Deployment.apps'][];
  replicaSets: readonly ReplicaSet[];
  jobs: readonly KindMap['Job.batch'][];
  pods: readonly Pod[];
  analysisRuns: readonly AnalysisRun[];
}

/** The kinds to watch for it. */
export const SYSTEM_KINDS = [
  'Application.argoproj.io',
  'Rollout.argoproj.io',
  'StatefulSet.apps',
  'Deployment.apps',
  'ReplicaSet.apps',
  'Job.batch',
  'Pod',
  'AnalysisRun.argoproj.io',
] as const;

/** Environments → applications → rollouts and stateful sets → pods, as a tree with icons. */
export function systemLines(objects: SystemObjects, nowMs: number): Line[] {
  const applications = orderedApplications(objects.applications);
  const nodes = applications.map((application) => applicationNode(application, objects, nowMs));
  return table(treeRows(nodes), 2);
}

/** Platform applications (the root) first, then environments in the order releases travel. */
export function orderedApplications(applications: readonly Application[]): Application[] {
  return applications.toSorted((a, b) => {
    const [left, right] = [environmentName(a), environmentName(b)];
    if (left === undefined || right === undefined) {
      return Number(left !== undefined) - Number(right !== undefined) || (a.metadata.name < b.metadata.name ? -1 : 1);
    }
    return compareEnvironments(left, right);
  });
}

function applicationNode(application: Application, objects: SystemObjects, nowMs: number): TreeNode {
  const { sync, health } = applicationState(application);
  const namespace = application.spec.destination?.namespace;
  const title = environmentName(application) ?? application.metadata.name;
  const isEnvironment = environmentName(application) !== undefined;
  return {
    cells: [
      span(title, 'strong'),
      [stateSpan(sync), span('  '), stateSpan(health)],
      remark(application, objects.applications),
    ],
    children: isEnvironment ? workloadNodes(namespace, objects, nowMs) : [],
  };
}

/** What an application is doing or what is wrong with it, in a few words. */
function remark(application: Application, applications: readonly Application[]): Cell {
  const { status } = application;
  const error = status?.conditions?.find(({ type }) => /Error$/.test(type));
  if (error !== undefined) return span(`${error.type}: ${error.message}`, 'bad');
  const operation = status?.operationState;
  const waiting = waitingApproval(application, applications);
  if (waiting !== undefined) return span(waitingText(waiting), 'warn');
  if (operation === undefined || operation.phase === 'Succeeded') {
    const undelivered = status?.conditions?.filter(({ type }) => type === 'NotificationDeliveryWarning').length ?? 0;
    return undelivered === 0 ? '' : span(`notifications with trouble: ${undelivered}`, 'warn');
  }
  return span(operation.message ?? operation.phase, operation.phase === 'Running' ? 'busy' : 'bad');
}

function workloadNodes(namespace: string | undefined, objects: SystemObjects, nowMs: number): TreeNode[] {
  const inside = <T extends { metadata: { namespace?: string } }>(items: readonly T[]) =>
    items.filter(({ metadata }) => metadata.namespace === namespace);
  const pods = inside(objects.pods);
  return [
    ...inside(objects.rollouts).map((rollout) => rolloutNode(rollout, { ...objects, pods }, nowMs)),
    ...inside(objects.deployments).map((deployment) => deploymentNode(deployment, objects, pods, nowMs)),
    ...inside(objects.statefulSets).map((set) => statefulSetNode(set, pods, nowMs)),
    ...inside(objects.jobs)
      .filter((job) => job.status?.completionTime === undefined)
      .map((job) => jobNode(job, pods, nowMs)),
  ];
}

function rolloutNode(rollout: Rollout, objects: SystemObjects, nowMs: number): TreeNode {
  const view = rolloutView({ ...objects, rollout }, nowMs);
  const isMoving = view.stepIndex < view.steps.length;
  const step = view.steps[view.stepIndex];
  const progress = isMoving
    ? `step ${view.stepIndex + 1}/${view.steps.length} ${step?.label ?? ''}${step?.remark === undefined ? '' : `, ${step.remark}`}, weight ${view.actualWeightPercent}`
    : versions(view.images.map(({ image }) => image));
  const sets = view.revisions.flatMap((revision) => revision.replicaSets);
  return {
    cells: [
      `${view.name}`,
      stateSpan(view.phase),
      [
        span(progress),
        ...(view.message === '' || view.phase === 'Progressing' ? [] : [span(`  ${view.message}`, 'dim')]),
      ],
    ],
    children: sets.flatMap((set) => set.pods.map((pod) => podNode(pod, set.roles.join(','), nowMs))),
  };
}

function deploymentNode(
  deployment: KindMap['Deployment.apps'],
  { replicaSets }: SystemObjects,
  pods: readonly Pod[],
  nowMs: number,
): TreeNode {
  const sets = replicaSets.filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
  const desired = deployment.spec.replicas ?? 1;
  const available = deployment.status?.availableReplicas ?? 0;
  return {
    cells: [
      deployment.metadata.name,
      stateSpan(available >= desired ? 'Healthy' : 'Progressing'),
      `${available}/${desired}`,
    ],
    children: sets.flatMap((set) => podsOf(set, pods, nowMs).map((pod) => podNode(pod, '', nowMs))),
  };
}

function statefulSetNode(set: KindMap['StatefulSet.apps'], pods: readonly Pod[], nowMs: number): TreeNode {
  const desired = set.spec.replicas ?? 1;
  const ready = set.status?.readyReplicas ?? 0;
  const images = (set.spec.template?.spec?.containers ?? []).map(({ image = '' }) => image);
  return {
    cells: [set.metadata.name, stateSpan(ready >= desired ? 'Healthy' : 'Progressing'), versions(images)],
    children: podsOf(set, pods, nowMs).map((pod) => podNode(pod, '', nowMs)),
  };
}

function jobNode(job: KindMap['Job.batch'], pods: readonly Pod[], nowMs: number): TreeNode {
  const isFailed = job.status?.conditions?.some(({ type, status }) => type === 'Failed' && status === 'True');
  return {
    cells: [job.metadata.name, stateSpan(isFailed === true ? 'Failed' : 'Running'), 'job'],
    children: podsOf(job, pods, nowMs).map((pod) => podNode(pod, '', nowMs)),
  };
}

function podNode(pod: ReturnType<typeof podsOf>[number], role: string, nowMs: number): TreeNode {
  const restarts = pod.restarts === 0 ? [] : [pod.restarts === 1 ? '1 restart' : `${pod.restarts} restarts`];
  const facts = [...(role === '' ? [] : [role]), formatAge(nowMs - pod.createdMs), ...restarts];
  const state = pod.status === 'Running' && !pod.isReady ? 'Starting' : pod.status;
  return { cells: [pod.name, stateSpan(state), span(facts.join(', '), 'dim')], children: [] };
}

function versions(images: readonly string[]): string {
  return images.map((image) => image.slice(image.lastIndexOf('/') + 1)).join(' ');
}

/** Whether everything is as declared, and what is not. */
export interface Readiness {
  isReady: boolean;
  /** Applications that are not Synced and Healthy. */
  waiting: readonly Application[];
}

/**
 * Ready means: there is an environment, every application is Synced and Healthy, and every pod of the environments that is
 * meant to stay runs now. Pods are asked too, because an engine that has just been started again still finds the health
 * it wrote before it was stopped. An environment that is deployed by approval and is only OutOfSync waits for a person, so
 * it does not count.
 */
export function assessReadiness(
  applications: readonly Application[],
  environmentsWanted: readonly string[] = [],
  pods: readonly Pod[] = [],
): Readiness {
  const environments = applications.filter((application) => environmentName(application) !== undefined);
  const names = environments.map(environmentName);
  const idle = pods.filter(isIdle).map(({ metadata }) => metadata.namespace);
  const waiting = applications.filter((application) => {
    const { sync, health } = applicationState(application);
    if (environments.includes(application) && idle.includes(application.spec.destination?.namespace)) return true;
    if (needsApproval(application) && sync === 'OutOfSync' && !isBusy(application)) return false;
    return sync !== 'Synced' || health !== 'Healthy';
  });
  const isComplete = names.length > 0 && environmentsWanted.every((name) => names.includes(name));
  return { isReady: isComplete && waiting.length === 0, waiting };
}

/** A pod that ought to run and does not: not one of a Job, not one that is going away. */
function isIdle(pod: Pod): boolean {
  if (controllerOf(pod)?.kind === 'Job' || pod.metadata.deletionTimestamp !== undefined) return false;
  const statuses = pod.status?.containerStatuses ?? [];
  return statuses.length === 0 || statuses.some(({ ready, state }) => !ready || state?.running === undefined);
}

/** One line a change, for logs and pipes: `development Synced Progressing, backend Progressing, postgres-0 Running`. */
export function stateLines(objects: SystemObjects, nowMs: number): Map<string, Line> {
  const lines = new Map<string, Line>();
  for (const application of orderedApplications(objects.applications)) {
    const { sync, health } = applicationState(application);
    const title = environmentName(application) ?? application.metadata.name;
    lines.set(`app ${title}`, [stateIcon(health), span(` ${title}: ${sync}, ${health}`)]);
    if (environmentName(application) === undefined) continue;
    const namespace = application.spec.destination?.namespace;
    for (const rollout of objects.rollouts.filter(({ metadata }) => metadata.namespace === namespace)) {
      const view = rolloutView({ ...objects, rollout }, nowMs);
      lines.set(`rollout ${title}/${view.name}`, [
        stateIcon(view.phase),
        span(` ${title}/${view.name}: ${view.phase}`),
      ]);
    }
    for (const pod of objects.pods.filter(({ metadata }) => metadata.namespace === namespace)) {
      const status = podStatus(pod);
      lines.set(`pod ${title}/${pod.metadata.name}`, [
        stateIcon(status),
        span(` ${title}/${pod.metadata.name}: ${status}`),
      ]);
    }
  }
  return lines;
}
