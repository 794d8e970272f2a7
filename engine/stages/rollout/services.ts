import type { Service } from './observe.ts';
import { isAborted, type Pass, previousCanaryHash, type RsView, refTo, termsOf } from './pass.ts';
import { MESSAGE, REASON } from './reasons.ts';
import { canaryOf, HASH_LABEL, isRouted, MANAGED_BY_ANNOTATION } from './types.ts';

/** Points the stable service at the stable ReplicaSet and the canary service at the new one (rollouts §1.10). */
export function planServices(pass: Pass): void {
  const { stableService, canaryService } = canaryOf(pass.rollout);
  ensureServiceTargets(pass, stableService, pass.stableRS, true);
  if (isAborted(pass) && !isRouted(termsOf(pass))) {
    ensureServiceTargets(pass, canaryService, pass.stableRS, true);
    return;
  }
  // With a router the canary service of an aborted rollout moves with the weight, not before it.
  if (isAborted(pass) || previousCanaryHash(pass) !== undefined) return;
  ensureServiceTargets(pass, canaryService, pass.newRS, true);
}

/**
 * Switches a service to a ReplicaSet. With `checkAvailability` it waits until one pod is available, and until all are when
 * the service is being adopted, so that it never points to nothing.
 */
export function ensureServiceTargets(
  pass: Pass,
  name: string | undefined,
  rs: RsView | undefined,
  checkAvailability: boolean,
): void {
  const service = name === undefined ? undefined : pass.observation.services.get(name);
  if (name === undefined || service === undefined || rs === undefined) return;
  const current = pass.serviceHashes.get(name) ?? '';
  if (current === rs.hash) return;
  const managed = isManaged(service);
  const fullyAvailable = rs.spec !== 0 && rs.available !== 0 && rs.spec <= rs.available;
  if (checkAvailability && (rs.available === 0 || (!managed && !fullyAvailable))) return;
  switchService(pass, name, rs.hash);
}

function isManaged({ metadata }: Service): boolean {
  return metadata.annotations?.[MANAGED_BY_ANNOTATION] !== undefined;
}

/** Makes a service select this hash, and marks it as the rollout's; nothing when both is so already. */
export function switchService(pass: Pass, name: string, hash: string): void {
  const service = pass.observation.services.get(name);
  const current = pass.serviceHashes.get(name) ?? '';
  if (service === undefined || (current === hash && isManaged(service))) return;
  const managedBy = { metadata: { annotations: { [MANAGED_BY_ANNOTATION]: pass.rollout.metadata.name } } };
  pass.draft.add({
    effect: 'patch',
    target: refTo(pass, 'Service', name),
    patch: { ...(isManaged(service) ? {} : managedBy), spec: { selector: { [HASH_LABEL]: hash } } },
  });
  pass.draft.note('Normal', REASON.switchService, MESSAGE.switchService(name, current, hash));
  pass.serviceHashes.set(name, hash);
}
