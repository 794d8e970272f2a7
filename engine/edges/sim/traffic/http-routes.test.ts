import { expect, it } from 'vitest';
import type { Backend, Route } from '#machine/traffic.ts';
import { SimulatedTraffic } from './simulated-traffic.ts';

it('modelled users are spread over the back ends of an HTTPRoute by weight; rules they do not meet are passed over', () => {
  let nowMs = 0;
  const traffic = new SimulatedTraffic({
    clock: { now: () => nowMs },
    profiles: [{ host: 'web.localhost', path: '/', requestsPerSecond: () => 10 }],
    imageOf: (pod) => pod,
    behaviourOf: () => undefined,
  });
  const backend = (service: string): Backend => ({
    namespace: 'shop',
    service,
    port: '80',
    endpoints: [{ ip: '127.16.0.1', port: 8080, pod: service }],
  });
  const base = { host: '*', path: '/', pathType: 'Prefix', namespace: 'shop', ingress: 'web' } as const;
  const route = (stable: number, canary: number): Route => ({
    ...base,
    backend: backend('stable'),
    split: [
      { backend: backend('stable'), weight: stable },
      { backend: backend('canary'), weight: canary },
    ],
  });
  const headers = [{ name: 'x-canary', value: 'yes', isPattern: false }];
  const byHeader: Route = {
    ...base,
    backend: backend('canary'),
    split: [{ backend: backend('canary'), weight: 1 }],
    conditions: { headers, query: [] },
  };
  const shown = () => ['stable', 'canary'].map((pod) => traffic.exposure.get(pod)?.requests ?? 0);
  traffic.setTraffic({ routes: [byHeader, route(80, 20)] });
  nowMs = 10_000;
  traffic.setTraffic({ routes: [route(0, 0)] });
  expect(shown()).toEqual([80, 20]);
  nowMs = 20_000;
  traffic.account();
  expect([...shown(), traffic.unanswered]).toEqual([80, 20, 100]);
});
