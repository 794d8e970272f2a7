import { SAFE_ALPHABET } from '#core/ids.ts';
import { fnv1a32, isRecord } from '#core/json.ts';
import { goJson } from './go-json.ts';

/**
 * The pod template hash, bit for bit the one Argo Rollouts 1.9 computes (rollouts §0.1): 32-bit FNV-1a over Go's JSON
 * of the template, followed by the collision count as 8 little-endian bytes when there is one, in safe letters.
 */
export function computePodTemplateHash(template: unknown, collisionCount?: number): string {
  if (collisionCount !== undefined || !isRecord(template) || !Object.isFrozen(template))
    return hashOf(template, collisionCount);
  let hash = hashes.get(template);
  if (hash === undefined) {
    hash = hashOf(template);
    hashes.set(template, hash);
  }
  return hash;
}

/** Every pass of every rollout asks for the hash of its template, which is stored and so never changes in place. */
const hashes = new WeakMap<object, string>();

function hashOf(template: unknown, collisionCount?: number): string {
  return safeEncode(fnv1a32Bytes(goJson(template, 'PodTemplateSpec'), collisionCount));
}

/** The hash of the canary steps; a change of it starts the update again. No steps hash as Go's `null`. */
export function computeStepHash(steps: readonly unknown[] | undefined): string {
  if (!Object.isFrozen(steps) || steps === undefined) return hashOfSteps(steps);
  let hash = hashes.get(steps);
  if (hash === undefined) {
    hash = hashOfSteps(steps);
    hashes.set(steps, hash);
  }
  return hash;
}

function hashOfSteps(steps: readonly unknown[] | undefined): string {
  return safeEncode(fnv1a32(goJson(steps, '[]CanaryStep')));
}

function fnv1a32Bytes(text: string, collisionCount: number | undefined): number {
  if (collisionCount === undefined) return fnv1a32(text);
  let hash = fnv1a32(text);
  for (let byte = 0; byte < 8; byte++) {
    const value = byte < 4 ? (collisionCount >>> (8 * byte)) & 0xff : 0;
    hash = Math.imul(hash ^ value, 0x01000193);
  }
  return hash >>> 0;
}

function safeEncode(sum: number): string {
  return [...String(sum)].map((digit) => SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length]).join('');
}
