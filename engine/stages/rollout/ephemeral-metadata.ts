import { deepEqual } from '#core/json.ts';
import type { Pod } from './observe.ts';
import { type Pass, type RsView, refTo } from './pass.ts';
import { injectedMetadata } from './template-equality.ts';
import {
  blueGreenOf,
  canaryOf,
  EPHEMERAL_METADATA_ANNOTATION,
  isFullyPromoted,
  type PodMetadata,
  type RolloutSpec,
} from './types.ts';

type Metadata = { labels?: Record<string, string>; annotations?: Record<string, string> };

/**
 * Labels and annotations that tell canary pods from stable ones, moved when the roles change (rollouts §1.20): in the
 * ReplicaSet's template first, then on its pods in place. The pod template hash does not change.
 */
export function planEphemeralMetadata(pass: Pass): void {
  const { next, stable } = ephemeralMetadataOf(pass.rollout);
  if (next === undefined && stable === undefined) return;
  const promoted = !pass.status.stableRS || isFullyPromoted(pass.status);
  sync(pass, pass.newRS, promoted ? stable : next);
  if (!promoted && pass.stableRS !== pass.newRS) sync(pass, pass.stableRS, stable);
  for (const rs of pass.otherRSs) sync(pass, rs, undefined);
}

/** The metadata for pods of the new version and of the stable one, by the names the strategy has for them. */
export function ephemeralMetadataOf(rollout: { spec: RolloutSpec }): { next?: PodMetadata; stable?: PodMetadata } {
  const blueGreen = blueGreenOf(rollout);
  if (blueGreen !== undefined) return { next: blueGreen.previewMetadata, stable: blueGreen.activeMetadata };
  const { canaryMetadata, stableMetadata } = canaryOf(rollout);
  return { next: canaryMetadata, stable: stableMetadata };
}

function sync(pass: Pass, rs: RsView | undefined, desired: PodMetadata | undefined): void {
  if (rs === undefined) return;
  const injected = injectedMetadata(rs.object.metadata.annotations);
  const template = (rs.object.spec.template?.metadata ?? {}) as Metadata;
  const patch = metadataPatch(template, injected, desired);
  if (patch !== undefined || !deepEqual(injected, desired ?? {})) {
    const record = desired === undefined ? null : JSON.stringify(desired);
    pass.draft.add({
      effect: 'patch',
      target: refTo(pass, 'ReplicaSet.apps', rs.name),
      patch: {
        metadata: { annotations: { [EPHEMERAL_METADATA_ANNOTATION]: record } },
        ...(patch === undefined ? {} : { spec: { template: { metadata: patch } } }),
      },
    });
  }
  if (rs.spec === 0) return;
  for (const pod of pass.observation.pods.get(rs.uid) ?? []) syncPod(pass, pod, injected, desired);
}

function syncPod(pass: Pass, pod: Pod, injected: PodMetadata, desired: PodMetadata | undefined): void {
  const patch = metadataPatch(pod.metadata, injected, desired);
  if (patch === undefined) return;
  pass.draft.add({ effect: 'patch', target: refTo(pass, 'Pod', pod.metadata.name), patch: { metadata: patch } });
}

/** Adds what is desired and takes away only what was injected before. */
function metadataPatch(
  live: Metadata,
  injected: PodMetadata,
  desired: PodMetadata | undefined,
): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const part of ['labels', 'annotations'] as const) {
    const changes: Record<string, string | null> = {};
    for (const key of Object.keys(injected[part] ?? {})) {
      if (desired?.[part]?.[key] === undefined && live[part]?.[key] !== undefined) changes[key] = null;
    }
    for (const [key, value] of Object.entries(desired?.[part] ?? {})) {
      if (live[part]?.[key] !== value) changes[key] = value;
    }
    if (Object.keys(changes).length > 0) patch[part] = changes;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
