import { describe, expect, it } from 'vitest';
import { amountText } from '#kube/canonical-quantity.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { policyAdmission } from '../policies.ts';
import { kubeObject, resourcesWith } from '../testing.ts';
import { podResources } from './pod-resources.ts';
import { quotaUsage } from './usage.ts';

function world(hard: Record<string, string>, more: Record<string, unknown> = {}) {
  const { resources } = resourcesWith(policyAdmission);
  resources.create(kubeObject('v1', 'ResourceQuota', 'compute', { hard, ...more }));
  const used = () => {
    const quota = resources.store.get('ResourceQuota', 'shop', 'compute') as unknown as KubeObject;
    return Object.fromEntries(
      [...quotaUsage(quota, resources.store)].map(([name, amount]) => [name, amountText(amount)]),
    );
  };
  return { resources, used };
}

function pod(name: string, resources: Record<string, unknown>, more: Record<string, unknown> = {}): Manifest {
  return kubeObject('v1', 'Pod', name, { containers: [{ name: 'web', image: 'i', resources }], ...more });
}

const small = (name: string) => pod(name, { requests: { cpu: '400m', memory: '64Mi' }, limits: { memory: '128Mi' } });

describe('a quota', () => {
  it('refuses the pod that no longer fits, in kube-apiserver’s words', () => {
    const { resources, used } = world({ 'requests.cpu': '1', 'limits.memory': '1Gi', pods: '10' });
    resources.create(small('a'));
    resources.create(small('b'));
    expect(() => resources.create(small('c'))).toThrow(
      'pods "c" is forbidden: exceeded quota: compute, requested: requests.cpu=400m, used: requests.cpu=800m, limited: requests.cpu=1',
    );
    expect(used()).toEqual({ 'requests.cpu': '800m', 'limits.memory': '256Mi', pods: '2' });
  });

  it('names every resource that is exceeded, sorted', () => {
    const { resources } = world({ 'requests.memory': '100Mi', pods: '1', 'count/pods': '1' });
    resources.create(small('a'));
    expect(() => resources.create(small('b'))).toThrow(
      'exceeded quota: compute, requested: count/pods=1,pods=1,requests.memory=64Mi, used: count/pods=1,pods=1,requests.memory=64Mi, limited: count/pods=1,pods=1,requests.memory=100Mi',
    );
  });

  it('refuses a pod that does not say how much it needs of what is limited', () => {
    const { resources } = world({ 'requests.cpu': '1', 'limits.memory': '1Gi' });
    expect(() => resources.create(pod('a', {}))).toThrow(
      'pods "a" is forbidden: failed quota: compute: must specify limits.memory for: web; requests.cpu for: web',
    );
  });

  it('takes such a pod where a LimitRange says it instead', () => {
    const { resources, used } = world({ 'requests.cpu': '1', 'limits.cpu': '2' });
    const limits = [{ type: 'Container', defaultRequest: { cpu: '100m' }, default: { cpu: '500m' } }];
    resources.create(kubeObject('v1', 'LimitRange', 'defaults', { limits }));
    resources.create(pod('a', {}));
    expect(used()).toEqual({ 'requests.cpu': '100m', 'limits.cpu': '500m' });
  });

  it('no longer counts what a pod that ended asked for, but its object', () => {
    const { resources, used } = world({ 'requests.cpu': '500m', pods: '1', 'count/pods': '5' });
    resources.create(small('a'));
    const ended = { ...resources.get({ kind: 'Pod', namespace: 'shop', name: 'a' }), status: { phase: 'Succeeded' } };
    resources.replace(ended, { subresource: 'status' });
    expect(used()).toEqual({ 'requests.cpu': '0', pods: '0', 'count/pods': '1' });
    resources.create(small('b'));
  });

  it('counts objects of any served kind', () => {
    const { resources } = world({ 'count/deployments.apps': '0', configmaps: '1', 'count/rollouts.argoproj.io': '0' });
    const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' } });
    resources.create(map('a'));
    expect(() => resources.create(map('b'))).toThrow(
      'configmaps "b" is forbidden: exceeded quota: compute, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
    );
    expect(() => resources.create(kubeObject('argoproj.io/v1alpha1', 'Rollout', 'web', {}))).toThrow(
      'rollouts.argoproj.io "web" is forbidden: exceeded quota: compute, requested: count/rollouts.argoproj.io=1',
    );
    const patched = resources.patch(
      { kind: 'ConfigMap', namespace: 'shop', name: 'a' },
      { type: 'merge', patch: { data: { k: 'v' } } },
    );
    expect(patched.data).toEqual({ k: 'v' });
  });

  it('judges a Service or a claim that grows by the difference', () => {
    const { resources, used } = world({ 'services.nodeports': '0', services: '1', 'requests.storage': '1Gi' });
    const service = (type: string) =>
      kubeObject('v1', 'Service', 'web', { type, selector: { app: 'web' }, ports: [{ port: 80 }] });
    resources.create(service('ClusterIP'));
    expect(used()).toMatchObject({ services: '1', 'services.nodeports': '0' });
    expect(() => resources.replace(service('NodePort'))).toThrow(
      'services "web" is forbidden: exceeded quota: compute, requested: services.nodeports=1, used: services.nodeports=0, limited: services.nodeports=0',
    );
    const claim = (storage: string) =>
      kubeObject('v1', 'PersistentVolumeClaim', 'data', {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage } },
      });
    resources.create(claim('600Mi'));
    expect(() => resources.replace(claim('2Gi'))).toThrow(
      'requested: requests.storage=1448Mi, used: requests.storage=600Mi, limited: requests.storage=1Gi',
    );
  });

  it('with scopes counts only the pods in them', () => {
    const { resources, used } = world({ pods: '1' }, { scopes: ['BestEffort'] });
    resources.create(small('a'));
    resources.create(small('b'));
    resources.create(pod('c', {}));
    expect(used()).toEqual({ pods: '1' });
    expect(() => resources.create(pod('d', {}))).toThrow('exceeded quota: compute, requested: pods=1');
  });

  it('stays out of dry runs’ way of being exact: nothing is stored, and the answer is the same', () => {
    const { resources, used } = world({ pods: '0' });
    expect(() => resources.create(small('a'), { dryRun: true })).toThrow('exceeded quota');
    expect(used()).toEqual({ pods: '0' });
  });

  it('reports what is no quantity by its field', () => {
    const { resources } = resourcesWith(policyAdmission);
    expect(() => resources.create(kubeObject('v1', 'ResourceQuota', 'q', { hard: { pods: 'many' } }))).toThrow(
      'spec.hard[pods]',
    );
  });
});

describe('what a pod asks for', () => {
  const cpu = (value: string, more: Record<string, unknown> = {}) => ({
    name: value,
    resources: { requests: { cpu: value } },
    ...more,
  });
  it.each([
    ['the sum of its containers', { containers: [cpu('100m'), cpu('200m')] }, '300m'],
    ['a hungrier init container', { initContainers: [cpu('1'), cpu('500m')], containers: [cpu('100m')] }, '1'],
    [
      'sidecars beside containers',
      { initContainers: [cpu('50m', { restartPolicy: 'Always' })], containers: [cpu('100m')] },
      '150m',
    ],
    [
      'sidecars beside a later init container',
      { initContainers: [cpu('50m', { restartPolicy: 'Always' }), cpu('1')], containers: [cpu('100m')] },
      '1050m',
    ],
    ['its own resources', { containers: [cpu('100m')], resources: { requests: { cpu: '2' } } }, '2'],
    ['its overhead', { containers: [cpu('100m')], overhead: { cpu: '10m' } }, '110m'],
  ])('%s', (_what, spec, expected) => {
    const amount = podResources(spec, 'requests').get('cpu');
    expect(amount && amountText(amount)).toBe(expected);
  });
});
