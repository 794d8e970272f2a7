/** Events and conditions of ReplicaSets. */
export const SUCCESSFUL_CREATE = 'SuccessfulCreate';
export const SUCCESSFUL_DELETE = 'SuccessfulDelete';
export const FAILED_CREATE = 'FailedCreate';
export const REPLICA_FAILURE = 'ReplicaFailure';

/** A pod that the API does not take: quota, Pod Security, limits. */
export const REFUSED = { reason: FAILED_CREATE, prefix: 'Error creating: ', condition: REPLICA_FAILURE };

/** The store draws the names, so the message can only give what they begin with. */
export function createdPods(count: number, prefix: string): string {
  return count === 1 ? `Created pod: ${prefix}*` : `Created ${count} pods: ${prefix}*`;
}

export function deletedPod(name: string): string {
  return `Deleted pod: ${name}`;
}
