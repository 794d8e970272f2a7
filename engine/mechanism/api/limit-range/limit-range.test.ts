import { describe, expect, it } from 'vitest';
import type { Manifest } from '#kube/object.ts';
import { policyAdmission } from '../policies.ts';
import { kubeObject, resourcesWith } from '../testing.ts';

function world(...limits: Record<string, unknown>[]) {
  const { resources } = resourcesWith(policyAdmission);
  resources.create(kubeObject('v1', 'LimitRange', 'bounds', { limits }));
  return resources;
}

const pod = (resources: Record<string, unknown>, more: Record<string, unknown> = {}): Manifest =>
  kubeObject('v1', 'Pod', 'web', { containers: [{ name: 'web', image: 'i', resources }], ...more });

interface Container {
  resources: unknown;
}

describe('defaults', () => {
  const bounds = { type: 'Container', default: { cpu: '500m', memory: '256Mi' }, defaultRequest: { cpu: '100m' } };

  it('fill in what containers leave out, and an annotation tells', () => {
    const init = { name: 'migrate', image: 'i', resources: { requests: { cpu: '50m' }, limits: { cpu: '1' } } };
    const made = world(bounds).create(pod({ limits: { memory: '128Mi' } }, { initContainers: [init] }));
    const { containers, initContainers } = made.spec as { containers: Container[]; initContainers: Container[] };
    expect(containers[0]?.resources).toEqual({
      limits: { cpu: '500m', memory: '128Mi' },
      requests: { cpu: '100m', memory: '128Mi' },
    });
    expect(initContainers[0]?.resources).toEqual({
      limits: { cpu: '1', memory: '256Mi' },
      requests: { cpu: '50m', memory: '256Mi' },
    });
    expect(made.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu request for container web; cpu limit for container web; memory request for init container migrate; memory limit for init container migrate',
    });
  });

  it('leave a pod alone that says everything', () => {
    const full = { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '1', memory: '1Mi' } };
    expect(world(bounds).create(pod(full)).metadata.annotations).toBeUndefined();
  });

  it('that contradict a container refuse it', () => {
    expect(() => world(bounds).create(pod({ requests: { cpu: '2', memory: '1Mi' } }))).toThrow(
      /Pod "web" is invalid: spec\.containers\[0\]\.resources\.requests.*must be less than or equal to cpu limit/,
    );
  });

  it('come from the maximum and the minimum where nothing else is said', () => {
    const stored = world({ type: 'Container', max: { cpu: '1' }, min: { memory: '16Mi' } }).get({
      kind: 'LimitRange',
      namespace: 'shop',
      name: 'bounds',
    });
    expect((stored.spec as { limits: unknown[] }).limits[0]).toMatchObject({
      default: { cpu: '1' },
      defaultRequest: { cpu: '1', memory: '16Mi' },
    });
  });
});

describe('bounds, in kube-apiserver’s words', () => {
  const requests = (cpu: string) => ({ requests: { cpu } });
  it.each([
    ['min', { min: { cpu: '100m' } }, requests('50m'), 'minimum cpu usage per Container is 100m, but request is 50m'],
    [
      'max without a limit',
      { type: 'Pod', max: { cpu: '1' } },
      requests('50m'),
      'maximum cpu usage per Pod is 1.  No limit is specified',
    ],
    [
      'max',
      { max: { memory: '128Mi' } },
      { limits: { memory: '1Gi' } },
      'maximum memory usage per Container is 128Mi, but limit is 1Gi',
    ],
    [
      'ratio',
      { maxLimitRequestRatio: { cpu: '4' } },
      { requests: { cpu: '100m' }, limits: { cpu: '500m' } },
      'cpu max limit to request ratio per Container is 4, but provided ratio is 5.000000',
    ],
    [
      'several',
      { min: { cpu: '1', memory: '1Gi' } },
      { requests: { cpu: '1m', memory: '1Mi' } },
      '[minimum cpu usage per Container is 1, but request is 1m, minimum memory usage per Container is 1Gi, but request is 1Mi]',
    ],
  ])('%s', (_name, bounds, resources, message) => {
    expect(() => world({ type: 'Container', ...bounds }).create(pod(resources))).toThrow(
      `pods "web" is forbidden: ${message}`,
    );
  });

  it('a Pod’s bounds are for all of its containers together', () => {
    const limits = { limits: { cpu: '600m' } };
    const two = kubeObject('v1', 'Pod', 'web', {
      containers: ['a', 'b'].map((name) => ({ name, image: 'i', resources: limits })),
    });
    expect(() => world({ type: 'Pod', max: { cpu: '1' } }).create(two)).toThrow(
      'maximum cpu usage per Pod is 1, but limit is 1200m',
    );
  });

  it('a claim’s bounds are for its storage', () => {
    const claim = kubeObject('v1', 'PersistentVolumeClaim', 'data', {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '5Gi' } },
    });
    expect(() => world({ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }).create(claim)).toThrow(
      'persistentvolumeclaims "data" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 5Gi',
    );
  });

  it('are checked themselves', () => {
    expect(() => world({ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } })).toThrow(
      'LimitRange "bounds" is invalid: spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    );
  });
});
