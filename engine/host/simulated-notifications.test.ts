import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HEALTHY } from '#edges/sim/traffic/behaviour.ts';
import { imageOf, SimulatedTree } from './simulated-tree.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const HOUR_MS = 3_600_000;
const BAD = imageOf('backend', '1.1.0');
/** Ends a test that hangs; nothing is judged by it. */
const TIMEOUT_MS = 120_000;

it('a bad release in the simulated host tells whom it should, in order, at virtual times', {
  timeout: TIMEOUT_MS,
}, () => {
  const tree = new SimulatedTree(REPOSITORY, { images: { [BAD]: { service: { ...HEALTHY, errorRate: 0.2 } } } });
  const { resources, store } = tree.simulation.engine;
  // What a person puts into the cluster by hand; services and texts are the tree's own (pern-gitops/projects/notifications.yaml).
  const secret = (namespace: string, name: string) => {
    const data = { 'slack-token': 'xoxb-1', 'releases-url': 'https://ci.example.com' };
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    resources.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name },
      data: Object.fromEntries(encoded),
    });
  };
  secret('argocd', 'argocd-notifications-secret');
  secret('argo-rollouts', 'argo-rollouts-notification-secret');
  tree.install();
  const before = tree.simulation.notifications.deliveries.length;
  tree.release('development', '1.1.0');
  const told = () => tree.simulation.notifications.deliveries.slice(before);
  const DEGRADED = 'pern-app-development is degraded. Which part: pern app get pern-app-development\n';
  const of = (service: string) => told().filter(({ delivery }) => delivery.service.name === service);
  const isTold = () => told().some(({ delivery }) => delivery.message.message === DEGRADED);
  expect(tree.simulation.run(isTold, HOUR_MS)).toBe(true);
  tree.simulation.run(() => false, 60_000);
  const aborted = /^pern-app-development\/backend was rolled back: RolloutAborted: .*"success-rate" assessed Failed/;
  const lines = of('slack').map(({ delivery }) => delivery.message.message ?? '');
  expect(lines.filter((line) => line === DEGRADED)).toHaveLength(1);
  expect(lines.filter((line) => aborted.test(line))).toHaveLength(1);
  expect(lines.filter((line) => line.startsWith('pern-app-development was handed '))).toHaveLength(1);
  const events = of('releases').map(
    ({ delivery }) => JSON.parse(delivery.message.webhook?.releases?.body ?? '{}').event,
  );
  expect(events.sort()).toEqual(['health-degraded', 'rollout-aborted', 'sync-succeeded']);
  expect(told().every(({ atMs }, index, all) => index === 0 || atMs >= (all[index - 1]?.atMs ?? 0))).toBe(true);
  // What was told is written down, and a restart tells nobody again.
  const count = tree.simulation.notifications.deliveries.length;
  expect(store.list('Notification.pern-gitops.dev').length).toBeGreaterThan(0);
  tree.simulation.restartEngine();
  tree.simulation.run(() => false, 300_000);
  expect(tree.simulation.notifications.deliveries).toHaveLength(count);
});
