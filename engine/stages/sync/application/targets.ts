import { findKind, kindIdOf } from '#kube/kinds.ts';
import { groupOf, type Manifest } from '#kube/object.ts';
import type { Position, RenderedSource } from '#machine/questions.ts';
import { hasHookAnnotation, resourceHookPhases } from './hooks.ts';
import type { Settings } from './settings.ts';
import { DEFAULT_TRACKING, type Tracking, trackingId, withTracking } from './tracking.ts';
import type { Target } from './types.ts';

export interface Targets {
  /** Resources without a hook annotation, the last of equal keys kept, in order of first appearance. */
  resources: readonly Target[];
  hooks: readonly Target[];
  /** Keys that appeared more than once, with how often. */
  repeated: readonly { target: Target; times: number }[];
  /** Left out because the settings exclude their kind. */
  excluded: readonly Target[];
}

/** What targets depend on besides the manifests. */
export type TargetSettings = Pick<Settings, 'tracking' | 'isExcluded'>;

const CACHE = new WeakMap<RenderedSource, Map<string, { settings: TargetSettings; targets: Targets }>>();

/**
 * The rendered manifests as the destination would have them: namespace filled in or cleared by the kind's scope,
 * tracking annotation set, duplicates dropped, hooks apart (argo-cd.md §3.3 steps 1-4).
 */
export function computeTargets(
  rendered: RenderedSource,
  instance: string,
  namespace: string,
  settings: TargetSettings,
): Targets {
  const byPlace = CACHE.get(rendered) ?? new Map<string, { settings: TargetSettings; targets: Targets }>();
  CACHE.set(rendered, byPlace);
  const place = `${instance} ${namespace}`;
  const known = byPlace.get(place);
  if (known?.settings === settings) return known.targets;
  const targets = newTargets(rendered, instance, namespace, settings);
  byPlace.set(place, { settings, targets });
  return targets;
}

function newTargets(
  rendered: RenderedSource,
  instance: string,
  namespace: string,
  { tracking, isExcluded }: TargetSettings,
): Targets {
  const excluded: Target[] = [];
  const byKey = new Map<string, { target: Target; times: number }>();
  const hooks: Target[] = [];
  rendered.manifests.forEach((manifest, index) => {
    const target = targetOf(manifest, { instance, namespace, tracking, at: rendered.origins?.[index] });
    if (isExcluded(target)) {
      excluded.push(target);
      return;
    }
    if (hasHookAnnotation(manifest)) {
      if (resourceHookPhases(manifest).length > 0) hooks.push(target);
      return;
    }
    const times = (byKey.get(target.key)?.times ?? 0) + 1;
    byKey.set(target.key, { target, times });
  });
  const all = [...byKey.values()];
  return {
    resources: all.map(({ target }) => target),
    hooks,
    repeated: all.filter(({ times }) => times > 1),
    excluded,
  };
}

/** One manifest as a target. An unknown kind is treated as namespaced, as upstream does. */
export function targetOf(
  manifest: Manifest,
  place: { instance: string; namespace: string; tracking?: Tracking; at?: Position | undefined },
): Target {
  const kind = findKind(kindIdOf(manifest));
  const group = groupOf(manifest.apiVersion);
  const version = manifest.apiVersion.slice(group === '' ? 0 : group.length + 1);
  const known = kind !== undefined && kind.version === version;
  const namespaced = kind?.namespaced ?? true;
  const namespace = namespaced ? (manifest.metadata.namespace ?? place.namespace) : '';
  const name = manifest.metadata.name ?? '';
  const { namespace: _given, ...metadata } = manifest.metadata;
  const id = trackingId(place.instance, { group, kind: manifest.kind, namespace: namespace || place.namespace, name });
  return {
    key: `${group}/${manifest.kind}/${namespace}/${name}`,
    group,
    version,
    kind: manifest.kind,
    namespace,
    name,
    known,
    namespaced,
    manifest: {
      ...manifest,
      metadata: withTracking(
        { ...metadata, ...(namespaced ? { namespace } : {}) },
        place.instance,
        id,
        place.tracking ?? DEFAULT_TRACKING,
      ),
    },
    ...(place.at === undefined ? {} : { origin: formatPosition(place.at) }),
  };
}

function formatPosition({ file, line, column }: Position): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}

/** `group/Kind/namespace/name` of any object, as targets are keyed. */
export function resourceKey(object: {
  apiVersion: string;
  kind: string;
  metadata: { namespace?: string; name?: string };
}): string {
  return `${groupOf(object.apiVersion)}/${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;
}
