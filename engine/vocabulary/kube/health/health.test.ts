import { expect, it } from 'vitest';
import type { KubeObject } from '../object.ts';
import { assessHealth, hasHealthCheck } from './health.ts';
import { HEALTH_ORDER, worstHealth } from './status.ts';

type Case = [situation: string, body: Record<string, unknown>, status: string | undefined, message?: string];

const meta = (over: Record<string, unknown> = {}) => ({
  name: 'x',
  namespace: 'n',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '',
  generation: 2,
  ...over,
});

const SPEC_CASES: Record<string, string> = {
  Deployment: 'H01',
  Pod: 'H02',
  Job: 'H03',
  Service: 'H04',
  Rollout: 'H05',
  AnalysisRun: 'H06',
  ApplicationSet: 'H07',
};

function check(apiVersion: string, kind: string, cases: Case[]): void {
  it.each(cases)(`argo-cd/${SPEC_CASES[kind] ?? '§3.10'} ${kind}: %s`, (_situation, body, status, message) => {
    const result = assessHealth({ apiVersion, kind, metadata: meta(), ...body } as KubeObject);
    expect(result?.status).toBe(status);
    if (message !== undefined) expect(result?.message).toBe(message);
  });
}

const seen = { observedGeneration: 2 };
const condition = (type: string, status: string, more: object = {}) => ({ conditions: [{ type, status, ...more }] });

check('apps/v1', 'Deployment', [
  ['paused wins', { spec: { paused: true } }, 'Suspended', 'Deployment is paused'],
  ['not observed', { spec: {}, status: { observedGeneration: 1 } }, 'Progressing'],
  [
    'deadline',
    {
      spec: { replicas: 1 },
      status: { ...seen, ...condition('Progressing', 'False', { reason: 'ProgressDeadlineExceeded' }) },
    },
    'Degraded',
    'Deployment "x" exceeded its progress deadline',
  ],
  [
    'updated < wanted',
    { spec: { replicas: 3 }, status: { ...seen, updatedReplicas: 1 } },
    'Progressing',
    'Waiting for rollout to finish: 1 out of 3 new replicas have been updated...',
  ],
  [
    'old ones left',
    { spec: { replicas: 3 }, status: { ...seen, replicas: 4, updatedReplicas: 3 } },
    'Progressing',
    'Waiting for rollout to finish: 1 old replicas are pending termination...',
  ],
  [
    'not available',
    { spec: { replicas: 3 }, status: { ...seen, replicas: 3, updatedReplicas: 3, availableReplicas: 2 } },
    'Progressing',
    'Waiting for rollout to finish: 2 of 3 updated replicas are available...',
  ],
  [
    'all there',
    { spec: { replicas: 3 }, status: { ...seen, replicas: 3, updatedReplicas: 3, availableReplicas: 3 } },
    'Healthy',
  ],
  ['scaled to zero', { spec: { replicas: 0 }, status: seen }, 'Healthy'],
  [
    'being deleted',
    { metadata: meta({ deletionTimestamp: 't' }), spec: { paused: true } },
    'Progressing',
    'Pending deletion',
  ],
  [
    'being deleted, held as a hook',
    {
      metadata: meta({ deletionTimestamp: 't', finalizers: ['argocd.argoproj.io/hook-finalizer'] }),
      spec: { paused: true },
    },
    'Suspended',
  ],
]);

const rolling = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } };
check('apps/v1', 'StatefulSet', [
  ['never observed', { spec: {}, status: {} }, 'Progressing'],
  [
    'not ready',
    { spec: { replicas: 2 }, status: { ...seen, readyReplicas: 1 } },
    'Progressing',
    'Waiting for 1 pods to be ready...',
  ],
  [
    'partition not reached',
    { spec: { replicas: 3, ...rolling }, status: { ...seen, readyReplicas: 3, updatedReplicas: 1 } },
    'Progressing',
  ],
  [
    'partition reached',
    {
      spec: { replicas: 3, ...rolling },
      status: { ...seen, readyReplicas: 3, updatedReplicas: 2, updateRevision: 'b', currentRevision: 'a' },
    },
    'Healthy',
  ],
  [
    'OnDelete',
    {
      spec: { replicas: 1, updateStrategy: { type: 'OnDelete' } },
      status: { ...seen, readyReplicas: 1, updateRevision: 'b', currentRevision: 'a' },
    },
    'Healthy',
  ],
  [
    'revisions differ',
    { spec: { replicas: 1 }, status: { ...seen, readyReplicas: 1, updateRevision: 'b', currentRevision: 'a' } },
    'Progressing',
  ],
  [
    'revisions equal',
    { spec: { replicas: 1 }, status: { ...seen, readyReplicas: 1, updateRevision: 'a', currentRevision: 'a' } },
    'Healthy',
  ],
]);

