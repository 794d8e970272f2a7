import { expect, it } from 'vitest';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Manifest } from '#kube/object.ts';
import { volatileJournal } from '#store/journal.ts';
import { Store } from '#store/store.ts';
import { builtInAdmission } from './admission.ts';
import { applyManifest } from './apply.ts';
import { ApiError } from './errors.ts';
import { Resources } from './resources.ts';

function startApi(): Resources {
  const store = new Store(volatileJournal);
  const resources = new Resources({
    store,
    clock: { now: () => Date.parse('2026-01-05T09:00:00Z') },
    ids: entropyIds(seededEntropy(1)),
    admission: builtInAdmission({ serviceNetwork: '127.30' }),
  });
  resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  return resources;
}

const service = (name: string, spec: Record<string, unknown> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { ports: [{ port: 80 }], ...spec },
});

const deployment = (spec: Record<string, unknown> = {}, container: Record<string, unknown> = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'i:1', ...container }] },
    },
    ...spec,
  },
});

function refusal(action: () => unknown): ApiError {
  try {
    action();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('expected the request to be refused');
}

const causesOf = (action: () => unknown) =>
  (refusal(action).details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);

const addressOf = (object: { spec?: unknown }) => (object.spec as { clusterIP?: string }).clusterIP;

it('kubernetes-api/5 gives each Service the lowest free address and reuses freed ones', () => {
  const api = startApi();
  expect(['a', 'b', 'c'].map((name) => addressOf(api.create(service(name))))).toEqual([
    '127.30.0.1',
    '127.30.0.2',
    '127.30.0.3',
  ]);
  api.delete({ kind: 'Service', namespace: 'shop', name: 'b' });
  expect(addressOf(api.create(service('d')))).toBe('127.30.0.2');
});

it('kubernetes-api/5 respects None, explicit addresses and ExternalName', () => {
  const api = startApi();
  expect(addressOf(api.create(service('headless', { clusterIP: 'None' })))).toBe('None');
  expect(addressOf(api.create(service('fixed', { clusterIP: '127.30.0.9' })))).toBe('127.30.0.9');
  expect(addressOf(api.create(service('away', { type: 'ExternalName', externalName: 'example.com' })))).toBeUndefined();
  expect(causesOf(() => api.create(service('taken', { clusterIP: '127.30.0.9' })))[0]).toContain(
    'provided IP is already allocated',
  );
  expect(causesOf(() => api.create(service('out', { clusterIP: '10.0.0.1' })))[0]).toContain('not in the valid range');
});

it('kubernetes-api/6 a Service keeps its address when an update leaves it out, and may not change it', () => {
  const api = startApi();
  api.create(service('a'));
  expect(addressOf(api.replace(service('a', { ports: [{ port: 81 }] })))).toBe('127.30.0.1');
  expect(causesOf(() => api.replace(service('a', { clusterIP: '127.30.0.7' })))).toEqual([
    'spec.clusterIPs[0]: Invalid value: ["127.30.0.7"]: may not change once set',
  ]);
});

it('kubernetes-api/6 words a refusal as the recorded one', () => {
  const error = refusal(() => startApi().create(deployment({ replicas: -1 })));
  expect(error.toStatus()).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    reason: 'Invalid',
    details: {
      name: 'web',
      group: 'apps',
      kind: 'Deployment',
      causes: [
        {
          reason: 'FieldValueInvalid',
          message: 'Invalid value: -1: must be greater than or equal to 0',
          field: 'spec.replicas',
        },
      ],
    },
    code: 422,
  });
});

it.each<[string, Manifest, string]>([
  [
    'selector',
    deployment({ selector: { matchLabels: { app: 'other' } } }),
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ],
  ['no selector', deployment({ selector: undefined }), 'spec.selector: Required value'],
  ['no image', deployment({}, { image: '' }), 'spec.template.spec.containers[0].image: Required value'],
  [
    'no containers',
    deployment({ template: { metadata: { labels: { app: 'web' } }, spec: {} } }),
    'spec.template.spec.containers: Required value',
  ],
  [
    'mount',
    deployment({}, { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
    'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "v"',
  ],
  [
    'port',
    deployment({}, { ports: [{ containerPort: 70000 }] }),
    'spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  ['service ports', service('a', { ports: [] }), 'spec.ports: Required value'],
  [
    'port names',
    service('a', { ports: [{ port: 80 }, { port: 81, name: 'b' }] }),
    'spec.ports[0].name: Required value',
  ],
])('kubernetes-api/6 refuses: %s', (_what, manifest, cause) => {
  const api = startApi();
  expect(causesOf(() => api.create(manifest))).toContain(cause);
});

it('kubernetes-api/6 refuses names, labels and annotations that are not well formed', () => {
  const api = startApi();
  const config = (metadata: Manifest['metadata']): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'shop', ...metadata },
  });
  expect(causesOf(() => api.create(config({ name: 'Upper' })))[0]).toContain('a lowercase RFC 1123 subdomain');
  expect(causesOf(() => api.create(config({ name: 'a', labels: { 'bad key!': 'x' } })))[0]).toContain(
    'name part must consist of',
  );
  expect(causesOf(() => api.create(config({ name: 'a', labels: { a: 'bad value!' } })))[0]).toContain(
    'a valid label must be',
  );
  expect(causesOf(() => api.create(config({ name: 'a', annotations: { a: 'x'.repeat(300_000) } })))).toEqual([
    'metadata.annotations: Too long: may not be more than 262144 bytes',
  ]);
});

