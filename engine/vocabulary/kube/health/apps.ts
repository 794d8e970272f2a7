import { findCondition } from '../conditions.ts';
import type { KindMap } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import { type Health, health } from './status.ts';

const GENERATION = 'observed deployment generation less than desired generation';
const waiting = (text: string) => health('Progressing', `Waiting for rollout to finish: ${text}`);

export function deploymentHealth({ metadata, spec, status }: KindMap['Deployment.apps']): Health {
  if (spec.paused) return health('Suspended', 'Deployment is paused');
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) return waiting(GENERATION);
  if (findCondition(status?.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded') {
    return health('Degraded', `Deployment "${metadata.name}" exceeded its progress deadline`);
  }
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  if (spec.replicas !== undefined && updatedReplicas < spec.replicas) {
    return waiting(`${updatedReplicas} out of ${spec.replicas} new replicas have been updated...`);
  }
  if (replicas > updatedReplicas)
    return waiting(`${replicas - updatedReplicas} old replicas are pending termination...`);
  if (availableReplicas < updatedReplicas) {
    return waiting(`${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  }
  return health('Healthy');
}

export function statefulSetHealth({ metadata, spec, status }: KindMap['StatefulSet.apps']): Health {
  const observed = status?.observedGeneration ?? 0;
  if (observed === 0 || (metadata.generation ?? 0) > observed) {
    return health('Progressing', 'Waiting for statefulset spec update to be observed...');
  }
  const { readyReplicas = 0, updatedReplicas = 0, updateRevision = '', currentRevision = '' } = status ?? {};
  if (spec.replicas !== undefined && readyReplicas < spec.replicas) {
    return health('Progressing', `Waiting for ${spec.replicas - readyReplicas} pods to be ready...`);
  }
  const strategy = spec.updateStrategy;
  if (strategy?.type === 'RollingUpdate' && strategy.rollingUpdate !== undefined) {
    const partition = strategy.rollingUpdate.partition;
    const wanted = (spec.replicas ?? 0) - (partition ?? 0);
    if (spec.replicas !== undefined && partition !== undefined && updatedReplicas < wanted) {
      const text = `${updatedReplicas} out of ${wanted} new pods have been updated...`;
      return health('Progressing', `Waiting for partitioned roll out to finish: ${text}`);
    }
    return health('Healthy', `partitioned roll out complete: ${updatedReplicas} new pods have been updated...`);
  }
  if (strategy?.type === 'OnDelete') return health('Healthy', `statefulset has ${readyReplicas} ready pods`);
  if (updateRevision !== currentRevision) {
    const text = `${updatedReplicas} pods at revision ${updateRevision}...`;
    return health('Progressing', `waiting for statefulset rolling update to complete ${text}`);
  }
  const count = status?.currentReplicas ?? 0;
  return health('Healthy', `statefulset rolling update complete ${count} pods at revision ${currentRevision}...`);
}

interface DaemonSet {
  spec?: { updateStrategy?: { type?: string } };
  status?: {
    observedGeneration?: number;
    updatedNumberScheduled?: number;
    desiredNumberScheduled?: number;
    numberAvailable?: number;
  };
}

export function daemonSetHealth(object: KubeObject): Health {
  const { spec, status } = object as unknown as DaemonSet;
  if ((object.metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) {
    return health(
      'Progressing',
      `Waiting for daemon set ${JSON.stringify(object.metadata.name)} spec update to be observed...`,
    );
  }
  const {
    updatedNumberScheduled: updated = 0,
    desiredNumberScheduled: desired = 0,
    numberAvailable = 0,
  } = status ?? {};
  if (spec?.updateStrategy?.type === 'OnDelete') {
    return health('Healthy', `daemon set ${updated} out of ${desired} new pods have been updated`);
  }
  const start = `Waiting for daemon set ${JSON.stringify(object.metadata.name)} rollout to finish`;
  if (updated < desired)
    return health('Progressing', `${start}: ${updated} out of ${desired} new pods have been updated...`);
  if (numberAvailable < desired) {
    return health('Progressing', `${start}: ${numberAvailable} of ${desired} updated pods are available...`);
  }
  return health('Healthy');
}

export function replicaSetHealth({ metadata, spec, status }: KindMap['ReplicaSet.apps']): Health {
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) {
    return waiting('observed replica set generation less than desired generation');
  }
  const failure = findCondition(status?.conditions, 'ReplicaFailure');
  if (failure?.status === 'True') return health('Degraded', failure.message);
  const available = status?.availableReplicas ?? 0;
  if (spec.replicas !== undefined && available < spec.replicas) {
    return waiting(`${available} out of ${spec.replicas} new replicas are available...`);
  }
  return health('Healthy');
}
