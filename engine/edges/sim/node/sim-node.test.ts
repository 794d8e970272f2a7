import { expect, it } from 'vitest';
import type { Controller } from '#control/controller.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import { volatileJournal } from '#store/journal.ts';
import { Engine } from '../../../host/engine.ts';
import { kubeletController, sandboxCleanupController } from '../../../workloads/kubelet/controller.ts';
import { VirtualTime } from '../virtual-time.ts';
import type { BehaviourTable } from './behaviour.ts';
import { SimNode } from './sim-node.ts';

const START_MS = Date.parse('2026-03-02T08:00:00Z');

function startWorld(behaviours?: BehaviourTable) {
  const time = new VirtualTime(START_MS);
  const node = new SimNode({ scheduler: time, entropy: seededEntropy(7), behaviours });
  const nothing = () => {};
  const engine = new Engine({
    scheduler: time,
    ids: entropyIds(seededEntropy(1)),
    entropy: seededEntropy(2),
    journal: volatileJournal,
    admission: { admit: (object) => object },
    machine: {
      node,
      traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
      metrics: { setScrapes: nothing, answer: () => nothing },
      source: { answer: () => nothing },
    },
    controllers: [kubeletController({ podNetwork: '127.20' }), sandboxCleanupController] as Controller<never>[],
  });
  engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  engine.start();
  const create = (spec: Record<string, unknown>, container: Record<string, unknown> = {}) =>
    engine.resources.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'shop' },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'app:1', ...container }], ...spec },
    });
  const run = (forMs: number) => {
    const outcome = time.runUntil(() => false, { untilMs: time.now() + forMs, stepsMax: 5000 });
    expect(outcome, 'no livelock').not.toBe('steps');
  };
  const pod = () => engine.store.get('Pod', 'shop', 'p');
  const events = () => engine.store.list('Event', 'shop').map(({ reason, message }) => `${reason}: ${message}`);
  return { time, node, engine, create, run, pod, events };
}

const PROBE = { readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 2 } };

it('starts a pod, finds it ready after its start-up, and then costs no events for hours', () => {
  const { create, run, pod, time } = startWorld();
  create({}, PROBE);
  run(10_000);
  expect(pod()?.status?.phase).toBe('Running');
  expect(pod()?.status?.containerStatuses?.[0]?.ready).toBe(true);
  const steps = time.steps;
  run(6 * 3_600_000);
  expect(time.steps).toBe(steps);
});

it('an outage drops readiness after failureThreshold periods and success brings it back', () => {
  const { create, run, pod } = startWorld(() => ({
    startupMs: 0,
    outages: [{ fromMs: 60_000, untilMs: 90_000, probes: ['readiness'] }],
  }));
  create({}, PROBE);
  run(60_000);
  expect(pod()?.status?.containerStatuses?.[0]?.ready).toBe(true);
  run(10_000);
  expect(pod()?.status?.containerStatuses?.[0]?.ready).toBe(false);
  run(30_000);
  expect(pod()?.status?.containerStatuses?.[0]?.ready).toBe(true);
});

it('a crashing program goes through CrashLoopBackOff with 10 s doubling to 300 s', () => {
  const { create, run, pod, events, time } = startWorld(() => ({ exitAfterMs: 1000, exitCode: 3 }));
  const restarts: number[] = [];
  create({});
  for (let second = 0; second < 1500; second++) {
    run(1000);
    const count = pod()?.status?.containerStatuses?.[0]?.restartCount ?? 0;
    if (count > restarts.length) restarts.push(Math.round((time.now() - START_MS) / 1000));
  }
  const gaps = restarts.slice(1).map((at, index) => at - (restarts[index] as number));
  for (const [index, waitSeconds] of [10, 20, 40, 80, 160, 300, 300].entries()) {
    expect(gaps[index]).toBeGreaterThanOrEqual(waitSeconds);
    expect(gaps[index]).toBeLessThanOrEqual(waitSeconds + 4);
  }
  expect(pod()?.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(3);
  expect(events().some((text) => text.startsWith('BackOff: Back-off restarting failed container c'))).toBe(true);
});

it('a failing liveness probe restarts the container', () => {
  const { create, run, pod, events } = startWorld((_image, start) => ({
    startupMs: 0,
    outages: start?.attempt === 0 ? [{ fromMs: 30_000, untilMs: 900_000, probes: ['liveness'] }] : [],
  }));
  create({ terminationGracePeriodSeconds: 5 }, { livenessProbe: { tcpSocket: { port: 1 }, periodSeconds: 5 } });
  run(90_000);
  expect(pod()?.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
  expect(events()).toContain('Killing: Container c failed liveness probe, will be restarted');
});

it('a task succeeds, and its sandbox is given back', () => {
  const { create, run, pod, node } = startWorld();
  create({ restartPolicy: 'Never' });
  run(20_000);
  expect(pod()?.status?.phase).toBe('Succeeded');
  expect(node.sandboxes()).toEqual([]);
});

it('an unknown image waits in ImagePullBackOff', () => {
  const { create, run, pod } = startWorld(() => ({ exists: false }));
  create({});
  run(20_000);
  expect(pod()?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ImagePullBackOff');
});

it('a deleted pod stops in its own time, and one that does not stop is killed at the end of the grace period', () => {
  for (const [stopMs, exitCode] of [
    [4000, 0],
    [60_000, 137],
  ] as const) {
    const { create, run, pod, engine, node, time } = startWorld(() => ({ shutdownMs: stopMs }));
    create({ terminationGracePeriodSeconds: 10 });
    run(10_000);
    const deletedAtMs = time.now();
    const ends: { code: number | undefined; afterMs: number }[] = [];
    node.onChange((uid) => {
      const state = node.sandbox(uid)?.containers.c;
      if (state?.phase === 'exited') ends.push({ code: state.exitCode, afterMs: time.now() - deletedAtMs });
    });
    engine.resources.delete({ kind: 'Pod', namespace: 'shop', name: 'p' });
    run(30_000);
    expect(ends).toEqual([{ code: exitCode, afterMs: Math.min(stopMs, 10_000) }]);
    expect(pod()).toBeUndefined();
    expect(node.sandboxes()).toEqual([]);
  }
});

it('a pod deleted by force is cleaned up on the machine', () => {
  const { create, run, engine, node } = startWorld();
  create({});
  run(10_000);
  engine.resources.delete({ kind: 'Pod', namespace: 'shop', name: 'p' }, { gracePeriodSeconds: 0 });
  run(1000);
  expect(node.sandboxes()).toEqual([]);
});