check('apps/v1', 'DaemonSet', [
  ['not observed', { spec: {}, status: {} }, 'Progressing'],
  [
    'OnDelete',
    { spec: { updateStrategy: { type: 'OnDelete' } }, status: { ...seen, desiredNumberScheduled: 1 } },
    'Healthy',
  ],
  ['not updated', { spec: {}, status: { ...seen, desiredNumberScheduled: 1 } }, 'Progressing'],
  [
    'not available',
    { spec: {}, status: { ...seen, desiredNumberScheduled: 1, updatedNumberScheduled: 1 } },
    'Progressing',
  ],
  [
    'all there',
    { spec: {}, status: { ...seen, desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1 } },
    'Healthy',
  ],
]);

check('apps/v1', 'ReplicaSet', [
  ['not observed', { spec: {}, status: { replicas: 0 } }, 'Progressing'],
  [
    'failing',
    { spec: {}, status: { ...seen, ...condition('ReplicaFailure', 'True', { message: 'quota' }) } },
    'Degraded',
    'quota',
  ],
  ['not available', { spec: { replicas: 1 }, status: seen }, 'Progressing'],
  ['available', { spec: { replicas: 1 }, status: { ...seen, availableReplicas: 1 } }, 'Healthy'],
]);

const ignored = { 'argocd.argoproj.io/ignore-restart-policy': 'true' };
const waiting = (reason: string, message?: string) => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'c', state: { waiting: { reason, message } } }],
});
check('v1', 'Pod', [
  [
    'image cannot be pulled',
    { spec: {}, status: waiting('ErrImagePull', 'no such image') },
    'Degraded',
    'no such image',
  ],
  ['back-off', { spec: {}, status: waiting('CrashLoopBackOff') }, 'Degraded', 'CrashLoopBackOff'],
  ['config error', { spec: {}, status: waiting('CreateContainerConfigError') }, 'Degraded'],
  [
    'back-off of a pod that is not restarted',
    { spec: { restartPolicy: 'Never' }, status: waiting('ImagePullBackOff') },
    'Progressing',
  ],
  ['being made', { spec: {}, status: waiting('ContainerCreating') }, 'Progressing'],
  ['succeeded', { spec: {}, status: { phase: 'Succeeded' } }, 'Healthy'],
  [
    'failed',
    {
      spec: {},
      status: { phase: 'Failed', containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 3 } } }] },
    },
    'Degraded',
    'container "c" failed with exit code 3',
  ],
  ['ready', { spec: {}, status: { phase: 'Running', ...condition('Ready', 'True') } }, 'Healthy'],
  [
    'restarted',
    {
      spec: {},
      status: { phase: 'Running', containerStatuses: [{ name: 'c', lastState: { terminated: { exitCode: 1 } } }] },
    },
    'Degraded',
  ],
  ['not ready yet', { spec: {}, status: { phase: 'Running' } }, 'Progressing'],
  [
    'running to completion',
    { spec: { restartPolicy: 'Never' }, status: { phase: 'Running', ...condition('Ready', 'True') } },
    'Progressing',
  ],
  ['no status', { spec: {} }, 'Unknown'],
  [
    'restart policy ignored: running',
    {
      metadata: meta({ annotations: ignored }),
      spec: { restartPolicy: 'Never' },
      status: { phase: 'Running', ...condition('Ready', 'True') },
    },
    'Healthy',
  ],
  [
    'restart policy ignored: not for a hook',
    {
      metadata: meta({ annotations: { ...ignored, 'argocd.argoproj.io/hook': 'Sync' } }),
      spec: { restartPolicy: 'Never' },
      status: { phase: 'Running', ...condition('Ready', 'True') },
    },
    'Progressing',
  ],
  [
    'restart policy ignored: back-off',
    { metadata: meta({ annotations: ignored }), spec: { restartPolicy: 'Never' }, status: waiting('ImagePullBackOff') },
    'Degraded',
  ],
  [
    'being deleted',
    { metadata: meta({ deletionTimestamp: 't' }), spec: {}, status: { phase: 'Failed' } },
    'Progressing',
  ],
]);

