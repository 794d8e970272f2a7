import { type Amount, addAmounts, readAmount } from '#kube/canonical-quantity.ts';
import { eachOf, type Members, mapOf } from '../validation/causes.ts';

/** Quantities by resource name. */
export type Amounts = ReadonlyMap<string, Amount>;

/** The quantities of a resource list; what is no quantity is left out (validation refuses it). */
export function amountsOf(list: unknown): Map<string, Amount> {
  const result = new Map<string, Amount>();
  for (const [name, value] of Object.entries(mapOf(list))) {
    const amount = readAmount(value);
    if (amount !== undefined) result.set(name, amount);
  }
  return result;
}

export function sumOf(...lists: readonly Amounts[]): Map<string, Amount> {
  const result = new Map<string, Amount>();
  for (const list of lists) {
    for (const [name, amount] of list) {
      const before = result.get(name);
      result.set(name, before === undefined ? amount : addAmounts(before, amount));
    }
  }
  return result;
}

function largestOf(left: Amounts, right: Amounts): Map<string, Amount> {
  const result = new Map(left);
  for (const [name, amount] of right) {
    const before = result.get(name);
    if (before === undefined || amount.nano > before.nano) result.set(name, amount);
  }
  return result;
}

/**
 * What a pod asks for as a whole: its containers and sidecars together, or the hungriest of its init containers beside the
 * sidecars that started before it, whichever is more; plus overhead. Resources of the pod itself take their place.
 * @param which Requests or limits. Source: k8s.io/component-helpers resource.PodRequests, PodLimits.
 */
export function podResources(spec: Members, which: 'requests' | 'limits'): Map<string, Amount> {
  const listOf = (container: Members) => amountsOf(mapOf(container.resources)[which]);
  let running: Amounts = sumOf(...eachOf(spec.containers, '').map(([container]) => listOf(container)));
  let sidecars: Amounts = new Map();
  let starting: Amounts = new Map();
  for (const [container] of eachOf(spec.initContainers, '')) {
    if (container.restartPolicy === 'Always') {
      running = sumOf(running, listOf(container));
      sidecars = sumOf(sidecars, listOf(container));
      starting = largestOf(starting, sidecars);
    } else {
      starting = largestOf(starting, sumOf(listOf(container), sidecars));
    }
  }
  const needed = largestOf(running, starting);
  for (const [name, amount] of amountsOf(mapOf(spec.resources)[which])) needed.set(name, amount);
  const overhead = amountsOf(spec.overhead);
  // A limit exists only where some container has one.
  const counted =
    which === 'requests' ? overhead : new Map([...overhead].filter(([name]) => needed.get(name)?.nano !== undefined));
  return sumOf(needed, counted);
}
