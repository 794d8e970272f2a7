import { type Controller, onOwned, onRoot, trigger } from '#control/controller.ts';
import { Draft } from '#control/plan.ts';
import { refOf } from '#kube/kinds.ts';
import { controllerOf, objectKey, splitKey } from '#kube/object.ts';
import type { Pod } from '../pod-facts/pod-state.ts';
import { hasTracking, TRACKING_FINALIZER } from './accounting.ts';
import { type JobObservation, planJob } from './plan.ts';

/** Runs pods to completion. */
export const jobController: Controller<JobObservation> = {
  name: 'job-controller',
  root: 'Job.batch',
  triggers: [onRoot('Job.batch'), onOwned('Pod', 'Job')],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const job = objects.get('Job.batch', namespace, name);
    return job === undefined ? undefined : { job, pods: objects.ownedBy('Pod', job.metadata.uid) };
  },
  plan: planJob,
};

/** Lets go of pods whose Job is gone: nobody is left to count them, and their finalizer would keep them for ever. */
export const jobPodReleaseController: Controller<{ pod: Pod }> = {
  name: 'job-pod-release',
  root: 'Pod',
  triggers: [
    trigger('Pod', (pod, objects) =>
      isAbandoned(pod, (uid) => objects.byUid(uid) !== undefined) ? [objectKey(pod)] : [],
    ),
    trigger('Job.batch', (job, objects) =>
      objects.byUid(job.metadata.uid) === undefined
        ? objects.ownedBy('Pod', job.metadata.uid).filter(hasTracking).map(objectKey)
        : [],
    ),
  ],
  observe: (key, { objects }) => {
    const { namespace, name } = splitKey(key);
    const pod = objects.get('Pod', namespace, name);
    const isLost = pod !== undefined && isAbandoned(pod, (uid) => objects.byUid(uid) !== undefined);
    return isLost ? { pod } : undefined;
  },
  plan: ({ pod }) => {
    const finalizers = (pod.metadata.finalizers ?? []).filter((name) => name !== TRACKING_FINALIZER);
    const patch = { metadata: { finalizers } };
    return new Draft().add({ effect: 'patch', target: refOf(pod), patch, when: { uid: pod.metadata.uid } }).finish();
  },
};

function isAbandoned(pod: Pod, exists: (uid: string) => boolean): boolean {
  const owner = controllerOf(pod);
  return hasTracking(pod) && (owner?.kind !== 'Job' || !exists(owner.uid));
}
