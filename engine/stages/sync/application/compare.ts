import { ApiError } from '#api/errors.ts';
import { deepEqual } from '#core/json.ts';
import { findKind, kindIdOf, type ResourceKind } from '#kube/kinds.ts';
import { lastAppliedOf, threeWayMerge } from '#kube/last-applied.ts';
import { groupOf, type KubeObject, type Manifest } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import {
  type Destination,
  isDestinationPermitted,
  isKindPermitted,
  type ProjectSpec,
} from '../app-project/permissions.ts';
import type { ApplicationConfig } from './config.ts';
import { compareOptions, hasHookAnnotation, isSkipped } from './hooks.ts';
import { type IgnoreRule, withIgnoredFromLive, withoutIgnored } from './ignore-differences.ts';
import { resourceKey, type Targets } from './targets.ts';
import { trackedInstance } from './tracking.ts';
import type { Target } from './types.ts';

/** What would happen if a target were applied now. */
export type Prediction =
  | { object: KubeObject; refused?: undefined }
  | { object?: undefined; refused: { reason: string; message: string } };

export interface ComparedResource {
  key: string;
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  target: Target | undefined;
  live: KubeObject | undefined;
  /** Undefined without a target and for kinds the engine does not serve. */
  prediction: Prediction | undefined;
  status: 'Synced' | 'OutOfSync' | 'Unknown';
  /** Live, managed, and no longer declared. */
  requiresPruning: boolean;
  /** False: the resource is out of sync, but the Application is not because of it. */
  counts: boolean;
  /** The rule of the project that forbids it. */
  forbidden: string | undefined;
}

export interface Comparison {
  /** Resources without hooks, sorted by key. */
  resources: readonly ComparedResource[];
  /** Live resources that another Application manages too: key → instance. */
  shared: readonly { resource: ComparedResource; instance: string }[];
}

export interface CompareInput {
  targets: Targets;
  /** Live objects that carry this instance's tracking id. */
  tracked: readonly KubeObject[];
  instance: string;
  projectName: string;
  project: ProjectSpec;
  destination: Destination;
  ignore: readonly IgnoreRule[];
  /** RespectIgnoreDifferences. */
  respectIgnore: boolean;
  objects: Reader;
  config: ApplicationConfig;
}

