import { expect, it } from 'vitest';
import type { Manifest } from '#kube/object.ts';
import { ARGO_ROLLOUTS, NotificationWorld } from './testing/world.ts';

const CONFIG = {
  'service.slack': 'token: $slack-token\n',
  'trigger.on-rollout-completed': '- send: [completed]\n',
  'trigger.on-rollout-aborted':
    '- when: rollout.spec.replicas > 2\n  send: [aborted]\n- when: rollout.spec.replicas < 0\n  send: [aborted]\n',
  'trigger.on-analysis-run-failed': '- send: [analysis]\n',
  'template.completed':
    'message: "{{.rollout.metadata.name}} done{{ with .analysisRuns }}, {{ len . }} runs{{ end }}"\n',
  'template.aborted': 'message: "{{.rollout.metadata.name}} aborted, told {{.recipient}}"\n',
  'template.analysis': 'message: "{{(index .analysisRuns 0).metadata.name}} failed"\n',
};

function worldWithRollout(annotations: Record<string, string>, withSettings = true): NotificationWorld {
  const world = new NotificationWorld();
  if (withSettings) world.configure(CONFIG, { 'slack-token': 'xoxb' }, ARGO_ROLLOUTS);
  const metadata = { namespace: 'shop', name: 'backend' };
  world.create({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { ...metadata, annotations: { 'rollout.argoproj.io/revision': '2', ...annotations } },
    spec: { replicas: 3 },
  });
  const target = { kind: 'Rollout.argoproj.io', ...metadata };
  world.engine.resources.patch(
    target,
    { type: 'merge', patch: { status: { currentPodHash: 'abc' } } },
    { subresource: 'status' },
  );
  return world;
}

function emit(world: NotificationWorld, reason: string, count = 1): void {
  const uid = world.engine.store.get('Rollout.argoproj.io', 'shop', 'backend')?.metadata.uid;
  const name = `backend.${reason.toLowerCase()}`;
  const lastTimestamp = new Date(world.time.now()).toISOString();
  if (count > 1) {
    const patch = { count, lastTimestamp };
    world.engine.resources.patch({ kind: 'Event', namespace: 'shop', name }, { type: 'merge', patch });
    return;
  }
  const involvedObject = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    namespace: 'shop',
    name: 'backend',
    uid,
  };
  world.create({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace: 'shop', name },
    involvedObject,
    reason,
    type: 'Normal',
    count,
    firstTimestamp: lastTimestamp,
    lastTimestamp,
  } as unknown as Manifest);
}

const texts = (world: NotificationWorld) => world.sent.deliveries.map(({ delivery }) => delivery.message.message);

it('each occurrence of an event is told to those who subscribed to it, and no other event is', () => {
  const world = worldWithRollout({ 'notifications.argoproj.io/subscribe.on-rollout-completed.slack': 'ops;dev' });
  emit(world, 'RolloutCompleted');
  emit(world, 'RolloutPaused');
  world.run();
  expect(texts(world)).toEqual(['backend done', 'backend done']);
  world.run(600_000);
  expect(texts(world)).toHaveLength(2);
  emit(world, 'RolloutCompleted', 3);
  world.run();
  expect(texts(world)).toHaveLength(6);
});

it('conditions decide where there are some', () => {
  const world = worldWithRollout({ 'notifications.argoproj.io/subscribe.on-rollout-aborted.slack': 'ops' });
  emit(world, 'RolloutAborted');
  world.run();
  expect(texts(world)).toEqual(['backend aborted, told ops']);
});

it('analysis runs of the current revision are at hand, newest first', () => {
  const world = worldWithRollout({ 'notifications.argoproj.io/subscribe.on-analysis-run-failed.slack': 'ops' });
  const { metadata } = world.engine.store.get('Rollout.argoproj.io', 'shop', 'backend')!;
  const owner = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    name: 'backend',
    uid: metadata.uid,
    controller: true,
  };
  for (const [name, revision] of [
    ['old', '1'],
    ['first', '2'],
    ['second', '2'],
  ] as const) {
    world.create({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      metadata: {
        namespace: 'shop',
        name,
        labels: { 'rollouts-pod-template-hash': 'abc' },
        annotations: { 'rollout.argoproj.io/revision': revision },
        ownerReferences: [owner],
      },
      spec: { metrics: [] },
    });
    world.run(2000);
  }
  emit(world, 'AnalysisRunFailed');
  world.run();
  expect(texts(world)).toEqual(['second failed']);
});

it('what happened before notifications were configured is not told; an unconfigured trigger is nobody’s mistake', () => {
  const world = worldWithRollout(
    {
      'notifications.argoproj.io/subscribe.on-rollout-completed.slack': 'ops',
      'notifications.argoproj.io/subscribe.on-rollout-paused.slack': 'ops',
    },
    false,
  );
  emit(world, 'RolloutCompleted');
  world.run(5000);
  world.configure(CONFIG, { 'slack-token': 'xoxb' }, ARGO_ROLLOUTS);
  world.run(5000);
  expect(texts(world)).toEqual([]);
  emit(world, 'RolloutPaused');
  emit(world, 'RolloutCompleted', 4);
  world.run();
  expect(texts(world)).toEqual(['backend done']);
});

it('a failed delivery is an event about the Rollout, which tells nobody in turn', () => {
  const world = worldWithRollout({
    'notifications.argoproj.io/subscribe.on-rollout-completed.slack': 'ops',
    'notifications.argoproj.io/subscribe.on-notification-failed.slack': 'ops',
  });
  world.sent.setOutage('slack', 'down');
  emit(world, 'RolloutCompleted');
  world.run(600_000);
  expect(world.sent.deliveries).toHaveLength(1);
  expect(
    world.engine.store.list('Event', 'shop').filter(({ reason }) => reason === 'NotificationFailed'),
  ).toMatchObject([{ message: 'failed to deliver notification on-rollout-completed to slack:ops: down' }]);
});
