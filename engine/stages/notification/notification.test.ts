import { expect, it } from 'vitest';
import { NotificationWorld, REPOSITORY, shopApplication } from './testing/world.ts';

const SUBSCRIBE = 'notifications.argoproj.io/subscribe';
const HEALTH_TRIGGER = '- when: app.status.health.status == "Degraded"\n  send: [degraded]\n';
const SYNCED_TRIGGER =
  '- when: app.status.operationState.phase == "Succeeded"\n' +
  '  oncePer: app.status.operationState.syncResult.revision\n  send: [synced]\n';
const CONFIG = {
  'service.slack': 'token: $slack-token\n',
  'service.webhook.ci': 'url: https://ci.example.com/\n',
  'trigger.on-degraded': HEALTH_TRIGGER,
  'trigger.on-synced': SYNCED_TRIGGER,
  'template.degraded': 'message: "{{.app.metadata.name}} is {{.app.status.health.status}} ({{.recipient}})"\n',
  'template.synced':
    'message: synced {{.app.status.operationState.syncResult.revision}}\n' +
    'webhook:\n  ci:\n    method: POST\n    path: "/status/{{.app.metadata.name}}"\n    body: "{\\"ok\\":true}"\n',
};
const SECRET = { 'slack-token': 'xoxb-very-secret' };

function operation(world: NotificationWorld, revision: string): Record<string, unknown> {
  const finishedAt = new Date(world.time.now()).toISOString();
  return { operationState: { phase: 'Succeeded', finishedAt, syncResult: { revision } } };
}

it('tells once while the condition holds, and again after it has not held (N02)', () => {
  const world = new NotificationWorld();
  world.configure(CONFIG, SECRET);
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops;dev' }));
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  const texts = () => world.sent.deliveries.map(({ delivery }) => delivery.message.message);
  expect(texts()).toEqual(['shop is Degraded (ops)', 'shop is Degraded (dev)']);
  expect(Object.keys(world.notified())).toEqual([
    expect.stringMatching(/^on-degraded:\[0\]\.[\w-]{27}:slack:dev$/),
    expect.stringMatching(/^on-degraded:\[0\]\.[\w-]{27}:slack:ops$/),
  ]);
  world.setStatus({ health: { status: 'Degraded', message: 'still' } });
  world.run(300_000);
  expect(texts()).toHaveLength(2);
  world.setStatus({ health: { status: 'Healthy' } });
  world.run();
  expect(world.notified()).toEqual({});
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  expect(texts()).toHaveLength(4);
  expect(world.notifications().map(({ status }) => status?.phase)).toEqual(['Sent', 'Sent', 'Sent', 'Sent']);
});

it('tells once per value of oncePer, however often the condition comes and goes (N03)', () => {
  const world = new NotificationWorld();
  world.configure(CONFIG, SECRET);
  world.create(shopApplication({ [`${SUBSCRIBE}.on-synced.ci`]: '' }));
  for (const revision of ['abc', 'abc', 'def', 'abc']) {
    world.setStatus(operation(world, revision));
    world.run();
    world.setStatus({ operationState: { phase: 'Running' } });
    world.run();
  }
  expect(world.sent.deliveries.map(({ delivery }) => delivery.message.message)).toEqual(['synced abc', 'synced def']);
  expect(Object.keys(world.notified()).map((key) => key.split(':')[0])).toEqual(['abc', 'def']);
  expect(world.sent.deliveries[0]?.delivery.message.webhook).toEqual({
    ci: { method: 'POST', path: '/status/shop', body: '{"ok":true}' },
  });
});

it('waits for the refresh that follows an operation (N07)', () => {
  const world = new NotificationWorld();
  world.configure(CONFIG, SECRET);
  world.create(shopApplication({ [`${SUBSCRIBE}.on-synced.ci`]: '' }));
  world.setStatus({ ...operation(world, 'abc'), reconciledAt: '2026-01-05T08:00:00Z' });
  world.run(120_000);
  expect(world.sent.deliveries).toEqual([]);
  world.setStatus({});
  world.run();
  expect(world.sent.deliveries).toHaveLength(1);
});

it('an undefined variable does not trigger (N04); an unknown trigger is said on the Application', () => {
  const world = new NotificationWorld();
  world.configure({ ...CONFIG, 'trigger.on-nothing': '- when: nobody.knows.this == 1\n  send: [degraded]\n' }, SECRET);
  world.create(shopApplication({ [`${SUBSCRIBE}.on-nothing.slack`]: 'ops', [`${SUBSCRIBE}.on-typo.slack`]: 'ops' }));
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  expect(world.notifications()).toEqual([]);
  expect(world.conditions()).toMatchObject([
    { type: 'NotificationDeliveryWarning', message: "trigger 'on-typo' is not configured" },
  ]);
});

