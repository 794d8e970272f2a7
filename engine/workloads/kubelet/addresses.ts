import type { SandboxState } from '#machine/pods.ts';
import type { Reader } from '#store/store.ts';
import { isTerminal, type Pod } from './pod-types.ts';

/** First address of a network `127.x`: .0.1 is left to the node. */
const FIRST = 2;
const LAST = 256 * 256 - 2;

/**
 * The address of a pod: the one it has, unless another pod took it; else the lowest free one of the network. Addresses
 * of ended pods are free. Undefined when none is left.
 * @param podNetwork The first two bytes, e.g. `127.20`.
 */
export function podAddress(
  pod: Pod,
  objects: Reader,
  sandboxes: readonly SandboxState[],
  podNetwork: string,
): string | undefined {
  const { uid } = pod.metadata;
  const taken = new Set(sandboxes.filter(({ podUid }) => podUid !== uid).map(({ ip }) => ip));
  for (const other of objects.list('Pod')) {
    if (other.metadata.uid !== uid && !isTerminal(other) && other.status?.podIP) taken.add(other.status.podIP);
  }
  const own = pod.status?.podIP;
  if (own?.startsWith(`${podNetwork}.`) && !taken.has(own)) return own;
  for (let index = FIRST; index <= LAST; index++) {
    const ip = `${podNetwork}.${index >> 8}.${index & 255}`;
    if ((index & 255) !== 255 && (index & 255) !== 0 && !taken.has(ip)) return ip;
  }
  return undefined;
}
