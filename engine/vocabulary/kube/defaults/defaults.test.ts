import { expect, it } from 'vitest';
import { applyDefaults } from './defaults.ts';

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'img:1', ports: [{ containerPort: 80 }] }] },
    },
  },
};

it('kubernetes-api/5 Deployment: as a cluster recorded it', () => {
  expect(applyDefaults(deployment).spec).toEqual({
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'img:1',
            ports: [{ containerPort: 80, protocol: 'TCP' }],
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            imagePullPolicy: 'IfNotPresent',
          },
        ],
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
        schedulerName: 'default-scheduler',
      },
    },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
});

const specOf = (apiVersion: string, kind: string, spec: Record<string, unknown>) =>
  applyDefaults({ apiVersion, kind, metadata: { name: 'x' }, spec }).spec;

it.each([
  ['img', 'Always'],
  ['img:latest', 'Always'],
  ['img:1', 'IfNotPresent'],
  ['host:5000/img', 'Always'],
  ['host:5000/img:1', 'IfNotPresent'],
  ['img@sha256:abc', 'IfNotPresent'],
])('kubernetes-api/5 imagePullPolicy of %s is %s', (image, policy) => {
  const spec = specOf('v1', 'Pod', { containers: [{ name: 'c', image }] });
  expect(spec.containers).toMatchObject([{ imagePullPolicy: policy }]);
});

it('kubernetes-api/5 Pod: probes, volumes, requests from limits', () => {
  const spec = specOf('v1', 'Pod', {
    containers: [
      {
        name: 'c',
        image: 'i:1',
        readinessProbe: { httpGet: { port: 'http' } },
        resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
        env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
      },
    ],
    volumes: [{ name: 'tmp' }, { name: 's', secret: { secretName: 's' } }],
  });
  expect(spec).toMatchObject({
    enableServiceLinks: true,
    volumes: [
      { name: 'tmp', emptyDir: {} },
      { name: 's', secret: { secretName: 's', defaultMode: 420 } },
    ],
    containers: [
      {
        readinessProbe: {
          httpGet: { port: 'http', path: '/', scheme: 'HTTP' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
        env: [{ name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } }],
      },
    ],
  });
});

it('kubernetes-api/5 Secret: stringData goes into data', () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { a: 'eA==', b: 'eQ==' },
    stringData: { a: 'new' },
  };
  expect(applyDefaults(secret)).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    type: 'Opaque',
    data: { a: 'bmV3', b: 'eQ==' },
  });
});

it('kubernetes-api/5 Job, StatefulSet, Service, HPA, NetworkPolicy, bindings, Namespace', () => {
  const template = { spec: { containers: [] } };
  expect(specOf('batch/v1', 'Job', { template })).toMatchObject({
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    suspend: false,
  });
  expect(specOf('batch/v1', 'Job', { template, parallelism: 3 })).not.toHaveProperty('completions');
  expect(specOf('apps/v1', 'StatefulSet', { template })).toMatchObject({
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  });
  expect(specOf('v1', 'Service', { ports: [{ port: 80 }] })).toMatchObject({
    type: 'ClusterIP',
    sessionAffinity: 'None',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
  });
  expect(specOf('autoscaling/v2', 'HorizontalPodAutoscaler', { maxReplicas: 3 })).toMatchObject({
    minReplicas: 1,
    metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
  });
  expect(specOf('networking.k8s.io/v1', 'NetworkPolicy', { egress: [{}] })).toMatchObject({
    policyTypes: ['Ingress', 'Egress'],
  });
  const namespace = applyDefaults({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  expect(namespace).toMatchObject({
    metadata: { labels: { 'kubernetes.io/metadata.name': 'shop' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
});

it('kubernetes-api/5 custom resources are not defaulted: the template of a Rollout stays as written', () => {
  const rollout = { ...deployment, apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' };
  expect(applyDefaults(rollout)).toBe(rollout);
});

it('defaults are idempotent', () => {
  const once = applyDefaults(deployment);
  expect(applyDefaults(once)).toEqual(once);
});
