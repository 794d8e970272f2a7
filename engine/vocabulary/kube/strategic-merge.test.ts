import { expect, it } from 'vitest';
import { schemaOfKind } from './schema/schema.ts';
import { applyStrategicMerge, StrategicMergeError } from './strategic-merge.ts';

const deployment = schemaOfKind('apps/v1', 'Deployment');
const configMap = schemaOfKind('v1', 'ConfigMap');

const pod = (containers: unknown[], more: Record<string, unknown> = {}) => ({
  spec: { template: { spec: { containers, ...more } } },
});

const merge = (live: Record<string, unknown>, patch: Record<string, unknown>) =>
  applyStrategicMerge(live, patch, deployment);

it('kubernetes-api/11.1 merges lists by key and maps recursively; null deletes', () => {
  const live = pod([
    { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
    { name: 'b', image: 'b:1', workingDir: '/srv' },
  ]);
  const patch = pod([
    { name: 'b', image: 'b:2', workingDir: null },
    { name: 'c', image: 'c:1' },
  ]);
  expect(merge(live, patch)).toEqual(
    pod([
      { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
      { name: 'b', image: 'b:2' },
      { name: 'c', image: 'c:1' },
    ]),
  );
});

it('kubernetes-api/11.1 replaces lists that have no merge strategy', () => {
  const live = pod([{ name: 'a', args: ['1', '2'] }]);
  expect(merge(live, pod([{ name: 'a', args: ['3'] }]))).toEqual(pod([{ name: 'a', args: ['3'] }]));
});

it('kubernetes-api/11.1 $patch: delete removes the element with that key, and empties a map', () => {
  const live = pod([{ name: 'a' }, { name: 'b' }], { securityContext: { runAsUser: 1 } });
  const patch = pod([{ name: 'a', $patch: 'delete' }], { securityContext: { $patch: 'delete' } });
  expect(merge(live, patch)).toEqual(pod([{ name: 'b' }], { securityContext: {} }));
});

it('kubernetes-api/11.1 $patch: replace makes the patch the new content of a map or list', () => {
  const live = pod([{ name: 'a', image: 'a:1' }, { name: 'b' }], { nodeSelector: { disk: 'ssd' } });
  const patch = pod([{ $patch: 'replace' }, { name: 'c', image: 'c:1' }], {
    nodeSelector: { $patch: 'replace', zone: 'x' },
  });
  expect(merge(live, patch)).toEqual(pod([{ name: 'c', image: 'c:1' }], { nodeSelector: { zone: 'x' } }));
});

it('kubernetes-api/11.1 $setElementOrder orders what it names; what only the server has keeps its neighbour', () => {
  const live = pod([{ name: 'a' }, { name: 'sidecar' }, { name: 'b' }]);
  const patch = {
    spec: {
      template: {
        spec: {
          '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
          containers: [{ name: 'b', image: 'b:2' }],
        },
      },
    },
  };
  expect(merge(live, patch)).toEqual(pod([{ name: 'b', image: 'b:2' }, { name: 'a' }, { name: 'sidecar' }]));
});

it('kubernetes-api/11.1 $retainKeys drops what it does not list', () => {
  const live = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
  const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
  expect(merge(live, patch)).toEqual({ spec: { strategy: { type: 'Recreate' } } });
});

it('kubernetes-api/11.1 unites scalar lists and deletes from them', () => {
  const live = { metadata: { finalizers: ['a/1', 'b/2'] } };
  const patch = { metadata: { finalizers: ['c/3'], '$deleteFromPrimitiveList/finalizers': ['a/1'] } };
  expect(merge(live, patch)).toEqual({ metadata: { finalizers: ['b/2', 'c/3'] } });
});

it('kubernetes-api/11.1 strips directives from what is added', () => {
  const added = merge(
    {},
    pod([
      {
        name: 'a',
        env: [
          { name: 'X', $patch: 'delete' },
          { name: 'Y', value: '1' },
        ],
      },
    ]),
  );
  expect(added).toEqual(pod([{ name: 'a', env: [{ name: 'Y', value: '1' }] }]));
});

it('kubernetes-api/11.1 refuses elements without their key, unknown directives and keys outside $retainKeys', () => {
  const refusals = [
    pod([{ image: 'a' }]),
    pod([{ name: 'a', $patch: 'upsert' }]),
    pod([{ name: 'a', $patch: 'merge' }]),
    { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } },
    { spec: { $patch: 'other' } },
  ];
  for (const patch of refusals) expect(() => merge(pod([{ name: 'a' }]), patch)).toThrow(StrategicMergeError);
});

it('leaves its inputs alone', () => {
  const live = Object.freeze({ data: Object.freeze({ a: '1' }) });
  expect(applyStrategicMerge(live, { data: { b: '2' } }, configMap)).toEqual({ data: { a: '1', b: '2' } });
  expect(live).toEqual({ data: { a: '1' } });
});
