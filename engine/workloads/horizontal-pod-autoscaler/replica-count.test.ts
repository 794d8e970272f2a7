import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatTime } from '#core/clock.ts';
import type { Pod } from '../pod-facts/pod-state.ts';
import { groupPods, type ResourceName, readUsage } from './pod-metrics.ts';
import { computeReplicas } from './replica-count.ts';

const NOW_MS = Date.parse('2026-01-05T09:00:00Z');
const TOLERANCES = { scaleUp: 0.1, scaleDown: 0.1 };

interface UpstreamPod {
  Name: string;
  Phase: string;
  Deleting: boolean;
  Ready: string;
  /** Seconds ago: the start, and the last change of readiness. */
  StartedS: number;
  ChangedS: number;
  RequestMilli: number;
  UsageMilli: number | null;
}

interface UpstreamCase {
  Pods: UpstreamPod[];
  Resource: ResourceName;
  /** 0: a target of AverageMilli instead. */
  Utilization: number;
  AverageMilli: number;
  Current: number;
  says: { Replicas: number; Utilization: number; Average: number; Err: string };
}

const CASES = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata', 'upstream.json'), 'utf8'),
) as UpstreamCase[];

function podOf(pod: UpstreamPod, resource: ResourceName): Pod {
  const requests = pod.RequestMilli > 0 ? { [resource]: `${pod.RequestMilli}m` } : {};
  const changedAt = formatTime(NOW_MS - pod.ChangedS * 1000);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.Name,
      uid: pod.Name,
      resourceVersion: '1',
      creationTimestamp: '2026-01-05T08:00:00Z',
      ...(pod.Deleting ? { deletionTimestamp: formatTime(NOW_MS) } : {}),
    },
    spec: { containers: [{ name: 'web', resources: { requests } }] },
    status: {
      phase: pod.Phase as 'Running',
      startTime: formatTime(NOW_MS - pod.StartedS * 1000),
      conditions: pod.Ready === '' ? [] : [{ type: 'Ready', status: pod.Ready, lastTransitionTime: changedAt }],
    },
  };
}

it('computes what upstream’s ReplicaCalculator (v1.34.1) computes for 400 random groups of pods', () => {
  expect(CASES).toHaveLength(400);
  for (const one of CASES) {
    const pods = one.Pods.map((pod) => podOf(pod, one.Resource));
    const metrics = new Map(
      one.Pods.flatMap(({ Name, UsageMilli }) => (UsageMilli === null ? [] : [[Name, UsageMilli]])),
    );
    const target = one.Utilization > 0 ? { utilization: one.Utilization } : { averageMilli: one.AverageMilli };
    const measured = { pods, metrics, resource: one.Resource, nowMs: NOW_MS };
    const result =
      metrics.size === 0
        ? `unable to get metrics for resource ${one.Resource}: no metrics returned from resource metrics API`
        : computeReplicas(measured, target, one.Current, TOLERANCES);
    const { Replicas, Utilization, Average, Err } = one.says;
    const expected =
      Err !== ''
        ? Err
        : {
            replicas: Replicas,
            averageMilli: Average,
            ...(one.Utilization > 0 ? { utilization: Utilization } : {}),
          };
    expect(result, JSON.stringify(one)).toEqual(expected);
  }
});

it('a pod counts with all of its lasting containers, and not at all when one has no figure', () => {
  const pod = (name: string): Pod => ({
    ...podOf({ ...(CASES[0]?.Pods[0] as UpstreamPod), Name: name }, 'cpu'),
    spec: {
      initContainers: [
        { name: 'migrate', image: 'i' },
        { name: 'proxy', image: 'i', restartPolicy: 'Always' },
      ],
      containers: [{ name: 'web', image: 'i' }],
    },
  });
  const sample = (podName: string, container: string, value: string) => ({
    metric: { pod: podName, container },
    value: [0, value],
  });
  const result = [sample('a', 'web', '0.1001'), sample('a', 'proxy', '0.05'), sample('b', 'web', '0.1')];
  const answer = { ok: true, value: { resultType: 'vector', result } } as const;
  expect(readUsage(answer, [pod('a'), pod('b')])).toEqual(new Map([['a', 151]]));
  expect(readUsage(answer, [pod('a'), pod('b')], 'web')).toEqual(
    new Map([
      ['a', 101],
      ['b', 100],
    ]),
  );
});

it('pods that are going, pending, without a figure or too young are told apart', () => {
  const base = { Phase: 'Running', Deleting: false, Ready: 'True', StartedS: 1000, ChangedS: 900, RequestMilli: 100 };
  const pods = [
    { ...base, Name: 'ready', UsageMilli: 1 },
    { ...base, Name: 'going', Deleting: true, UsageMilli: 1 },
    { ...base, Name: 'pending', Phase: 'Pending', UsageMilli: 1 },
    { ...base, Name: 'silent', UsageMilli: null },
    { ...base, Name: 'young', StartedS: 20, ChangedS: 10, UsageMilli: 1 },
  ].map((pod) => podOf(pod, 'cpu'));
  const metrics = new Map(['ready', 'going', 'pending', 'young'].map((name) => [name, 1]));
  expect(groupPods(pods, metrics, 'cpu', NOW_MS)).toEqual({
    readyCount: 1,
    ignored: new Set(['going']),
    missing: new Set(['silent']),
    unready: new Set(['pending', 'young']),
  });
  expect(groupPods(pods, metrics, 'memory', NOW_MS).readyCount).toBe(2);
});
