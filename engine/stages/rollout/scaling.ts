import { formatTime, parseTime } from '#core/clock.ts';
import { blueGreenNewCount } from './blue-green-counts.ts';
import { isAborted, isHalted, type Pass, type RsView, refTo, setsOf, termsOf } from './pass.ts';
import { MESSAGE, REASON } from './reasons.ts';
import { abortScaleDownDelay, canaryCounts, hasDistinctStable, resolveFenceposts } from './replica-counts.ts';
import {
  blueGreenOf,
  canaryOf,
  DESIRED_REPLICAS_ANNOTATION,
  isFullyPromoted,
  isRouted,
  replicasOf,
  SCALE_DOWN_DEADLINE_ANNOTATION,
} from './types.ts';
import { planProgressiveScaleDown } from './workload-ref.ts';

const SCALE_DOWN_DELAY_MS = 30_000;

/** Moves pod counts one step: stable first, then new, then others. True when something was scaled: the pass then ends. */
export function planScaling(pass: Pass): boolean {
  if (isHalted(pass)) return false;
  removeDeadlines(pass);
  return scaleStable(pass) || scaleNew(pass) || scaleOthers(pass);
}

function scaleStable(pass: Pass): boolean {
  const { newRS, stableRS } = pass;
  if (stableRS === undefined || !hasDistinctStable(newRS, stableRS)) return false;
  const { stable } = canaryCounts(termsOf(pass), setsOf(pass), pass.status.canary?.weights);
  return scale(pass, stableRS, stable);
}

/** Sizes the new ReplicaSet, or keeps it until its deadline when its rollout was aborted. True when it was scaled. */
export function scaleNew(pass: Pass): boolean {
  const { newRS } = pass;
  if (newRS === undefined) return false;
  if (!delaysScaleDownOnAbort(pass)) {
    const size = wantedSize(pass, newRS);
    planProgressiveScaleDown(pass, newRS.spec > size);
    return scale(pass, newRS, size);
  }
  const deadlineMs = parseTime(newRS.deadline);
  if (deadlineMs === undefined) {
    scale(pass, newRS, newRS.spec);
    const stableIsWhole = (pass.stableRS?.available ?? 0) >= replicasOf(pass.rollout);
    if (stableIsWhole && newRS.spec > 0) setDeadline(pass, newRS, abortScaleDownDelay(termsOf(pass)).delayMs ?? 0);
    return false;
  }
  if (deadlineMs <= pass.nowMs) return scale(pass, newRS, 0);
  pass.draft.wakeAt(deadlineMs);
  scale(pass, newRS, newRS.spec);
  return false;
}

function wantedSize(pass: Pass, newRS: RsView): number {
  if (blueGreenOf(pass.rollout) !== undefined) return blueGreenNewCount(termsOf(pass), newRS, pass.allRSs);
  return canaryCounts(termsOf(pass), setsOf(pass), pass.weights).canary;
}

/** Whether the pods of an aborted canary stay for a while: with a router, unless they drain with dynamicStableScale. */
function delaysScaleDownOnAbort(pass: Pass): boolean {
  if (!isAborted(pass) || pass.stableRS === undefined) return false;
  if (blueGreenOf(pass.rollout) === undefined && !isRouted(pass.rollout)) return false;
  const { delayMs, explicit } = abortScaleDownDelay(termsOf(pass));
  return delayMs !== undefined && (explicit || !canaryOf(pass.rollout).dynamicStableScale);
}

/** New and stable ReplicaSets that are in use again lose the deadline they may still carry. */
export function removeDeadlines(pass: Pass): void {
  const { newRS, stableRS } = pass;
  if (newRS !== undefined && !delaysScaleDownOnAbort(pass)) removeDeadline(pass, newRS);
  if (stableRS !== undefined && stableRS !== newRS) removeDeadline(pass, stableRS);
}

function removeDeadline(pass: Pass, rs: RsView): void {
  if (rs.deadline === undefined) return;
  rs.deadline = undefined;
  patchAnnotations(pass, rs, { [SCALE_DOWN_DEADLINE_ANNOTATION]: null });
}

function setDeadline(pass: Pass, rs: RsView, delayMs: number): void {
  rs.deadline = formatTime(pass.nowMs + delayMs);
  patchAnnotations(pass, rs, { [SCALE_DOWN_DEADLINE_ANNOTATION]: rs.deadline });
  pass.draft.wakeAt(Math.max(parseTime(rs.deadline) as number, pass.nowMs + 1));
}

function patchAnnotations(pass: Pass, rs: RsView, annotations: Record<string, string | null>): void {
  const target = refTo(pass, 'ReplicaSet.apps', rs.name);
  pass.draft.add({ effect: 'patch', target, patch: { metadata: { annotations } } });
}

