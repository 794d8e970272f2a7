/** Conditions and events of Deployments, as the deployment controller words them. */
export const MINIMUM_REPLICAS_AVAILABLE = 'MinimumReplicasAvailable';
export const MINIMUM_REPLICAS_UNAVAILABLE = 'MinimumReplicasUnavailable';
export const AVAILABLE_MESSAGE = 'Deployment has minimum availability.';
export const UNAVAILABLE_MESSAGE = 'Deployment does not have minimum availability.';

export const NEW_REPLICA_SET_CREATED = 'NewReplicaSetCreated';
export const FOUND_NEW_REPLICA_SET = 'FoundNewReplicaSet';
export const REPLICA_SET_UPDATED = 'ReplicaSetUpdated';
export const NEW_REPLICA_SET_AVAILABLE = 'NewReplicaSetAvailable';
export const PROGRESS_DEADLINE_EXCEEDED = 'ProgressDeadlineExceeded';
export const DEPLOYMENT_PAUSED = 'DeploymentPaused';
export const DEPLOYMENT_RESUMED = 'DeploymentResumed';
export const SCALING_REPLICA_SET = 'ScalingReplicaSet';

export const HASH_COLLISION = 'HashCollision';

export const created = (name: string) => `Created new replica set "${name}"`;
export const found = (name: string) => `Found new replica set "${name}"`;
export const progressing = (name: string) => `ReplicaSet "${name}" is progressing.`;
export const progressed = (name: string) => `ReplicaSet "${name}" has successfully progressed.`;
export const timedOut = (name: string) => `ReplicaSet "${name}" has timed out progressing.`;
export const scaled = (name: string, from: number, to: number) =>
  `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`;