it('a failure is shown on the Application and as an event, is tried again, and is cleared by success', () => {
  const world = new NotificationWorld();
  world.configure(CONFIG, SECRET);
  world.sent.setOutage('slack', 'Slack refused chat.postMessage: channel_not_found');
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops' }));
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  const message =
    'failed to deliver notification on-degraded to slack:ops: Slack refused chat.postMessage: channel_not_found';
  expect(world.conditions()).toMatchObject([{ type: 'NotificationDeliveryWarning', message }]);
  expect(world.notified()).toEqual({});
  expect(world.engine.store.list('Event', 'argocd')).toMatchObject([
    { type: 'Warning', reason: 'NotificationFailed', message, involvedObject: { kind: 'Application', name: 'shop' } },
  ]);
  world.run(61_000);
  expect(world.sent.deliveries).toHaveLength(2);
  world.sent.setOutage('slack', undefined);
  world.run(121_000);
  expect(world.sent.deliveries.map(({ failure }) => failure === undefined)).toEqual([false, false, true]);
  expect(world.notifications()).toMatchObject([{ spec: { attempt: 3 }, status: { phase: 'Sent', attempt: 3 } }]);
  expect(world.conditions()).toEqual([]);
  expect(Object.keys(world.notified())).toHaveLength(1);
});

it('a failed message is not tried again once its condition no longer holds, and stays visible', () => {
  const world = new NotificationWorld();
  world.configure(CONFIG, SECRET);
  world.sent.setOutage('slack', 'down');
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops' }));
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  world.setStatus({ health: { status: 'Healthy' } });
  world.run(600_000);
  expect(world.sent.deliveries).toHaveLength(1);
  expect(world.conditions()).toHaveLength(1);
});

it('without a service or its token a message is kept in the inbox', () => {
  const world = new NotificationWorld();
  world.configure(CONFIG);
  world.create(
    shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops', [`${SUBSCRIBE}.on-degraded.teams`]: 'team' }),
  );
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  expect(world.sent.deliveries).toEqual([]);
  const found = world.notifications().map(({ spec, status }) => [spec.service, status?.phase, status?.reason]);
  expect(found.sort()).toEqual([
    ['slack', 'Inbox', 'service slack refers to $slack-token, which Secret argocd-notifications-secret does not have'],
    ['teams', 'Inbox', 'service teams is not configured: ConfigMap argocd-notifications-cm has no key service.teams'],
  ]);
  expect(world.conditions()).toEqual([]);
});

it('a type of service that is not reproduced is refused by name', () => {
  const world = new NotificationWorld();
  world.configure({ ...CONFIG, 'service.email': 'host: mail.example.com\n' });
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.email`]: 'a@example.com' }));
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  expect(world.notifications()[0]?.status).toMatchObject({
    phase: 'Failed',
    reason: "services of type 'email' are not reproduced; use slack, webhook, or a webhook of that service",
  });
});

it('a ConfigMap that cannot be read stops all, says where, and goes on when it is mended', () => {
  const world = new NotificationWorld();
  world.configure({ ...CONFIG, 'template.bad': 'message: "x"\nslack: [' }, SECRET);
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops' }));
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  expect(world.conditions()[0]?.message).toMatch(
    /^ConfigMap argocd-notifications-cm: data\["template.bad"\]:2: Flow sequence/,
  );
  expect(world.notifications()).toEqual([]);
  const target = { kind: 'ConfigMap', namespace: 'argocd', name: 'argocd-notifications-cm' };
  world.engine.resources.patch(target, { type: 'merge', patch: { data: { 'template.bad': null } } });
  world.run();
  expect(world.conditions()).toEqual([]);
  expect(world.sent.deliveries).toHaveLength(1);
});

it('a template that fails names its field, and is tried again when the template is mended', () => {
  const world = new NotificationWorld();
  world.configure({ ...CONFIG, 'template.degraded': 'message: "{{.app.metadata.name | nonsense}}"\n' }, SECRET);
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops' }));
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  expect(world.notifications()[0]?.status?.reason).toMatch(/^template degraded\.message: .*nonsense/);
  const target = { kind: 'ConfigMap', namespace: 'argocd', name: 'argocd-notifications-cm' };
  world.engine.resources.patch(target, {
    type: 'merge',
    patch: { data: { 'template.degraded': CONFIG['template.degraded'] } },
  });
  world.run(61_000);
  expect(world.sent.deliveries.map(({ delivery }) => delivery.message.message)).toEqual(['shop is Degraded (ops)']);
});

it('subscriptions of the project and of the ConfigMap count, without duplicates', () => {
  const world = new NotificationWorld();
  world.configure(
    {
      ...CONFIG,
      subscriptions: '- recipients: [slack:ops, slack:all]\n  triggers: [on-degraded]\n  selector: tier=gold\n',
    },
    SECRET,
  );
  world.create({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { namespace: 'argocd', name: 'default', annotations: { [`${SUBSCRIBE}.on-degraded.slack`]: 'project' } },
    spec: {},
  });
  const gold = shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops' });
  world.create({ ...gold, metadata: { ...gold.metadata, labels: { tier: 'gold' } } });
  world.create(shopApplication({}, 'plain'));
  for (const name of ['shop', 'plain']) world.setStatus({ health: { status: 'Degraded' } }, name);
  world.run();
  const told = world.sent.deliveries.map(({ delivery }) => `${delivery.recipient} ${delivery.message.message}`);
  expect(told.sort()).toEqual([
    'all shop is Degraded (all)',
    'ops shop is Degraded (ops)',
    'project plain is Degraded (project)',
    'project shop is Degraded (project)',
  ]);
});

it('templates reach commits through the repository, and wait for the answer', () => {
  const world = new NotificationWorld();
  const sha = world.git.commit(REPOSITORY, { a: '1' }, 'Add the cart', { author: 'Ada <ada@example.com>' });
  world.git.moveRef(REPOSITORY, 'v1.2.0', sha);
  world.configure({
    'service.webhook.ci': 'url: https://ci.example.com/\n',
    'trigger.on-degraded': HEALTH_TRIGGER,
    'template.degraded':
      'message: |\n  {{ $commit := call .repo.GetCommitMetadata .app.status.sync.revision }}{{ $commit.Author }}: {{ $commit.Message }}' +
      ' {{ $commit.Tags }} at {{ $commit.Date.Format "2006-01-02 15:04" }} of {{ call .repo.FullNameByRepoURL .app.spec.source.repoURL }}\n',
  });
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.ci`]: '' }));
  world.setStatus({ health: { status: 'Degraded' }, sync: { revision: sha } });
  world.run();
  expect(world.sent.deliveries[0]?.delivery.message.message).toBe(
    'Ada <ada@example.com>: Add the cart [v1.2.0] at 2026-01-05 09:00 of team/shop\n',
  );
});

