/** Events of StatefulSets. */
export const SUCCESSFUL_CREATE = 'SuccessfulCreate';
export const SUCCESSFUL_DELETE = 'SuccessfulDelete';
export const FAILED_CREATE = 'FailedCreate';
export const RECREATING_FAILED_POD = 'RecreatingFailedPod';
export const UNSUPPORTED_FIELD = 'UnsupportedField';

export const createdPod = (set: string, pod: string) => `create Pod ${pod} in StatefulSet ${set} successful`;
export const createFailed = (set: string, pod: string) => `create Pod ${pod} in StatefulSet ${set} failed error: `;
export const deletedPod = (set: string, pod: string) => `delete Pod ${pod} in StatefulSet ${set} successful`;
export const createdClaim = (set: string, claim: string) => `create Claim ${claim} in StatefulSet ${set} success`;
export const recreating = (set: string, pod: string) => `StatefulSet ${set} is recreating failed Pod ${pod}`;

export function revisionNotKept(pod: string, revision: string, partition: number): string {
  return (
    `cannot create Pod ${pod}: spec.updateStrategy.rollingUpdate.partition ${partition} asks for revision ${revision}, ` +
    'and the engine keeps no template but the current one; lower the partition, or put the old template back'
  );
}

export function unsupported(field: string, value: string, effect: string): string {
  return `${field}: ${value} is not supported: ${effect}`;
}
