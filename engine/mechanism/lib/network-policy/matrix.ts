import { assessFlow, type NetworkWorld, type PodFacts, type Protocol } from './network-policy.ts';

/** One pair of pods and a port of the receiver. */
export interface MatrixEntry {
  from: string;
  to: string;
  port: string;
  allowed: boolean;
}

/**
 * Every pair of pods, for every port that the receiver declares: who reaches whom. Sorted by sender, receiver, port; names are
 * `namespace/name`, ports their name or else their number.
 */
export function flowMatrix(world: NetworkWorld, pods: readonly PodFacts[]): MatrixEntry[] {
  const sorted = [...pods].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
  return sorted.flatMap((from) =>
    sorted.flatMap((to) => {
      if (from === to) return [];
      return [...to.ports]
        .sort((left, right) => left.containerPort - right.containerPort)
        .map(({ name, containerPort, protocol }) => ({
          from: keyOf(from),
          to: keyOf(to),
          port: name ?? String(containerPort),
          allowed: assessFlow(world, { from, to, port: containerPort, protocol: protocol as Protocol | undefined })
            .allowed,
        }));
    }),
  );
}

/** `shop/web → shop/db:postgres`, one an allowed flow: what a test of a tree compares. */
export function allowedFlows(world: NetworkWorld, pods: readonly PodFacts[]): string[] {
  return flowMatrix(world, pods).flatMap(({ from, to, port, allowed }) => (allowed ? [`${from} → ${to}:${port}`] : []));
}

function keyOf({ namespace, name }: PodFacts): string {
  return `${namespace}/${name}`;
}
