import { elementsAt, mapAt } from './fields.ts';
import type { PlacedObject } from './placed-object.ts';
import type { FieldPath } from './source.ts';

/** A pod as some object declares it. */
export interface PodTemplate {
  owner: PlacedObject;
  /** Path of the template's metadata and spec within the owner. */
  path: FieldPath;
  labels: Readonly<Record<string, unknown>>;
  spec: Readonly<Record<string, unknown>>;
  /** Runs to completion (Job, CronJob): no readiness, no disruption budget. */
  isTask: boolean;
}

export interface ContainerAt {
  path: FieldPath;
  value: Readonly<Record<string, unknown>>;
  isInit: boolean;
}

/** Where each workload kind keeps its pod. */
const TEMPLATES: Readonly<Record<string, FieldPath>> = {
  Pod: [],
  'Deployment.apps': ['spec', 'template'],
  'ReplicaSet.apps': ['spec', 'template'],
  'StatefulSet.apps': ['spec', 'template'],
  'DaemonSet.apps': ['spec', 'template'],
  'Job.batch': ['spec', 'template'],
  'CronJob.batch': ['spec', 'jobTemplate', 'spec', 'template'],
  'Rollout.argoproj.io': ['spec', 'template'],
};

/** Pods that run as long as the workload does; `spec.replicas` of them where the kind has it. */
export const LASTING_WORKLOADS = [
  'Deployment.apps',
  'StatefulSet.apps',
  'Rollout.argoproj.io',
  'DaemonSet.apps',
] as const;

/** Kinds of which a person writes one object a component. */
export function podTemplatesOf(owner: PlacedObject): PodTemplate[] {
  const path = TEMPLATES[owner.kindId];
  if (path === undefined) return [];
  const spec = mapAt(owner.value, [...path, 'spec']);
  // A Rollout may take its pod from a Deployment (workloadRef).
  if (Object.keys(spec).length === 0) return [];
  const labels = mapAt(owner.value, [...path, 'metadata', 'labels']);
  return [{ owner, path, labels, spec, isTask: /^(Job|CronJob)\./.test(owner.kindId) }];
}

/** Init containers first, as they run. */
export function containersOf({ owner, path }: PodTemplate): ContainerAt[] {
  return [
    ...elementsAt(owner.value, [...path, 'spec', 'initContainers']).map((at) => ({ ...at, isInit: true })),
    ...elementsAt(owner.value, [...path, 'spec', 'containers']).map((at) => ({ ...at, isInit: false })),
  ];
}
