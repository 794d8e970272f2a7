import { expect, it } from 'vitest';
import { builtInAdmission, chain } from '#api/admission.ts';
import { policyAdmission } from '#api/policies.ts';
import type { StepRecord } from '#control/control-loop.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Machine } from '#edges/ports.ts';
import { VirtualTime } from '#edges/sim/virtual-time.ts';
import { volatileJournal } from '#store/journal.ts';
import { Engine } from '../../host/engine.ts';
import { deploymentController } from '../deployment/controller.ts';
import { jobController } from '../job/controller.ts';
import { resourceQuotaController } from '../resource-quota/controller.ts';
import { statefulSetController } from '../statefulset/controller.ts';
import { replicaSetController } from './controller.ts';

const nothing = () => {};
const MACHINE = {
  node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer: () => nothing },
} as unknown as Machine;

/** The controllers that make pods, in a namespace with these labels and a quota of two pods. */
function world(labels: Record<string, string>, hard: Record<string, string>) {
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  const steps: StepRecord[] = [];
  const engine = new Engine({
    scheduler: time,
    ids: entropyIds(seededEntropy(1)),
    entropy: seededEntropy(2),
    journal: volatileJournal,
    admission: chain(builtInAdmission({ serviceNetwork: '127.30' }), policyAdmission),
    machine: MACHINE,
    controllers: [
      deploymentController,
      replicaSetController,
      statefulSetController,
      jobController,
      resourceQuotaController,
    ] as never,
    onStep: (step) => steps.push(step),
  });
  engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } });
  const create = (apiVersion: string, kind: string, name: string, spec: unknown) =>
    engine.resources.create({ apiVersion, kind, metadata: { name, namespace: 'shop' }, spec });
  create('v1', 'ResourceQuota', 'compute', { hard });
  engine.start();
  const run = (forMs: number) =>
    expect(time.runUntil(() => false, { untilMs: time.now() + forMs, stepsMax: 5000 })).not.toBe('steps');
  const events = (kind: string) =>
    engine.store
      .list('Event', 'shop')
      .filter(({ involvedObject, reason }) => involvedObject.kind === kind && reason === 'FailedCreate')
      .map(({ message }) =>
        message?.replace(/web-[a-z0-9]+-[a-z0-9]+/, 'web-HASH-NAME').replace(/task-\w+/, 'task-NAME'),
      );
  return { engine, create, run, events, steps };
}

const TEMPLATE = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'i' }] } };
const DEPLOYMENT = { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: TEMPLATE };

it('pods beyond the quota are not made; ReplicaSet and Deployment say why; room for them ends it', () => {
  const { engine, create, run, events, steps } = world({}, { pods: '2' });
  create('apps/v1', 'Deployment', 'web', DEPLOYMENT);
  run(60_000);
  expect(engine.store.list('Pod', 'shop')).toHaveLength(2);
  expect(engine.store.get('ResourceQuota', 'shop', 'compute')?.status).toEqual({
    hard: { pods: '2' },
    used: { pods: '2' },
  });
  const refusal = expect.stringMatching(
    /^pods "web-\w+-\w+" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2$/,
  );
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: refusal };
  const [set] = engine.store.list('ReplicaSet.apps', 'shop');
  expect(set?.status).toMatchObject({ replicas: 2, conditions: [failure] });
  expect(engine.store.get('Deployment.apps', 'shop', 'web')?.status?.conditions).toContainEqual(
    expect.objectContaining(failure),
  );
  expect(events('ReplicaSet')[0]).toBe(
    'Error creating: pods "web-HASH-NAME" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2',
  );
  // It is tried again, with pauses: a minute of it is a few dozen steps, not a loop.
  expect(steps.length).toBeLessThan(100);
  const quota = { kind: 'ResourceQuota', namespace: 'shop', name: 'compute' };
  engine.resources.patch(quota, { type: 'merge', patch: { spec: { hard: { pods: '3' } } } });
  run(60_000);
  expect(engine.store.list('Pod', 'shop')).toHaveLength(3);
  expect(engine.store.list('ReplicaSet.apps', 'shop')[0]?.status?.conditions).toBeUndefined();
  const conditions = engine.store.get('Deployment.apps', 'shop', 'web')?.status?.conditions ?? [];
  expect(conditions.map(({ type }) => type)).not.toContain('ReplicaFailure');
});

it('pods that violate Pod Security are refused for StatefulSets and Jobs as well, with an event', () => {
  const { engine, create, run, events } = world({ 'pod-security.kubernetes.io/enforce': 'baseline' }, {});
  const template = {
    ...TEMPLATE,
    spec: { hostNetwork: true, restartPolicy: 'Never', containers: TEMPLATE.spec.containers },
  };
  const { restartPolicy: _only, ...lasting } = template.spec;
  create('apps/v1', 'StatefulSet', 'db', {
    serviceName: 'db',
    selector: { matchLabels: { app: 'web' } },
    template: { ...TEMPLATE, spec: lasting },
  });
  create('batch/v1', 'Job', 'task', { template });
  run(10_000);
  expect(engine.store.list('Pod', 'shop')).toEqual([]);
  const why = 'is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)';
  expect(events('StatefulSet')).toEqual([`create Pod db-0 in StatefulSet db failed error: pods "db-0" ${why}`]);
  expect(events('Job')[0]).toBe(`Error creating: pods "task-NAME" ${why}`);
});
