import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube/object.ts';
import { formatExposition } from '#lib/exposition/index.ts';
import type { SandboxState } from '#machine/pods.ts';
import type { Reader } from '#store/store.ts';
import { cadvisorMetrics } from './cadvisor.ts';
import { kubeStateMetrics } from './kube-state.ts';

const metadata = (name: string, more: object = {}) => ({
  name,
  namespace: 'shop',
  uid: `uid-${name}`,
  creationTimestamp: '2026-01-05T09:00:00Z',
  generation: 3,
  ...more,
});

const OBJECTS: Readonly<Record<string, readonly object[]>> = {
  Pod: [
    {
      metadata: metadata('web-1', { ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true }] }),
      spec: {
        nodeName: 'pern-local',
        containers: [{ name: 'app', resources: { limits: { cpu: '500m', memory: '64Mi' } } }],
      },
      status: {
        phase: 'Running',
        podIP: '127.16.0.2',
        startTime: '2026-01-05T09:00:01Z',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [
          {
            name: 'app',
            image: 'web:1',
            imageID: 'sha256:1',
            ready: true,
            restartCount: 2,
            state: { running: {} },
            lastState: { terminated: { reason: 'OOMKilled' } },
          },
        ],
      },
    },
  ],
  'Deployment.apps': [
    {
      metadata: metadata('api'),
      spec: { replicas: 3 },
      status: {
        replicas: 3,
        availableReplicas: 2,
        unavailableReplicas: 1,
        conditions: [{ type: 'Available', status: 'True' }],
      },
    },
  ],
  'StatefulSet.apps': [{ metadata: metadata('db'), spec: {}, status: { readyReplicas: 1 } }],
  'Job.batch': [
    { metadata: metadata('migrate'), status: { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] } },
  ],
  'EndpointSlice.discovery.k8s.io': [
    {
      metadata: metadata('web-abc', { labels: { 'kubernetes.io/service-name': 'web' } }),
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [
        { addresses: ['127.16.0.2'], conditions: { ready: true } },
        { addresses: ['127.16.0.3'], conditions: { ready: false } },
      ],
    },
  ],
  'Rollout.argoproj.io': [
    {
      metadata: metadata('web'),
      spec: { replicas: 4, strategy: { canary: { trafficRouting: { nginx: {} } } } },
      status: {
        replicas: 5,
        availableReplicas: 4,
        updatedReplicas: 1,
        conditions: [{ type: 'Progressing', reason: 'RolloutPaused' }],
      },
    },
  ],
  'AnalysisRun.argoproj.io': [{ metadata: metadata('run-1'), status: { phase: 'Failed' } }],
};

const reader = {
  list: (kind: string) => (OBJECTS[kind] ?? []) as never,
  get: (kind: string, _: string, name: string) =>
    (OBJECTS[kind] ?? []).find((object) => (object as KubeObject).metadata.name === name) as never,
} as Partial<Reader> as Reader;

describe('kube-state-metrics', () => {
  const lines = formatExposition(kubeStateMetrics(reader)).split('\n');

  it.each([
    'kube_pod_info{created_by_kind="ReplicaSet",created_by_name="web",namespace="shop",node="pern-local",pod="web-1",pod_ip="127.16.0.2",uid="uid-web-1"} 1',
    'kube_pod_status_ready{condition="true",namespace="shop",pod="web-1",uid="uid-web-1"} 1',
    'kube_pod_status_ready{condition="false",namespace="shop",pod="web-1",uid="uid-web-1"} 0',
    'kube_pod_start_time{namespace="shop",pod="web-1",uid="uid-web-1"} 1767603601',
    'kube_pod_container_status_restarts_total{container="app",namespace="shop",pod="web-1",uid="uid-web-1"} 2',
    'kube_pod_container_status_last_terminated_reason{container="app",namespace="shop",pod="web-1",reason="OOMKilled",uid="uid-web-1"} 1',
    'kube_pod_container_resource_limits{container="app",namespace="shop",node="pern-local",pod="web-1",resource="memory",uid="uid-web-1",unit="byte"} 67108864',
    'kube_deployment_status_replicas_available{deployment="api",namespace="shop"} 2',
    'kube_deployment_status_condition{condition="Available",deployment="api",namespace="shop",status="true"} 1',
    'kube_statefulset_replicas{namespace="shop",statefulset="db"} 1',
    'kube_job_complete{condition="true",job_name="migrate",namespace="shop"} 1',
    'kube_endpoint_address{endpoint="web",ip="127.16.0.3",namespace="shop",port_name="http",port_number="8080",port_protocol="TCP",ready="false"} 1',
    'rollout_info{name="web",namespace="shop",phase="Paused",strategy="canary",traffic_router="Nginx"} 1',
    'rollout_info_replicas_unavailable{name="web",namespace="shop"} 1',
    'analysis_run_info{name="run-1",namespace="shop",phase="Failed"} 1',
  ])('%s', (line) => {
    expect(lines).toContain(line);
  });
});

it('cAdvisor shows use and limits of running containers', () => {
  const container = {
    container: 'app',
    image: 'web:1',
    phase: 'running',
    usage: { cpuSeconds: 1.5, memoryBytes: 1000 },
  };
  const sandbox = {
    namespace: 'shop',
    name: 'web-1',
    containers: { app: container, done: { ...container, phase: 'exited' } },
  };
  const text = formatExposition(cadvisorMetrics([sandbox as unknown as SandboxState], reader));
  const labels = 'container="app",image="web:1",namespace="shop",pod="web-1"';
  for (const line of [
    `container_cpu_usage_seconds_total{${labels}} 1.5`,
    `container_memory_rss{${labels}} 1000`,
    `container_spec_memory_limit_bytes{${labels}} 67108864`,
    `container_spec_cpu_quota{${labels}} 50000`,
  ])
    expect(text.split('\n')).toContain(line);
});
