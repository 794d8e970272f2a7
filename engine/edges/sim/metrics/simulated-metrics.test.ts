import { expect, it } from 'vitest';
import type { Answer } from '#machine/questions.ts';
import type { Route } from '#machine/traffic.ts';
import { HEALTHY } from '../traffic/behaviour.ts';
import { SimulatedTraffic } from '../traffic/simulated-traffic.ts';
import { VirtualTime } from '../virtual-time.ts';
import { applicationSamples } from './app-series.ts';
import { SimulatedMetrics } from './simulated-metrics.ts';

const IMAGES: Record<string, string> = { 'shop/old': 'web:1', 'shop/new': 'web:2' };

function world() {
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  const traffic = new SimulatedTraffic({
    clock: time,
    profiles: [{ host: 'shop.localhost', path: '/', requestsPerSecond: () => 40 }],
    imageOf: (pod) => IMAGES[pod],
    behaviourOf: (image) =>
      image === 'web:2' ? { ...HEALTHY, errorRate: 0.2, latencyMs: { p50: 100, p95: 400 } } : undefined,
  });
  const metrics = new SimulatedMetrics({ scheduler: time, traffic, isUp: (pod) => IMAGES[pod] !== undefined });
  const backend = (service: string, pod: string) => ({
    namespace: 'shop',
    service,
    port: '80',
    endpoints: [{ ip: '127.16.0.2', port: 8080, pod }],
  });
  const route = (weight: number): Route => ({
    host: 'shop.localhost',
    path: '/',
    pathType: 'Prefix',
    namespace: 'shop',
    ingress: 'shop',
    backend: backend('stable', 'shop/old'),
    canary: { ingress: 'c', backend: backend('canary', 'shop/new'), weight, weightTotal: 100 },
  });
  const target = (pod: string) => ({
    id: pod,
    url: '',
    intervalMs: 15_000,
    timeoutMs: 1000,
    honorLabels: false,
    labels: { namespace: 'shop', pod, job: 'web', instance: pod, rollouts_pod_template_hash: pod },
  });
  metrics.setScrapes({ targets: [target('old'), target('new')] });
  const pass = (ms: number) => time.runUntil(() => false, { untilMs: time.now() + ms, stepsMax: 10_000 });
  const query = (text: string) => {
    let answer: Answer | undefined;
    metrics.answer(
      { ask: 'query', measurement: text, request: { provider: 'prometheus', address: '', query: text } },
      (given) => {
        answer = given;
      },
    );
    pass(100);
    return answer;
  };
  const value = (text: string) => {
    const answer = query(text);
    return answer?.ok
      ? Number((answer.value as { result: { value: [number, string] }[] }).result[0]?.value[1])
      : undefined;
  };
  return { traffic, metrics, route, pass, query, value };
}

it('gives each version its share of the requests, and users what it answers', () => {
  const { traffic, route, pass } = world();
  traffic.setTraffic({ routes: [route(25)] });
  pass(100_000);
  traffic.account();
  expect(traffic.exposure.get('web:1')).toEqual({ requests: 3000, failed: 0 });
  expect(traffic.exposure.get('web:2')?.requests).toBe(1000);
  expect(traffic.exposure.get('web:2')?.failed).toBeCloseTo(200, 6);
});

it('lets the team’s own queries see error rate, latency and rate under the real names', () => {
  const { traffic, route, pass, value } = world();
  traffic.setTraffic({ routes: [route(50)] });
  pass(600_000);
  const canary = 'rollouts_pod_template_hash="new"';
  expect(value(`sum(rate(http_requests_total{${canary}}[5m]))`)).toBeCloseTo(20, 1);
  expect(
    value(
      `sum(rate(http_requests_total{${canary},status=~"5.."}[5m])) / sum(rate(http_requests_total{${canary}}[5m]))`,
    ),
  ).toBeCloseTo(0.2, 2);
  const p95 = value(
    `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{${canary}}[5m])))`,
  );
  expect(p95).toBeGreaterThan(0.3);
  expect(p95).toBeLessThan(0.5);
});

it('answers nothing while Prometheus is down', () => {
  const { metrics, query } = world();
  metrics.down = true;
  expect(query('up')).toMatchObject({ ok: false });
});

it('shows the middle of a distribution, not a tail, when a pod has answered only a few requests', () => {
  const samples = applicationSamples({
    ok: 1.9,
    failed: 0.9,
    behaviour: HEALTHY,
    parts: [{ behaviour: HEALTHY, ok: 1.9, failed: 0.9 }],
    startedMs: 0,
    cpuSeconds: 0,
    memoryBytes: 0,
  });
  const bucket = (le: string) =>
    samples.find(
      ({ seriesText }) => seriesText.startsWith('http_request_duration') && seriesText.includes(`le="${le}"`),
    );
  expect([bucket('0.01')?.value, bucket('0.025')?.value, bucket('+Inf')?.value]).toEqual([0, 1, 1]);
  // The first error is not there until it is whole.
  expect(samples.some(({ seriesText }) => seriesText.includes('status="500"'))).toBe(false);
});

it('takes in those of the cluster’s own series that somebody may ask for', () => {
  const { metrics, pass, value } = world();
  let asked = 0;
  const families = () => {
    asked++;
    return ['kube_a', 'kube_b'].map((name) => ({
      name,
      help: '',
      type: 'gauge' as const,
      samples: [{ labels: { pod: 'x' }, value: 3 }],
    }));
  };
  metrics.startExporters([
    { job: 'ksm', instance: 'i', families, version: () => 1, wanted: () => new Set(['kube_a']) },
  ]);
  pass(120_000);
  expect([value('kube_a{job="ksm",pod="x"}'), value('kube_b'), value('count_over_time(kube_a[2m])'), asked]).toEqual([
    3,
    Number.NaN,
    4,
    1,
  ]);
});