it('values of secrets appear in no object; places say where they belong', () => {
  const world = new NotificationWorld();
  world.configure(
    {
      ...CONFIG,
      'template.degraded':
        'message: "key={{.secrets.key}} name={{.app.metadata.name}} {{ .secrets.key | toString }}"\n',
    },
    { ...SECRET, key: 'hunter2' },
  );
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops' }));
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  const [record] = world.notifications();
  expect(record?.spec.message.message).toBe('key=$key name=shop $key');
  expect(record?.spec.secretPlaces).toEqual([
    { path: ['message'], at: 4, key: 'key' },
    { path: ['message'], at: 19, key: 'key' },
  ]);
  expect(JSON.stringify([...world.engine.store.all()].filter(({ kind }) => kind !== 'Secret'))).not.toMatch(
    /hunter2|xoxb/,
  );
});

it('computing with the value of a secret is refused', () => {
  const world = new NotificationWorld();
  world.configure(
    { ...CONFIG, 'template.degraded': 'message: "{{ .secrets.key | b64enc }}"\n' },
    { ...SECRET, key: 'hunter2' },
  );
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops' }));
  world.setStatus({ health: { status: 'Degraded' } });
  world.run();
  expect(world.notifications()[0]?.status?.reason).toMatch(/not reproduced: the value of a secret/);
});

it('a message of the same grouping key continues the conversation', () => {
  const world = new NotificationWorld();
  world.configure(
    { ...CONFIG, 'template.degraded': 'message: hello\nslack:\n  groupingKey: "{{.app.metadata.name}}"\n' },
    SECRET,
  );
  world.create(shopApplication({ [`${SUBSCRIBE}.on-degraded.slack`]: 'ops' }));
  for (const status of ['Degraded', 'Healthy', 'Degraded']) {
    world.setStatus({ health: { status } });
    world.run();
  }
  expect(world.sent.deliveries.map(({ delivery }) => delivery.thread)).toEqual([
    undefined,
    { channel: 'ops', timestamp: '1.000' },
  ]);
});

it('triggers that read the clock are looked at again every minute', () => {
  const world = new NotificationWorld();
  world.configure(
    {
      ...CONFIG,
      'trigger.on-long':
        '- when: time.Now().Sub(time.Parse(app.status.operationState.startedAt)).Minutes() >= 5\n  send: [degraded]\n',
    },
    SECRET,
  );
  world.create(shopApplication({ [`${SUBSCRIBE}.on-long.slack`]: 'ops' }));
  world.setStatus({
    health: { status: 'Progressing' },
    operationState: { phase: 'Running', startedAt: '2026-01-05T09:00:00Z' },
  });
  world.run(240_000);
  expect(world.sent.deliveries).toEqual([]);
  world.run(120_000);
  expect(world.sent.deliveries).toHaveLength(1);
});

it('a record that names another Secret is not sent', () => {
  const world = new NotificationWorld();
  world.configure(CONFIG, SECRET);
  const about = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'argocd', name: 'argocd-notifications-cm', uid: 'x' };
  const named = { configMap: 'argocd-notifications-cm', secret: 'argocd-secret' };
  const spec = {
    about,
    key: 'k',
    trigger: 't',
    service: 'ci',
    recipient: '',
    templates: [],
    attempt: 1,
    message: {},
    ...named,
  };
  const metadata = { namespace: 'argocd', name: 'crafted' };
  world.create({ apiVersion: 'pern-gitops.dev/v1alpha1', kind: 'Notification', metadata, spec });
  world.run();
  expect(world.sent.deliveries).toEqual([]);
  expect(world.notifications()[0]?.status).toMatchObject({
    phase: 'Failed',
    reason: expect.stringContaining('argocd-secret'),
  });
});
