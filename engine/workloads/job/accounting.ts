import type { KindMap } from '#kube/kinds.ts';
import { isDeleting } from '#kube/object.ts';
import { isPodTerminal, type Pod } from '../pod-facts/pod-state.ts';

export type Job = KindMap['Job.batch'];

/** Holds a pod of a Job until its outcome is in the Job's status, so that no outcome is lost or counted twice. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';

export interface Uncounted {
  succeeded: readonly string[];
  failed: readonly string[];
}

export interface Accounting {
  /** Pods whose outcome is in the counts below: their finalizer can go. */
  release: readonly Pod[];
  /** Final counts, of pods whose finalizer is gone or goes in this plan. */
  succeeded: number;
  failed: number;
  /** Outcomes that this plan writes down and the next one counts. */
  uncounted: Uncounted;
}

export function hasTracking(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false;
}

/**
 * Two-phase counting: an ended pod's uid is first written to `status.uncountedTerminatedPods`; once it is there, its finalizer is
 * removed and it moves into the count. A crash between any two writes neither loses nor repeats an outcome.
 * A pod deleted before it ended counts as failed. Source: Kubernetes pkg/controller/job, trackJobStatusAndRemoveFinalizers.
 */
export function accountPods(job: Job, pods: readonly Pod[]): Accounting {
  const noted = job.status?.uncountedTerminatedPods;
  const notedSucceeded = noted?.succeeded ?? [];
  const notedFailed = noted?.failed ?? [];
  const isNoted = (pod: Pod) => notedSucceeded.includes(pod.metadata.uid) || notedFailed.includes(pod.metadata.uid);
  const fresh = pods.filter((pod) => hasTracking(pod) && !isNoted(pod));
  const uids = (list: readonly Pod[]) => list.map((pod) => pod.metadata.uid);
  return {
    release: pods.filter((pod) => hasTracking(pod) && isNoted(pod)),
    succeeded: (job.status?.succeeded ?? 0) + notedSucceeded.length,
    failed: (job.status?.failed ?? 0) + notedFailed.length,
    uncounted: {
      succeeded: uids(fresh.filter((pod) => pod.status?.phase === 'Succeeded')),
      failed: uids(fresh.filter((pod) => pod.status?.phase === 'Failed' || (isDeleting(pod) && !isPodTerminal(pod)))),
    },
  };
}
