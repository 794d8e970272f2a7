import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HEALTHY } from '#edges/sim/traffic/behaviour.ts';
import { ROLLOUT_SETTINGS } from '../stages/notification/settings.ts';
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
  const configMap = (namespace: string, name: string, data: Record<string, string>) =>
    resources.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data });
  configMap('argocd', 'argocd-notifications-cm', {
    'service.webhook.ci': 'url: https://ci.example.com\n',
    subscriptions: '- recipients: ["ci:"]\n  triggers: [on-degraded]\n',
    'trigger.on-degraded': "- when: app.status.health.status == 'Degraded'\n  send: [degraded]\n",
    'template.degraded': 'message: "{{.app.metadata.name}} degraded"\n',
  });
  configMap(ROLLOUT_SETTINGS.namespace, ROLLOUT_SETTINGS.configMap, {
    'service.webhook.ci': 'url: https://ci.example.com\n',
    subscriptions: '- recipients: ["ci:"]\n  triggers: [on-rollout-aborted, on-analysis-run-failed]\n',
    'trigger.on-rollout-aborted': '- send: [event]\n',
    'trigger.on-analysis-run-failed': '- send: [event]\n',
    'template.event':
      'message: "{{.rollout.metadata.namespace}}/{{.rollout.metadata.name}}: {{.rollout.status.phase}}"\n',
  });
  tree.install();
  const before = tree.simulation.notifications.deliveries.length;
  tree.release('development', '1.1.0');
  const told = () => tree.simulation.notifications.deliveries.slice(before);
  const isTold = () => told().some(({ delivery }) => delivery.message.message === 'pern-app-development degraded');
  expect(tree.simulation.run(isTold, HOUR_MS)).toBe(true);
  tree.simulation.run(() => false, 60_000);
  const lines = told().map(({ delivery }) => delivery.message.message);
  expect(lines.filter((line) => line === 'pern-app-development degraded')).toHaveLength(1);
  expect(lines.filter((line) => line?.startsWith('pern-app-development/backend:')).length).toBeGreaterThanOrEqual(2);
  expect(told().every(({ atMs }, index, all) => index === 0 || atMs >= (all[index - 1]?.atMs ?? 0))).toBe(true);
  // What was told is written down, and a restart tells nobody again.
  const count = tree.simulation.notifications.deliveries.length;
  expect(store.list('Notification.pern-gitops.dev').length).toBeGreaterThan(0);
  tree.simulation.restartEngine();
  tree.simulation.run(() => false, 300_000);
  expect(tree.simulation.notifications.deliveries).toHaveLength(count);
});
