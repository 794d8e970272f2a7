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
import { recordsOwners } from './managed-fields.ts';
import type { Settings } from './settings.ts';
import { resourceKey, type Targets } from './targets.ts';
import { trackedInstance, withTrackingBackfilled } from './tracking.ts';
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
  /** Resources for which a rule names managers, and that do not record who owns what. */
  ownerless: readonly ComparedResource[];
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
  /** The destination's namespace is made from managedNamespaceMetadata: it is never an extra object. */
  managesNamespace: boolean;
  settings: Settings;
  objects: Reader;
  config: ApplicationConfig;
}

interface Remembered {
  input: CompareInput;
  lives: readonly (KubeObject | undefined)[];
  comparison: Comparison;
}

const LAST = new WeakMap<Targets, Remembered>();

/**
 * Compares what a commit declares with what is there (argo-cd.md §3.3). The last comparison of the same targets is
 * returned again while nothing it was made of has changed; stored objects are frozen, so that is a matter of identity.
 */
export function compareState(input: CompareInput): Comparison {
  const lives = input.targets.resources.map((target) => liveOf(input.objects, target));
  const last = LAST.get(input.targets);
  if (last !== undefined && isSameList(last.lives, lives) && isSameInput(last.input, input)) return last.comparison;
  const comparison = newComparison(input, lives);
  LAST.set(input.targets, { input, lives, comparison });
  return comparison;
}

function isSameInput(left: CompareInput, right: CompareInput): boolean {
  return (
    left.project === right.project &&
    left.ignore === right.ignore &&
    left.settings === right.settings &&
    left.respectIgnore === right.respectIgnore &&
    left.managesNamespace === right.managesNamespace &&
    left.config === right.config &&
    left.objects === right.objects &&
    left.projectName === right.projectName &&
    deepEqual(left.destination, right.destination) &&
    isSameList(left.tracked, right.tracked)
  );
}

function isSameList(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}

function newComparison(input: CompareInput, lives: readonly (KubeObject | undefined)[]): Comparison {
  const byKey = new Map<string, ComparedResource>();
  for (const [index, target] of input.targets.resources.entries()) {
    if (!isSkipped(target.manifest)) byKey.set(target.key, compareTarget(input, target, lives[index]));
  }
  const declared = new Set(input.targets.resources.map((target) => target.key));
  for (const live of input.tracked) {
    const key = resourceKey(live);
    if (declared.has(key) || hasHookAnnotation(live) || isSkipped(live)) continue;
    const extra = compareExtra(input, key, live);
    if (extra !== undefined) byKey.set(key, extra);
  }
  const resources = [...byKey.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
  return {
    resources,
    shared: resources.flatMap((resource) => sharedWith(resource, input)),
    ownerless: resources.filter((resource) => isOwnerless(resource, input)),
  };
}

/** A rule about field managers would do something here, if the object said who owns its fields. */
function isOwnerless(resource: ComparedResource, { ignore }: CompareInput): boolean {
  if (resource.live === undefined || resource.target === undefined || recordsOwners(resource.live)) return false;
  return ignore.some((rule) => rule.managers.length > 0 && rule.matches(resource));
}

/** The live object in a target's place. */
export function liveOf(objects: Reader, target: Target): KubeObject | undefined {
  const kind = kindIdOf(target.manifest);
  return objects.get(kind, target.namespaced ? target.namespace : undefined, target.name) as KubeObject | undefined;
}

function compareTarget(input: CompareInput, target: Target, live: KubeObject | undefined): ComparedResource {
  const forbidden = forbiddenBy(input, target, target.known ? target.namespaced : true, target.known);
  const base = { ...target, target, live: target.known ? live : undefined, requiresPruning: false, counts: true };
  if (!target.known) return { ...base, status: 'OutOfSync', forbidden };
  if (forbidden !== undefined) return { ...base, live: undefined, status: 'Unknown', forbidden };
  if (live === undefined) return { ...base, status: 'OutOfSync', forbidden };
  return { ...base, status: isSame(input, target, live) ? 'Synced' : 'OutOfSync', forbidden };
}

function compareExtra(input: CompareInput, key: string, live: KubeObject): ComparedResource | undefined {
  const kind = findKind(kindIdOf(live)) as ResourceKind;
  const { name, namespace = '' } = live.metadata;
  const subject = { group: groupOf(live.apiVersion), kind: live.kind, name, namespace };
  if (input.settings.isExcluded(subject)) return undefined;
  if (input.managesNamespace && key === `/Namespace//${input.destination.namespace}`) return undefined;
  if (forbiddenBy(input, subject, kind.namespaced, true) !== undefined) return undefined;
  return {
    key,
    ...subject,
    version: kind.version,
    target: undefined,
    live,
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
  const kind = findKind(kindIdOf(target.manifest)) as ResourceKind;
  const desired = desiredManifest(input, target, live);
  try {
    const merged =
      live === undefined
        ? newObject(desired)
        : strategy === 'replace'
          ? ({ ...desired, metadata: { ...live.metadata, ...desired.metadata }, status: live.status } as KubeObject)
          : (threeWayMerge(lastAppliedOf(live), desired, live) as KubeObject);
    return { object: input.config.normalise(merged, live, kind, input.objects) };
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

function newObject(manifest: Manifest): KubeObject {
  const { status: _ignored, ...rest } = manifest;
  const server = { uid: '', resourceVersion: '', creationTimestamp: '1970-01-01T00:00:00Z' };
  return { ...rest, metadata: { ...server, ...manifest.metadata, name: manifest.metadata.name ?? '' } } as KubeObject;
}

interface Verdict {
  live: KubeObject;
  input: Pick<CompareInput, 'ignore' | 'settings' | 'respectIgnore' | 'config'>;
  same: boolean;
}

/** What became of a manifest's last comparison: one object that changes must not cost that all are compared again. */
const VERDICTS = new WeakMap<Manifest, Verdict>();

function isSame(input: CompareInput, target: Target, live: KubeObject): boolean {
  const { ignore, settings, respectIgnore, config } = input;
  const last = VERDICTS.get(target.manifest);
  if (
    last?.live === live &&
    last.input.ignore === ignore &&
    last.input.settings === settings &&
    last.input.respectIgnore === respectIgnore &&
    last.input.config === config
  ) {
    return last.same;
  }
  const same = isPredictedSame(input, target, live);
  VERDICTS.set(target.manifest, { live, input: { ignore, settings, respectIgnore, config }, same });
  return same;
}

function isPredictedSame(input: CompareInput, target: Target, live: KubeObject): boolean {
  const prediction = predict(input, target, live);
  if (prediction.object === undefined) return false;
  const comparable = (object: KubeObject) => {
    const { status: _status, ...rest } = object;
    return withoutIgnored(rest, target, input.ignore, live);
  };
  const marked = withTrackingBackfilled(live, target.manifest, input.settings.tracking);
  return deepEqual(comparable(prediction.object), comparable(marked));
}

function sharedWith(resource: ComparedResource, { instance, settings }: CompareInput): Comparison['shared'] {
  const owner = resource.live === undefined ? undefined : trackedInstance(resource.live, settings.tracking);
  return owner === undefined || owner === instance || resource.target === undefined
    ? []
    : [{ resource, instance: owner }];
}
