import { assert } from '#core/assert.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { type Causes, mapOf } from './validation/causes.ts';

const ADDRESSES = 256 * 256;

export function assertServiceNetwork(network: string): void {
  assert(
    /^\d{1,3}\.\d{1,3}$/.test(network),
    `serviceNetwork must be the first two octets of a range, got "${network}"`,
  );
}

/**
 * Gives a Service its cluster address: the lowest free one of `network`.0.1 upwards, the one it asks for when that is
 * free, the one it has when it exists, none for `None` and ExternalName.
 */
export function allocateClusterAddress(
  service: KubeObject,
  live: KubeObject | undefined,
  objects: Reader,
  network: string,
  causes: Causes,
): KubeObject {
  const { clusterIP, clusterIPs, ...rest } = mapOf(service.spec);
  if (rest.type === 'ExternalName') return { ...service, spec: rest };
  const firstOf = (list: unknown) => (Array.isArray(list) ? (list[0] as unknown) : undefined);
  const given = clusterIP === undefined || clusterIP === '' ? firstOf(clusterIPs) : clusterIP;
  const before = mapOf(live?.spec).clusterIP;
  const kept = given ?? before;
  const address = typeof kept === 'string' && kept !== '' ? kept : lowestFree(objects, network);
  if (address !== 'None' && address !== before) checkAddress(address, service, objects, network, causes);
  return { ...service, spec: { ...rest, clusterIP: address, clusterIPs: [address] } };
}

function lowestFree(objects: Reader, network: string): string {
  const taken = new Set(objects.list('Service').map((service) => service.spec?.clusterIP));
  for (let index = 1; index < ADDRESSES - 1; index++) {
    const address = `${network}.${index >> 8}.${index & 255}`;
    if (!taken.has(address)) return address;
  }
  return '';
}

function checkAddress(address: string, service: KubeObject, objects: Reader, network: string, causes: Causes): void {
  const refuse = (why: string) =>
    causes.invalid('spec.clusterIPs', [address], `failed to allocate IP ${address}: ${why}`);
  const inRange =
    address.startsWith(`${network}.`) &&
    /^\d{1,3}(\.\d{1,3}){3}$/.test(address) &&
    address.split('.').every((octet) => Number(octet) <= 255);
  if (!inRange) {
    refuse(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${network}.0.0/16`);
    return;
  }
  const owner = objects
    .list('Service')
    .find((other) => other.spec?.clusterIP === address && other.metadata.uid !== service.metadata.uid);
  if (owner !== undefined) refuse('provided IP is already allocated');
}
