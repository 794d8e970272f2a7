import { expect, it } from 'vitest';
import { findKind, type ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import { humanDuration } from './cells.ts';
import { summarizePod } from './pod-cells.ts';
import { tableOf } from './table.ts';

it.each([
  [0, '0s'],
  [119_000, '119s'],
  [125_000, '2m5s'],
  [120_000, '2m'],
  [11 * 60_000, '11m'],
  [200 * 60_000, '3h20m'],
  [9 * 3600_000, '9h'],
  [50 * 3600_000, '2d2h'],
  [10 * 86_400_000, '10d'],
  [3 * 365 * 86_400_000, '3y'],
  [-5000, '<invalid>'],
])('kubernetes-api/8.2 %d ms reads %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

const pod = (status: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  metadata: { name: 'p', ...more },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], initContainers: [{ name: 'i' }] },
  status,
});

it.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
  ['phase', { phase: 'Pending' }, {}, 'Pending'],
  [
    'waiting',
    { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }] },
    {},
    'ErrImagePull',
  ],
  [
    'exit code',
    { phase: 'Running', containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] },
    {},
    'ExitCode:3',
  ],
  ['deleting', { phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }, 'Terminating'],
  ['init running', { phase: 'Pending', initContainerStatuses: [{ state: { running: {} } }] }, {}, 'Init:0/1'],
  [
    'init failed',
    { phase: 'Pending', initContainerStatuses: [{ state: { terminated: { exitCode: 1, reason: 'Error' } } }] },
    {},
    'Init:Error',
  ],
])('kubernetes-api/8.2 pod status: %s', (_what, status, metadata, text) => {
  expect(summarizePod(pod(status, metadata), 0).status).toBe(text);
});

it('kubernetes-api/8.1 prints a Deployment as a cluster recorded it', () => {
  const object: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '5',
      creationTimestamp: '2026-01-05T09:00:00Z',
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: { spec: { containers: [{ name: 'c', image: 'img:1' }] } },
    },
  };
  const kind = findKind('Deployment.apps') as ResourceKind;
  const options = { includeObject: 'Metadata', withColumns: true, nowMs: Date.parse('2026-01-05T09:00:00Z') } as const;
  const table = tableOf(kind, [object], { resourceVersion: '5' }, options);
  expect(table).toMatchObject({
    kind: 'Table',
    rows: [{ cells: ['web', '0/2', 0, 0, '0s', 'c', 'img:1', 'app=web'], object: { kind: 'PartialObjectMetadata' } }],
  });
});

it('the kinds of the Gateway API have the columns of their definitions', () => {
  const cells = (kind: string, body: object) => {
    const id = `${kind}.gateway.networking.k8s.io`;
    const object = {
      metadata: { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' },
      ...body,
    } as unknown as KubeObject;
    const options = { includeObject: 'None', withColumns: false, nowMs: Date.parse('2026-01-01T00:01:00Z') } as const;
    const { rows } = tableOf(findKind(id) as ResourceKind, [object], {}, options) as { rows: { cells: unknown[] }[] };
    return rows[0]?.cells;
  };
  const status = { addresses: [{ value: '127.0.0.1' }], conditions: [{ type: 'Programmed', status: 'True' }] };
  expect(cells('Gateway', { spec: { gatewayClassName: 'nginx' }, status })).toEqual([
    'x',
    'nginx',
    '127.0.0.1',
    'True',
    '60s',
  ]);
  expect(cells('HTTPRoute', { spec: { hostnames: ['web.localhost'] } })).toEqual(['x', '["web.localhost"]', '60s']);
});