check('batch/v1', 'Job', [
  ['running', { spec: {}, status: {} }, 'Progressing'],
  ['failed', { spec: {}, status: condition('Failed', 'True', { message: 'no' }) }, 'Degraded', 'no'],
  ['about to fail', { spec: {}, status: condition('FailureTarget', 'True') }, 'Progressing'],
  ['suspended', { spec: {}, status: condition('Suspended', 'True') }, 'Suspended'],
  ['complete', { spec: {}, status: condition('Complete', 'True') }, 'Healthy'],
]);

check('v1', 'PersistentVolumeClaim', [
  ['lost', { spec: {}, status: { phase: 'Lost' } }, 'Degraded'],
  ['pending', { spec: {}, status: { phase: 'Pending' } }, 'Progressing'],
  ['bound', { spec: {}, status: { phase: 'Bound' } }, 'Healthy'],
  ['no phase', { spec: {} }, 'Unknown'],
]);

const address = { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } };
check('v1', 'Service', [
  ['ClusterIP', { spec: { type: 'ClusterIP' } }, 'Healthy'],
  ['LoadBalancer without address', { spec: { type: 'LoadBalancer' } }, 'Progressing'],
  ['LoadBalancer with address', { spec: { type: 'LoadBalancer' }, status: address }, 'Healthy'],
]);
check('networking.k8s.io/v1', 'Ingress', [
  ['no address', { spec: {}, status: {} }, 'Progressing'],
  ['address', { spec: {}, status: address }, 'Healthy'],
]);
check('autoscaling/v2', 'HorizontalPodAutoscaler', [
  ['no conditions', { spec: {} }, 'Progressing', 'Waiting to Autoscale'],
  [
    'no scale',
    { spec: {}, status: condition('AbleToScale', 'False', { reason: 'FailedGetScale', message: 'm' }) },
    'Degraded',
    'm',
  ],
  ['able', { spec: {}, status: condition('AbleToScale', 'True', { reason: 'ReadyForNewScale' }) }, 'Healthy'],
]);