it('kubernetes-api/6 refuses members of the wrong type with 400, wherever they are', () => {
  const api = startApi();
  for (const manifest of [
    deployment({ replicas: 'two' }),
    deployment({ template: 'x' }),
    deployment({}, { env: 'x' }),
    deployment({}, { ports: [null] }),
  ]) {
    expect(refusal(() => api.create(manifest)).reason).toBe('BadRequest');
  }
});

it('kubernetes-api/6 immutable fields: selectors, StatefulSet spec, Job template, immutable ConfigMap', () => {
  const api = startApi();
  api.create(deployment());
  const relabelled = deployment({
    selector: { matchLabels: { app: 'x' } },
    template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
  });
  expect(causesOf(() => api.replace(relabelled))).toEqual([
    'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable',
  ]);
  const set = (serviceName: string): Manifest => ({ ...deployment({ serviceName }), kind: 'StatefulSet' });
  api.create(set('a'));
  expect(causesOf(() => api.replace(set('b')))[0]).toMatch(
    /^spec: Forbidden: updates to statefulset spec for fields other than 'replicas'/,
  );
  const job = (image: string): Manifest => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j', namespace: 'shop' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image }] } } },
  });
  const { metadata, spec } = api.create(job('i:1'));
  expect(spec).toMatchObject({ selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': metadata.uid } } });
  const ref = { kind: 'Job.batch', namespace: 'shop', name: 'j' };
  const image = [{ name: 'c', image: 'i:2' }];
  expect(
    causesOf(() =>
      api.patch(ref, { type: 'strategic', patch: { spec: { template: { spec: { containers: image } } } } }),
    )[0],
  ).toMatch(/^spec.template: Invalid value: .*field is immutable$/);
});

it('kubernetes-api/4.2 a write that changes nothing keeps the resourceVersion, defaults included', () => {
  const api = startApi();
  const created = api.create(deployment());
  const ref = { kind: 'Deployment.apps', namespace: 'shop', name: 'web' };
  const patch = { spec: { template: { spec: { containers: [{ name: 'c', image: 'i:1' }] } } } };
  expect(api.patch(ref, { type: 'strategic', patch })).toBe(api.get(ref));
  expect(api.replace(deployment()).metadata.resourceVersion).toBe(created.metadata.resourceVersion);
});

it('kubernetes-api/11 a strategic merge patch on a custom resource is 415', () => {
  const api = startApi();
  api.create({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'r', namespace: 'shop' },
    spec: {},
  });
  const ref = { kind: 'Rollout.argoproj.io', namespace: 'shop', name: 'r' };
  expect(refusal(() => api.patch(ref, { type: 'strategic', patch: { spec: {} } })).reason).toBe('UnsupportedMediaType');
});

it('kubernetes-api/11 a patch may not take the metadata or the kind away', () => {
  const api = startApi();
  api.create(service('a'));
  const ref = { kind: 'Service', namespace: 'shop', name: 'a' };
  for (const patch of [{ metadata: null }, { kind: 'Pod' }, { metadata: 'x' }]) {
    expect(refusal(() => api.patch(ref, { type: 'merge', patch })).reason).toBe('BadRequest');
  }
});

it('kubernetes-api/11.2 applying the same manifest again changes nothing; a dropped port goes', () => {
  const api = startApi();
  const options = { manager: 'test', strategy: 'client' } as const;
  const two = service('a', {
    ports: [
      { name: 'http', port: 80 },
      { name: 'metrics', port: 9090 },
    ],
  });
  expect(applyManifest(api, two, options).outcome).toBe('created');
  expect(applyManifest(api, two, options).outcome).toBe('unchanged');
  const { object, outcome } = applyManifest(api, service('a', { ports: [{ name: 'http', port: 80 }] }), options);
  expect(outcome).toBe('configured');
  expect(object.spec).toMatchObject({ clusterIP: '127.30.0.1', ports: [{ name: 'http', port: 80, targetPort: 80 }] });
});
