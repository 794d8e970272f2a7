import { expect, it } from 'vitest';
import { schemaOfKind } from './schema/schema.ts';
import { mergeThreeWay } from './three-way-merge.ts';

const deployment = schemaOfKind('apps/v1', 'Deployment');
const service = schemaOfKind('v1', 'Service');

it('kubernetes-api/11.2 removes what was applied and is no longer wanted, and keeps what others set', () => {
  const result = mergeThreeWay(
    { metadata: { labels: { a: '1', b: '2' } } },
    { metadata: { labels: { a: '9' } } },
    { metadata: { labels: { a: '1', b: '2', theirs: 'x' } } },
    deployment,
  );
  expect(result).toEqual({ metadata: { labels: { a: '9', theirs: 'x' } } });
});

it('kubernetes-api/11.2 merges containers by name: defaults and injected containers stay, dropped ones go', () => {
  const containersOf = (containers: unknown[]) => ({ spec: { template: { spec: { containers } } } });
  const result = mergeThreeWay(
    containersOf([
      { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
      { name: 'old', image: 'o:1' },
    ]),
    containersOf([{ name: 'a', image: 'a:2', env: [{ name: 'Y', value: '2' }] }]),
    containersOf([
      { name: 'a', image: 'a:1', imagePullPolicy: 'IfNotPresent', env: [{ name: 'X', value: '1' }] },
      { name: 'injected', image: 'i:1' },
      { name: 'old', image: 'o:1' },
    ]),
    deployment,
  );
  expect(result).toEqual(
    containersOf([
      { name: 'a', image: 'a:2', imagePullPolicy: 'IfNotPresent', env: [{ name: 'Y', value: '2' }] },
      { name: 'injected', image: 'i:1' },
    ]),
  );
});

it('kubernetes-api/11.2 keeps defaulted members of list elements, so a second apply changes nothing', () => {
  const desired = { spec: { ports: [{ name: 'http', port: 80 }] } };
  const live = {
    spec: { clusterIP: '127.30.0.1', ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }] },
  };
  expect(mergeThreeWay(desired, desired, live, service)).toEqual(live);
});

it('kubernetes-api/11.2 switches a union: a Recreate strategy loses rollingUpdate', () => {
  const live = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } } } };
  const desired = { spec: { strategy: { type: 'Recreate' } } };
  expect(mergeThreeWay({}, desired, live, deployment)).toEqual(desired);
});

it('kubernetes-api/11.2 replaces lists of custom resources whole', () => {
  const live = { spec: { steps: [{ setWeight: 5 }, { pause: {} }] } };
  expect(mergeThreeWay(live, { spec: { steps: [{ setWeight: 50 }] } }, live, undefined)).toEqual({
    spec: { steps: [{ setWeight: 50 }] },
  });
});