/** Sets the size and the desired-replicas annotation of a ReplicaSet. True when the size changes. */
export function scale(pass: Pass, rs: RsView, size: number): boolean {
  const desired = String(replicasOf(pass.rollout));
  const dropsDeadline = size === 0 && rs.deadline !== undefined && !delaysScaleDownOnAbort(pass);
  const resized = rs.spec !== size;
  if (!resized && rs.desired === desired && !(desired === '0' && dropsDeadline)) return false;
  const annotations = {
    [DESIRED_REPLICAS_ANNOTATION]: desired,
    ...(dropsDeadline ? { [SCALE_DOWN_DEADLINE_ANNOTATION]: null } : {}),
  };
  const target = refTo(pass, 'ReplicaSet.apps', rs.name);
  const spec = resized ? { spec: { replicas: size } } : {};
  pass.draft.add({ effect: 'patch', target, patch: { metadata: { annotations }, ...spec } });
  if (resized) {
    const direction = rs.spec < size ? 'up' : 'down';
    pass.draft.note('Normal', REASON.scaling, MESSAGE.scaled(direction, rs.name, rs.revision, rs.spec, size));
  }
  rs.desired = desired;
  rs.spec = size;
  if (dropsDeadline) rs.deadline = undefined;
  return resized;
}

/** ReplicaSets of neither the stable nor the wanted template: unhealthy pods go first, then what availability allows. */
function scaleOthers(pass: Pass): boolean {
  const others = pass.otherRSs.filter((rs) => rs.spec > 0);
  if (others.length === 0) return false;
  let scaled = false;
  for (const rs of [...others].sort(byCreation)) {
    if (rs.spec > rs.available) scaled = scale(pass, rs, rs.available) || scaled;
  }
  const { unavailable } = resolveFenceposts(termsOf(pass));
  const available = pass.allRSs.reduce((sum, rs) => sum + rs.available, 0);
  let budget = available - (replicasOf(pass.rollout) - unavailable);
  let annotated = 0;
  for (const rs of [...others].sort((a, b) => b.revision - a.revision)) {
    if (budget <= 0) break;
    if (rs.spec === 0 || (isRouted(pass.rollout) && isReferenced(pass, rs))) continue;
    const wanted = otherSize(pass, rs, budget, annotated);
    annotated = wanted.annotated;
    if (wanted.size === rs.spec) continue;
    budget -= rs.spec - wanted.size;
    scaled = scale(pass, rs, wanted.size) || scaled;
  }
  return scaled;
}

function byCreation(a: RsView, b: RsView): number {
  return a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1);
}

function otherSize(pass: Pass, rs: RsView, budget: number, annotated: number): { size: number; annotated: number } {
  if (!isRouted(pass.rollout)) return { size: Math.max(0, rs.spec - budget), annotated };
  const superseded = !isFullyPromoted(pass.status) && rs.deadline === undefined;
  if (superseded || canaryOf(pass.rollout).dynamicStableScale) return { size: 0, annotated };
  return sizeWithinDelay(pass, rs, annotated);
}

/**
 * The former stable ReplicaSet keeps its pods until its deadline, newest revisions first up to the limit. `kept` is its size
 * meanwhile, once it has a deadline.
 */
export function sizeWithinDelay(
  pass: Pass,
  rs: RsView,
  annotated: number,
  kept = rs.spec,
): { size: number; annotated: number } {
  const { scaleDownDelaySeconds, scaleDownDelayRevisionLimit } = blueGreenOf(pass.rollout) ?? canaryOf(pass.rollout);
  const limit = scaleDownDelayRevisionLimit ?? Number.POSITIVE_INFINITY;
  const delayMs = scaleDownDelaySeconds === undefined ? SCALE_DOWN_DELAY_MS : scaleDownDelaySeconds * 1000;
  if (annotated >= limit || delayMs === 0) return { size: 0, annotated: annotated + 1 };
  if (rs.deadline === undefined) {
    setDeadline(pass, rs, delayMs);
    return { size: rs.spec, annotated: annotated + 1 };
  }
  const deadlineMs = parseTime(rs.deadline);
  if (deadlineMs === undefined || deadlineMs <= pass.nowMs) return { size: 0, annotated: annotated + 1 };
  pass.draft.wakeAt(deadlineMs);
  return { size: kept, annotated: annotated + 1 };
}

/** Traffic may still reach it: by status, by weights, or by a service's selector as it is now. */
export function isReferenced(pass: Pass, { hash }: RsView): boolean {
  if (hash === '') return false;
  const { stableRS, currentPodHash, canary, blueGreen } = pass.status;
  const { weights } = canary ?? {};
  const recorded = [stableRS, currentPodHash, weights?.canary.podTemplateHash, weights?.stable.podTemplateHash];
  const selectors = [blueGreen?.activeSelector, blueGreen?.previewSelector];
  return recorded.includes(hash) || selectors.includes(hash) || [...pass.serviceHashes.values()].includes(hash);
}
