import type { KindMap } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { LabelSelector } from '#kube/selector.ts';
import type { Reader } from '#store/store.ts';
import { type Pass, refTo } from './pass.ts';
import {
  type PodTemplate,
  type Rollout,
  replicasOf,
  WORKLOAD_GENERATION_ANNOTATION,
  type WorkloadRef,
} from './types.ts';

type Deployment = KindMap['Deployment.apps'];

/** What spec.workloadRef led to. */
export interface ResolvedWorkload {
  /** metadata.generation of the workload; undefined when there is a problem. */
  generation?: string;
  /** Why the reference cannot be followed, in upstream's words. */
  problem?: string;
  deployment?: Deployment;
}

interface Resolution {
  rollout: Rollout;
  workload?: ResolvedWorkload;
}

const KINDS = { 'apps/Deployment': 'Deployment.apps', 'apps/ReplicaSet': 'ReplicaSet.apps' } as const;
const PLURALS = { 'apps/Deployment': 'deployments.apps', 'apps/ReplicaSet': 'replicasets.apps' } as const;

/**
 * The rollout with template and selector of the workload it refers to (rollouts §1.19). They live in memory only: nothing of
 * them is written into the rollout's spec.
 */
export function resolveWorkload(rollout: Rollout, objects: Reader): Resolution {
  const { workloadRef, template, selector } = rollout.spec;
  if (workloadRef === undefined) return { rollout };
  if (!isEmptyTemplate(template)) {
    return { rollout, workload: { problem: 'template must be empty for workload reference rollout' } };
  }
  const kind = kindOf(workloadRef);
  if (kind === undefined) return { rollout, workload: { problem: unsupportedKind(workloadRef) } };
  const { namespace } = rollout.metadata;
  const found = objects.get(KINDS[kind], namespace, workloadRef.name ?? '') as Deployment | undefined;
  if (found === undefined) {
    return { rollout, workload: { problem: `${PLURALS[kind]} "${namespace}/${workloadRef.name}" not found` } };
  }
  const spec = {
    ...rollout.spec,
    template: found.spec.template as PodTemplate,
    selector: selector ?? (found.spec.selector as LabelSelector),
  };
  const generation = String(found.metadata.generation ?? 0);
  const deployment = kind === 'apps/Deployment' ? { deployment: found } : {};
  return { rollout: { ...rollout, spec }, workload: { generation, ...deployment } };
}

function kindOf({ apiVersion = '', kind = '' }: WorkloadRef): keyof typeof KINDS | undefined {
  const id = `${groupOf(apiVersion)}/${kind}`;
  return id in KINDS ? (id as keyof typeof KINDS) : undefined;
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '';
}

function unsupportedKind({ apiVersion = '', kind = '' }: WorkloadRef): string {
  const type = `${groupOf(apiVersion)}/${kind}`;
  return type === '/PodTemplate'
    ? 'spec.workloadRef.kind: PodTemplate is not reproduced by this engine'
    : `workload of type ${type} is not supported`;
}

function isEmptyTemplate(template: PodTemplate | undefined): boolean {
  const { labels = {}, annotations = {} } = template?.metadata ?? {};
  const containers = (template?.spec?.containers ?? []) as unknown[];
  return Object.keys(labels).length === 0 && Object.keys(annotations).length === 0 && containers.length === 0;
}

/** Whether the rollout refers to this object. */
export function refersTo({ spec }: Rollout, { apiVersion, kind, metadata }: KubeObject): boolean {
  const { workloadRef } = spec;
  if (workloadRef?.kind !== kind || workloadRef.name !== metadata.name) return false;
  return groupOf(workloadRef.apiVersion ?? '') === groupOf(apiVersion);
}

/** Keeps the annotation that tells watchers which generation of the workload the rollout has seen. */
export function planWorkloadGeneration(pass: Pass): void {
  const { rollout, observation } = pass;
  const wanted = observation.workload?.generation ?? null;
  if (wanted === (rollout.metadata.annotations?.[WORKLOAD_GENERATION_ANNOTATION] ?? null)) return;
  const target = refTo(pass, 'Rollout.argoproj.io', rollout.metadata.name);
  pass.draft.add({
    effect: 'patch',
    target,
    patch: { metadata: { annotations: { [WORKLOAD_GENERATION_ANNOTATION]: wanted } } },
  });
}

/** `onsuccess`: the Deployment is given up when the first revision is healthy. */
export function planScaleDownOnSuccess(pass: Pass): void {
  const { workloadRef } = pass.rollout.spec;
  if (workloadRef?.scaleDown !== 'onsuccess' || pass.revision !== 1 || pass.status.phase !== 'Healthy') return;
  scaleDeployment(pass, 0);
}

/**
 * `progressively`: while the first revision comes up the Deployment keeps the pods that are still missing, and gets them
 * back when the rollout fails. `shrinks`: the new ReplicaSet is being scaled down in this pass.
 */
export function planProgressiveScaleDown(pass: Pass, shrinks: boolean): void {
  const { rollout, newRS, status } = pass;
  if (rollout.spec.workloadRef?.scaleDown !== 'progressively' || newRS?.revision !== 1) return;
  const readyReplicas = status.readyReplicas ?? 0;
  if (status.phase === 'Healthy') scaleDeployment(pass, 0);
  else if (readyReplicas > 0 || shrinks) scaleDeployment(pass, Math.max(0, replicasOf(rollout) - readyReplicas));
}

function scaleDeployment(pass: Pass, replicas: number): void {
  const deployment = pass.observation.workload?.deployment;
  if (deployment === undefined || (deployment.spec.replicas ?? 1) === replicas) return;
  const target = refTo(pass, 'Deployment.apps', deployment.metadata.name);
  pass.draft.add({ effect: 'patch', target, patch: { spec: { replicas } } });
}