check('argoproj.io/v1alpha1', 'Rollout', [
  ['no status', { spec: {} }, 'Progressing'],
  [
    'not observed',
    { spec: {}, status: { observedGeneration: '1', phase: 'Healthy' } },
    'Progressing',
    'Waiting for rollout spec update to be observed',
  ],
  [
    'paused',
    { spec: {}, status: { observedGeneration: '2', phase: 'Paused', message: 'CanaryPauseStep' } },
    'Suspended',
    'CanaryPauseStep',
  ],
  ['healthy', { spec: {}, status: { observedGeneration: '2', phase: 'Healthy' } }, 'Healthy'],
  [
    'degraded',
    { spec: {}, status: { observedGeneration: '2', phase: 'Degraded', message: 'RolloutAborted' } },
    'Degraded',
    'RolloutAborted',
  ],
  ['older: invalid', { spec: {}, status: condition('InvalidSpec', 'True', { message: 'bad' }) }, 'Degraded', 'bad'],
  ['older: paused', { spec: { paused: true }, status: {} }, 'Suspended'],
]);
check('argoproj.io/v1alpha1', 'AnalysisRun', [
  ['no status', {}, 'Progressing'],
  ['running', { status: { phase: 'Running' } }, 'Progressing'],
  ['successful', { status: { phase: 'Successful' } }, 'Healthy', 'Analysis run completed successfully'],
  ['failed', { status: { phase: 'Failed', message: 'm' } }, 'Degraded', 'm'],
  ['error', { status: { phase: 'Error' } }, 'Degraded'],
  ['inconclusive', { status: { phase: 'Inconclusive' } }, 'Unknown', 'Analysis run was inconclusive'],
]);
check('argoproj.io/v1alpha1', 'Experiment', [
  ['successful', { status: { phase: 'Successful' } }, 'Healthy'],
  ['failed', { status: { phase: 'Failed' } }, 'Degraded'],
  ['inconclusive is not one of its phases', { status: { phase: 'Inconclusive' } }, 'Progressing'],
]);
check('argoproj.io/v1alpha1', 'ApplicationSet', [
  ['error', { status: condition('ErrorOccurred', 'True', { message: 'm' }) }, 'Degraded', 'm'],
  ['not up to date', { status: condition('ResourcesUpToDate', 'False') }, 'Degraded'],
  ['rolling', { status: condition('RolloutProgressing', 'True') }, 'Progressing'],
  ['up to date', { status: condition('ResourcesUpToDate', 'True') }, 'Healthy'],
  ['no status', {}, 'Progressing', 'Waiting for the status to be reported'],
]);
check('argoproj.io/v1alpha1', 'Application', [
  ['its own health', { status: { health: { status: 'Degraded', message: 'm' } } }, 'Degraded', 'm'],
  ['no health yet', { status: {} }, 'Progressing'],
]);
check('external-secrets.io/v1', 'ExternalSecret', [
  ['not ready', { status: condition('Ready', 'False', { message: 'm' }) }, 'Degraded', 'm'],
  ['ready', { status: condition('Ready', 'True') }, 'Healthy'],
  ['no status', {}, 'Progressing'],
]);
const verdicts = (...list: [type: string, status: string, message?: string][]) => ({
  conditions: list.map(([type, status, message]) => ({ type, status, message, observedGeneration: 2 })),
});
check('gateway.networking.k8s.io/v1', 'Gateway', [
  ['no status', {}, 'Progressing', 'Waiting for Gateway status'],
  ['accepted', { status: verdicts(['Accepted', 'True'], ['Programmed', 'True']) }, 'Healthy', 'Gateway is healthy'],
  ['not accepted', { status: verdicts(['Accepted', 'False', 'm']) }, 'Degraded', 'm'],
  ['not programmed yet', { status: verdicts(['Programmed', 'False', 'm']) }, 'Progressing', 'm'],
  ['a bad listener', { status: { listeners: [verdicts(['Accepted', 'False', 'm'])] } }, 'Degraded', 'Listener: m'],
]);
check('gateway.networking.k8s.io/v1', 'HTTPRoute', [
  ['no status', {}, 'Progressing', 'Waiting for HTTPRoute status'],
  ['accepted', { status: { parents: [verdicts(['Accepted', 'True'])] } }, 'Healthy', 'HTTPRoute is healthy'],
  [
    'unresolved',
    { status: { parents: [{ parentRef: { name: 'main' }, ...verdicts(['ResolvedRefs', 'False', 'm']) }] } },
    'Degraded',
    'Parent main: m',
  ],
  [
    'an earlier generation does not count',
    { status: { parents: [{ conditions: [{ type: 'Accepted', status: 'True', observedGeneration: 1 }] }] } },
    'Progressing',
  ],
]);
check('gateway.networking.k8s.io/v1', 'GatewayClass', [
  ['no status', {}, 'Progressing'],
  ['accepted', { status: verdicts(['Accepted', 'True', 'm']) }, 'Healthy', 'm'],
  ['refused', { status: verdicts(['Accepted', 'False', 'm']) }, 'Degraded', 'm'],
]);
check('v1', 'ConfigMap', [['no check', {}, undefined]]);

it('argo-cd §3.10 order: the worst wins, nothing is Healthy', () => {
  expect(worstHealth([])).toBe('Healthy');
  for (const [index, status] of HEALTH_ORDER.entries()) {
    expect(worstHealth(HEALTH_ORDER.slice(0, index + 1).toReversed())).toBe(status);
  }
  expect(worstHealth(['Healthy', 'Suspended'])).toBe('Suspended');
  expect(hasHealthCheck({ apiVersion: 'v1', kind: 'Secret' })).toBe(false);
  expect(hasHealthCheck({ apiVersion: 'apps/v1', kind: 'Deployment' })).toBe(true);
});
