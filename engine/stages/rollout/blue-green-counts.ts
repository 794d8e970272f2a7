import type { RsCounts } from './replica-counts.ts';
import { blueGreenOf, type RolloutTerms, replicasOf } from './types.ts';

/** A ReplicaSet as blue-green arithmetic sees it. */
export interface HashedRsCounts extends RsCounts {
  hash: string;
}

/**
 * Pods the new ReplicaSet of a blue-green rollout should have: spec.replicas, or previewReplicaCount while the active
 * service still selects another one and the preview has not passed its checkpoint (rollouts §4.1).
 */
export function blueGreenNewCount(
  terms: RolloutTerms,
  newRS: HashedRsCounts,
  allRSs: readonly HashedRsCounts[],
): number {
  const replicas = replicasOf(terms);
  const previewCount = blueGreenOf(terms)?.previewReplicaCount;
  if (previewCount === undefined) return replicas;
  const { blueGreen, promoteFull, currentPodHash, stableRS, pauseConditions = [] } = terms.status;
  // Going back to stable before the update was over: its pods are not a preview. Upstream scales them to and fro for ever.
  if (stableRS === newRS.hash) return replicas;
  const activeSelector = blueGreen?.activeSelector ?? '';
  const active = activeSelector === '' ? undefined : allRSs.find(({ hash }) => hash === activeSelector);
  if (active === undefined || active.name === newRS.name || promoteFull) return replicas;
  if (newRS.hash !== currentPodHash) return previewCount;
  const resumed = !terms.spec.paused && pauseConditions.length === 0;
  return resumed && blueGreen?.scaleUpPreviewCheckPoint ? replicas : previewCount;
}

/** All pods the new ReplicaSet should have now are there and available. */
export function isReadyForPause(
  terms: RolloutTerms,
  newRS: HashedRsCounts | undefined,
  allRSs: readonly HashedRsCounts[],
): boolean {
  if (newRS === undefined) return false;
  const wanted = blueGreenNewCount(terms, newRS, allRSs);
  return newRS.spec === wanted && newRS.available === wanted;
}