/** Compares what a commit declares with what is there (argo-cd.md §3.3). */
export function compareState(input: CompareInput): Comparison {
  const byKey = new Map<string, ComparedResource>();
  for (const target of input.targets.resources) {
    if (isSkipped(target.manifest)) continue;
    byKey.set(target.key, compareTarget(input, target, liveOf(input.objects, target)));
  }
  const skipped = new Set(input.targets.resources.map((target) => target.key));
  for (const live of input.tracked) {
    const key = resourceKey(live);
    if (skipped.has(key) || hasHookAnnotation(live) || isSkipped(live)) continue;
    const extra = compareExtra(input, key, live);
    if (extra !== undefined) byKey.set(key, extra);
  }
  const resources = [...byKey.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
  return { resources, shared: resources.flatMap((resource) => sharedWith(resource, input.instance)) };
}

/** The live object in a target's place. */
export function liveOf(objects: Reader, target: Target): KubeObject | undefined {
  const kind = kindIdOf(target.manifest);
  return objects.get(kind, target.namespaced ? target.namespace : undefined, target.name) as KubeObject | undefined;
}

function compareTarget(input: CompareInput, target: Target, live: KubeObject | undefined): ComparedResource {
  const forbidden = forbiddenBy(input, target, target.known ? target.namespaced : true, target.known);
  const base = { ...target, target, live: target.known ? live : undefined, requiresPruning: false, counts: true };
  if (!target.known) return { ...base, prediction: undefined, status: 'OutOfSync', forbidden };
  const prediction = predict(input, target, live);
  if (forbidden !== undefined) return { ...base, live: undefined, prediction, status: 'Unknown', forbidden };
  const same = live !== undefined && prediction.object !== undefined && isSame(input, target, prediction.object, live);
  return { ...base, prediction, status: same ? 'Synced' : 'OutOfSync', forbidden };
}

function compareExtra(input: CompareInput, key: string, live: KubeObject): ComparedResource | undefined {
  const kind = findKind(kindIdOf(live)) as ResourceKind;
  const { name, namespace = '' } = live.metadata;
  const subject = { group: groupOf(live.apiVersion), kind: live.kind, name, namespace };
  if (forbiddenBy(input, subject, kind.namespaced, true) !== undefined) return undefined;
  return {
    key,
    ...subject,
    version: kind.version,
    target: undefined,
    live,
    prediction: undefined,
    status: 'OutOfSync',
    requiresPruning: true,
    counts: !compareOptions(live).includes('IgnoreExtraneous'),
    forbidden: undefined,
  };
}

function forbiddenBy(
  input: CompareInput,
  subject: { group: string; kind: string; name: string; namespace: string },
  namespaced: boolean,
  known: boolean,
): string | undefined {
  const { project, projectName, destination } = input;
  if (known && !isKindPermitted(project, subject, namespaced)) {
    return `resource ${subject.group}:${subject.kind} is not permitted in project ${projectName}`;
  }
  const place = { ...destination, namespace: subject.namespace };
  if (known && namespaced && !isDestinationPermitted(project, place, [destination])) {
    return `namespace ${subject.namespace} is not permitted in project '${projectName}'`;
  }
  return undefined;
}

/** What the API would store for a target: merged with the live object as an apply would, admitted, not written. */
export function predict(
  input: Pick<CompareInput, 'config' | 'objects' | 'ignore' | 'respectIgnore'>,
  target: Target,
  live: KubeObject | undefined,
  strategy: 'apply' | 'replace' = 'apply',
): Prediction {
  const remembered = live === undefined ? undefined : MEMO.get(target.manifest)?.get(live);
  if (remembered !== undefined && strategy === 'apply' && !input.respectIgnore) return remembered;
  const kind = findKind(kindIdOf(target.manifest)) as ResourceKind;
  const desired = desiredManifest(input, target, live);
  try {
    const merged =
      live === undefined
        ? newObject(desired)
        : strategy === 'replace'
          ? ({ ...desired, metadata: { ...live.metadata, ...desired.metadata }, status: live.status } as KubeObject)
          : (threeWayMerge(lastAppliedOf(live), desired, live) as KubeObject);
    const prediction = { object: input.config.normalise(merged, live, kind, input.objects) };
    if (live !== undefined && strategy === 'apply' && !input.respectIgnore) remember(target.manifest, live, prediction);
    return prediction;
  } catch (error) {
    if (error instanceof ApiError) return { refused: { reason: error.reason, message: error.message } };
    throw error;
  }
}

/** The manifest to apply: with RespectIgnoreDifferences, ignored fields keep their live values. */
export function desiredManifest(
  input: Pick<CompareInput, 'ignore' | 'respectIgnore'>,
  target: Target,
  live: KubeObject | undefined,
): Manifest {
  if (!input.respectIgnore || live === undefined) return target.manifest;
  return withIgnoredFromLive(target.manifest, live, target, input.ignore);
}

const MEMO = new WeakMap<Manifest, WeakMap<KubeObject, Prediction>>();

function remember(manifest: Manifest, live: KubeObject, prediction: Prediction): void {
  const byLive = MEMO.get(manifest) ?? new WeakMap<KubeObject, Prediction>();
  MEMO.set(manifest, byLive);
  byLive.set(live, prediction);
}

function newObject(manifest: Manifest): KubeObject {
  const { status: _ignored, ...rest } = manifest;
  const server = { uid: '', resourceVersion: '', creationTimestamp: '1970-01-01T00:00:00Z' };
  return { ...rest, metadata: { ...server, ...manifest.metadata, name: manifest.metadata.name ?? '' } } as KubeObject;
}

function isSame(input: CompareInput, target: Target, predicted: KubeObject, live: KubeObject): boolean {
  const comparable = (object: KubeObject) => {
    const { status: _status, ...rest } = object;
    return withoutIgnored(rest, target, input.ignore);
  };
  return deepEqual(comparable(predicted), comparable(live));
}

function sharedWith(resource: ComparedResource, instance: string): Comparison['shared'] {
  const owner = resource.live === undefined ? undefined : trackedInstance(resource.live);
  return owner === undefined || owner === instance || resource.target === undefined
    ? []
    : [{ resource, instance: owner }];
}
