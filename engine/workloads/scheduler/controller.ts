import { type Controller, trigger } from '#control/controller.ts';
import { Draft, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { type Condition, findCondition, withCondition } from '#kube/conditions.ts';
import { type KindMap, refOf } from '#kube/kinds.ts';
import { isDeleting, objectKey, splitKey } from '#kube/object.ts';

interface SchedulerObservation {
  pod: KindMap['Pod'];
  /** The node there is, if it is ready. */
  nodeName: string | undefined;
}

/** Gives every pod that has none the one node. */
export const schedulerController: Controller<SchedulerObservation> = {
  name: 'default-scheduler',
  root: 'Pod',
  triggers: [
    trigger('Pod', (pod) => (isWaiting(pod) ? [objectKey(pod)] : [])),
    trigger('Node', (_node, objects) => objects.list('Pod').filter(isWaiting).map(objectKey)),
  ],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const pod = objects.get('Pod', namespace, name);
    if (pod === undefined || !isWaiting(pod)) return undefined;
    const nodes = objects
      .list('Node')
      .filter((node) => findCondition(node.status?.conditions, 'Ready')?.status === 'True');
    return { pod, nodeName: nodes[0]?.metadata.name };
  },
  plan: planScheduling,
};

function isWaiting(pod: KindMap['Pod']): boolean {
  return pod.spec.nodeName === undefined && !isDeleting(pod);
}

/** nodeSelector, affinity, taints and requests are cosmetic on one node (pods-and-traffic.md §1); gates are respected. */
function planScheduling({ pod, nodeName }: SchedulerObservation, nowMs: number): Plan {
  const draft = new Draft();
  const obstacle = obstacleOf(pod, nodeName);
  const next: Condition =
    obstacle === undefined
      ? { type: 'PodScheduled', status: 'True' }
      : { type: 'PodScheduled', status: 'False', ...obstacle };
  if (obstacle === undefined) {
    draft.add({ effect: 'patch', target: refOf(pod), patch: { spec: { nodeName } }, when: { uid: pod.metadata.uid } });
    draft.note('Normal', 'Scheduled', `Successfully assigned ${objectKey(pod)} to ${nodeName}`);
  } else if (findCondition(pod.status?.conditions, 'PodScheduled')?.message !== obstacle.message) {
    draft.note('Warning', 'FailedScheduling', obstacle.message);
  }
  const before = (pod.status?.conditions ?? []) as Condition[];
  const conditions = withCondition(before, next, formatTime(nowMs));
  return draft.finish({ ...pod.status, phase: pod.status?.phase ?? 'Pending', conditions });
}

function obstacleOf(
  pod: KindMap['Pod'],
  nodeName: string | undefined,
): { reason: string; message: string } | undefined {
  const gates = pod.spec.schedulingGates ?? [];
  if (gates.length > 0) {
    return {
      reason: 'SchedulingGated',
      message: `Scheduling is blocked due to non-empty scheduling gates: ${gates.map(({ name }) => name).join(', ')}`,
    };
  }
  const scheduler = pod.spec.schedulerName ?? 'default-scheduler';
  if (scheduler !== 'default-scheduler') {
    return {
      reason: 'Unschedulable',
      message: `spec.schedulerName: no scheduler named ${scheduler} runs here; use default-scheduler`,
    };
  }
  return nodeName === undefined
    ? { reason: 'Unschedulable', message: 'no nodes available to schedule pods' }
    : undefined;
}
