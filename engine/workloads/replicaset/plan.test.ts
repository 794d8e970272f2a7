import { describe, expect, it } from 'vitest';
import type { Controller } from '#control/controller.ts';
import { goldenTests } from '../../host/golden.ts';
import type { Pod } from '../pod-facts/pod-state.ts';
import { replicaSetController } from './controller.ts';
import { inDeletionOrder } from './deletion-order.ts';

goldenTests(import.meta.dirname, replicaSetController as Controller<never>);

const NOW_MS = Date.parse('2026-01-05T09:00:00Z');

function pod(
  name: string,
  over: { node?: string; phase?: string; readyAt?: string; cost?: string; restarts?: number; created?: string },
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      creationTimestamp: over.created ?? '2026-01-05T08:00:00Z',
      ...(over.cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': over.cost } }),
    },
    spec: { containers: [], nodeName: over.node ?? 'n' },
    status: {
      phase: (over.phase ?? 'Running') as 'Running',
      conditions:
        over.readyAt === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: over.readyAt }],
      containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: over.restarts ?? 0 }],
    },
  };
}

describe('deletion order', () => {
  const ready = '2026-01-05T08:01:00Z';
  const cases: [rule: string, first: Pod, second: Pod][] = [
    ['not scheduled first', pod('b', { node: '', readyAt: ready }), pod('a', {})],
    ['pending before running', pod('b', { phase: 'Pending', readyAt: ready }), pod('a', {})],
    ['not ready before ready', pod('b', {}), pod('a', { readyAt: ready, cost: '-5' })],
    ['cheaper first', pod('b', { readyAt: ready, cost: '-1' }), pod('a', { readyAt: '2026-01-05T08:59:59Z' })],
    ['ready for a shorter time first', pod('b', { readyAt: '2026-01-05T08:59:00Z' }), pod('a', { readyAt: ready })],
    ['more restarts first', pod('b', { readyAt: ready, restarts: 3 }), pod('a', { readyAt: ready, restarts: 1 })],
    ['younger first', pod('b', { readyAt: ready, created: '2026-01-05T08:59:00Z' }), pod('a', { readyAt: ready })],
    ['equal magnitudes of age go by uid', pod('a', { readyAt: ready }), pod('b', { readyAt: '2026-01-05T08:01:05Z' })],
  ];
  it.each(cases)('%s', (_rule, first, second) => {
    const names = (pods: Pod[]) => pods.map(({ metadata }) => metadata.name);
    expect(names(inDeletionOrder([second, first], NOW_MS))).toEqual([first.metadata.name, second.metadata.name]);
    expect(names(inDeletionOrder([first, second], NOW_MS))).toEqual([first.metadata.name, second.metadata.name]);
  });
});
