import { assert } from '#core/assert.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader, WatchEvent } from '#store/store.ts';
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
  const { owners } = addressesOf(objects);
  const hint = HINTS.get(objects) ?? { network, index: 1 };
  for (let index = hint.network === network ? hint.index : 1; index < ADDRESSES - 1; index++) {
    const address = `${network}.${index >> 8}.${index & 255}`;
    if (owners.has(address)) continue;
    HINTS.set(objects, { network, index });
    return address;
  }
  return '';
}

/** Which Service has which address, brought up to date from the store's events: a list of all would cost more each time. */
interface Addresses {
  resourceVersion: number;
  owners: Map<string, string>;
}

const ADDRESSES_OF = new WeakMap<Reader, Addresses>();
/** All addresses below this one are taken. */
const HINTS = new WeakMap<Reader, { network: string; index: number }>();

function addressesOf(objects: Reader): Addresses {
  const known = ADDRESSES_OF.get(objects) ?? { resourceVersion: -1, owners: new Map<string, string>() };
  ADDRESSES_OF.set(objects, known);
  if (known.resourceVersion === objects.resourceVersion) return known;
  const events = known.resourceVersion < 0 ? undefined : eventsSince(objects, known.resourceVersion);
  known.resourceVersion = objects.resourceVersion;
  if (events === undefined) {
    known.owners.clear();
    HINTS.delete(objects);
    for (const service of objects.list('Service')) take(known, service as unknown as KubeObject);
    return known;
  }
  for (const { type, object, previous } of events) {
    if (object.kind !== 'Service' || object.apiVersion !== 'v1') continue;
    const address = mapOf((previous ?? object).spec).clusterIP;
    if (typeof address === 'string' && known.owners.get(address) === object.metadata.uid) {
      known.owners.delete(address);
      HINTS.delete(objects);
    }
    if (type !== 'DELETED') take(known, object);
  }
  return known;
}

function take({ owners }: Addresses, service: KubeObject): void {
  const address = mapOf(service.spec).clusterIP;
  if (typeof address === 'string') owners.set(address, service.metadata.uid);
}

/** The store's recent events, when this reader has them and still holds all of them. */
function eventsSince(reader: Reader, resourceVersion: number): readonly WatchEvent[] | undefined {
  const source = reader as Partial<{ eventsSince(resourceVersion: number): readonly WatchEvent[] }>;
  try {
    return source.eventsSince?.(resourceVersion);
  } catch {
    return undefined;
  }
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
  const owner = addressesOf(objects).owners.get(address);
  if (owner !== undefined && owner !== service.metadata.uid) refuse('provided IP is already allocated');
}
