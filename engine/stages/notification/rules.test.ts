import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { NotificationConfigError, parseNotificationConfig } from './config.ts';
import { parseLabelSelector, selectorMatches } from './label-selector.ts';
import { surplus } from './retention-controller.ts';
import { triggerOfReason } from './rollout-plan.ts';
import { NotifiedState, notifiedKey } from './state.ts';
import { destinationsOf } from './subscriptions.ts';
import { formatMessage, previewOf } from './templates.ts';
import { conditionKey, runTrigger } from './triggers.ts';
import type { Notification } from './types.ts';
import { applicationVariables, fullNameByRepoUrl, queryEscape, repoUrlToHttps } from './variables.ts';

describe('subscriptions by annotation (N05)', () => {
  const config = parseNotificationConfig({
    defaultTriggers: '[on-default]',
    'defaultTriggers.teams': '[on-teams, on-more]',
  });
  const of = (annotations: Record<string, string>) =>
    Object.fromEntries(
      [...destinationsOf(config, {}, [annotations])].map(([trigger, destinations]) => [
        trigger,
        destinations.map(({ service, recipient }) => `${service}:${recipient}`),
      ]),
    );

  it.each<[string, Record<string, string>, Record<string, string[]>]>([
    ['trigger and service', { 'subscribe.my-trigger.slack': 'a; b;;a' }, { 'my-trigger': ['slack:a', 'slack:b'] }],
    ['an empty trigger', { 'subscribe..slack': 'a' }, { 'on-default': ['slack:a'] }],
    ['a service alone', { 'subscribe.slack': 'a' }, { 'on-default': ['slack:a'] }],
    [
      'a service with triggers of its own',
      { 'subscribe.teams': 'a' },
      { 'on-teams': ['teams:a'], 'on-more': ['teams:a'] },
    ],
    ['an empty value', { 'subscribe.on-x.webhook': '' }, { 'on-x': ['webhook:'] }],
    [
      'a list',
      { subscriptions: '- trigger: [t1, t2]\n  destinations:\n  - service: slack\n    recipients: [a, b]\n' },
      { t1: ['slack:a', 'slack:b'], t2: ['slack:a', 'slack:b'] },
    ],
    [
      'a list without triggers',
      { subscriptions: '- destinations:\n  - {service: slack, recipients: [a]}\n' },
      { 'on-default': ['slack:a'] },
    ],
    ['a list without destinations', { subscriptions: '- trigger: [t1]\n' }, {}],
    ['a list that is no YAML', { subscriptions: '[' }, {}],
  ])('%s', (_name, annotations, expected) => {
    const full = Object.entries(annotations).map(([key, value]) => [`notifications.argoproj.io/${key}`, value]);
    expect(of(Object.fromEntries(full) as Record<string, string>)).toEqual(expected);
  });
});

describe('the state annotation', () => {
  const slack = { service: 'slack', recipient: 'my-channel' };
  const result = (oncePer = '') => ({ key: '0', oncePer, triggered: true, send: [] });

  it('remembers, and forgets when the condition no longer holds (N02)', () => {
    const state = new NotifiedState(undefined);
    const key = notifiedKey('app-synced', result(), slack);
    expect(key).toBe('app-synced:0:slack:my-channel');
    expect([state.add(key, 5_000), state.add(key, 9_000)]).toEqual([true, false]);
    expect(state.format()).toBe('{"app-synced:0:slack:my-channel":5}');
    expect(state.reset('app-synced', result(), slack)).toBe(true);
    expect(state.format()).toBeUndefined();
  });

  it('never forgets what was told once per value (N03)', () => {
    const state = new NotifiedState(undefined);
    const key = notifiedKey('app-synced', result('abc'), slack);
    expect(key).toBe('abc:app-synced:0:slack:my-channel');
    state.add(key, 0);
    expect(state.reset('app-synced', result('abc'), slack)).toBe(false);
    expect(state.has(key)).toBe(true);
  });

  it('drops the oldest of 101 entries (N06)', () => {
    const entries = Array.from({ length: 101 }, (_, index) => [`key-${index}`, index === 50 ? 1 : 100 + index]);
    const kept = JSON.parse(new NotifiedState(JSON.stringify(Object.fromEntries(entries))).format()!) as object;
    expect(Object.keys(kept)).toHaveLength(100);
    expect(kept).not.toHaveProperty('key-50');
  });

  it.each(['', 'no json', '[]', '{"a":"b"}', 'null'])('%j counts as empty', (text) => {
    expect(new NotifiedState(text).format()).toBeUndefined();
  });
});

it('a condition is known by its place and the hash of its text', () => {
  // base64url(sha1("")), which Argo Rollouts recognises conditions without `when` by.
  expect(conditionKey(0, '')).toBe('[0].2jmj7l5rSw0yVb_vlWAYkK_YBwk');
});

it('integers of an object are integers, as Go decodes them', () => {
  const config = parseNotificationConfig({
    'template.t': 'message: "{{.app.metadata.generation}} {{.app.ratio}}"\n',
    'trigger.t': '- when: app.metadata.generation % 2 == 0\n  oncePer: app.metadata.generation\n  send: [t]\n',
  });
  const variables = applicationVariables(
    { application: { metadata: { generation: 1_000_000 }, ratio: 0.5 }, project: undefined, context: {} },
    { ask: () => undefined },
    0,
  );
  expect(runTrigger(config, 't', variables.environment)).toMatchObject([{ triggered: true, oncePer: '1000000' }]);
  const destination = { service: 'console', recipient: '' };
  expect(formatMessage(config, ['t'], variables, destination, []).message).toEqual({ message: '1000000 0.5' });
});

it('text that looks like the place of a secret, but is not, stays text', () => {
  const config = parseNotificationConfig({ 'template.t': 'message: "{{.app.note}} {{.secrets.key}}"\n' });
  const application = { note: '\uE000key\uE001 $key' };
  const variables = applicationVariables({ application, project: undefined, context: {} }, { ask: () => undefined }, 0);
  const { message, secretPlaces } = formatMessage(config, ['t'], variables, { service: 's', recipient: '' }, ['key']);
  expect(message.message).toBe('\uFFFDkey\uFFFD $key $key');
  expect(secretPlaces).toEqual([{ path: ['message'], at: 11, key: 'key' }]);
});

it('later templates add to a message and replace its text', () => {
  const config = parseNotificationConfig({
    'service.webhook.ci': 'url: https://x/',
    'template.a': 'message: a\nwebhook: {ci: {body: one}, other: {body: x}}\n',
    'template.b': 'message: ""\nwebhook: {ci: {body: two}}\nemail: {subject: x}\n',
  });
  const variables = applicationVariables(
    { application: {}, project: undefined, context: {} },
    { ask: () => undefined },
    0,
  );
  const destination = { service: 'ci', recipient: '' };
  expect(formatMessage(config, ['a', 'b'], variables, destination, []).message).toEqual({
    message: 'a',
    webhook: { ci: { body: 'two' } },
  });
});

describe('a ConfigMap that cannot be read names the key and the line', () => {
  it.each<[Record<string, string>, string]>([
    [{ 'service.a.b.c': 'x: 1' }, "expected 'service.<type>(.<name>)' but got 'service.a.b.c'"],
    [{ 'template.x': '- 1' }, 'data["template.x"]:1: a template is a map'],
    [{ 'template.x': 'message: [' }, 'data["template.x"]:1'],
    [{ 'trigger.x': 'when: "true"' }, 'data["trigger.x"]:1: a trigger is a list'],
    [{ 'trigger.x': '- when: true' }, '[0].when: text is required; write "true" in quotes'],
    [{ 'trigger.x': '- send: t' }, '[0].send: a list of texts'],
    [{ subscriptions: '- selector: "a in (b"' }, '[0].selector'],
    [{ subscriptions: '{}' }, 'a list is required'],
    [{ defaultTriggers: 'x: 1' }, 'a list of texts'],
    [{ context: '- a' }, 'a map is required'],
    [{ 'template.x': `a: &a [1]\nb: [${'*a,'.repeat(200)}]` }, 'alias'],
  ])('%j', (data, expected) => {
    expect(() => parseNotificationConfig(data)).toThrow(NotificationConfigError);
    expect(() => parseNotificationConfig(data)).toThrow(expected);
  });
});

it.each([
  ['', { a: 'b' }, true],
  ['a=b', { a: 'b' }, true],
  ['a==b,c', { a: 'b' }, false],
  ['a!=b', {}, true],
  ['!a', { a: 'b' }, false],
  ['a in (x, b),c notin (d)', { a: 'b' }, true],
  ['a notin (b)', { a: 'b' }, false],
])('the selector %j on %j is %s', (selector, labels, expected) => {
  expect(selectorMatches(parseLabelSelector(selector), labels as Record<string, string>)).toBe(expected);
});

it.each([
  ['git@github.com:argoproj/argo-cd.git', 'https://github.com/argoproj/argo-cd.git', 'argoproj/argo-cd'],
  ['https://user:pw@gitlab.com/group/sub/name', 'https://gitlab.com/group/sub/name', 'group/sub'],
  ['ssh://git@host.example.com:22/a/b.git', 'https://host.example.com:22/a/b.git', 'a/b'],
])('the repository %s', (url, https, name) => {
  expect([repoUrlToHttps(url), fullNameByRepoUrl(url)]).toEqual([https, name]);
});

it('escapes queries as Go does', () => {
  expect(queryEscape("a b/c&d='é!")).toBe('a+b%2Fc%26d%3D%27%C3%A9%21');
});

it.each([
  ['RolloutCompleted', 'on-rollout-completed'],
  ['ScalingReplicaSet', 'on-scaling-replica-set'],
  ['AnalysisRunFailed', 'on-analysis-run-failed'],
])('the event %s is the trigger %s', (reason, trigger) => {
  expect(triggerOfReason(reason)).toBe(trigger);
});

it('old messages go, the newest of each object and those on their way stay', () => {
  const record = (uid: string, second: number, phase = 'Sent') =>
    ({
      metadata: { name: `${uid}-${second}`, creationTimestamp: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z` },
      spec: { about: { uid }, attempt: 1 },
      status: { phase, attempt: 1 },
    }) as unknown as Notification;
  const records = [
    record('a', 1),
    record('a', 2),
    record('a', 3),
    record('a', 0, 'Pending'),
    record('b', 1),
    record('b', 5),
  ];
  const names = (limits: { perObject: number; total: number }) =>
    surplus(records, limits).map(({ metadata }) => metadata.name);
  expect(names({ perObject: 2, total: 10 })).toEqual(['a-1']);
  expect(names({ perObject: 10, total: 2 })).toEqual(expect.arrayContaining(['a-1', 'a-2', 'b-1']));
});

it('a preview is one line of a hundred characters', () => {
  expect(previewOf({ message: '  first\nsecond' })).toBe('first');
  expect(previewOf({ message: 'x'.repeat(101) })).toBe(`${'x'.repeat(99)}...`);
});

it('the settings of the guide work as the guide says', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/notifications.md'), 'utf8');
  const { data } = parse(/```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? '') as { data: Record<string, string> };
  const config = parseNotificationConfig(data);
  const variables = (status: object) =>
    applicationVariables(
      {
        application: { metadata: { name: 'shop' }, spec: { source: { repoURL: 'x' } }, status },
        project: undefined,
        context: {},
      },
      { ask: () => ({ ok: true, value: { author: 'A', authoredAtMs: 0, message: 'Add it', tags: [] } }) as never },
      0,
    );
  const revision = '0123456789012345678901234567890123456789';
  const operationState = { phase: 'Succeeded', syncResult: { revision } };
  const deployed = variables({ health: { status: 'Healthy' }, sync: { revision }, operationState });
  expect(runTrigger(config, 'on-deployed', deployed.environment)).toMatchObject([
    { triggered: true, oncePer: revision },
  ]);
  const destination = { service: 'slack', recipient: 'deployments' };
  expect(formatMessage(config, ['app-deployed'], deployed, destination, []).message.message).toBe(
    'shop runs 0123456:\nAdd it\n',
  );
  const degraded = variables({ health: { status: 'Degraded', message: 'crash' } });
  expect(runTrigger(config, 'on-degraded', degraded.environment)).toMatchObject([{ triggered: true }]);
  expect(formatMessage(config, ['app-degraded'], degraded, destination, []).message.message).toBe(
    'shop is degraded: crash',
  );
});

/** `FUZZ_RUNS` raises the number of inputs. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 300);

it('text that nobody wrote on purpose is refused in one way only', () => {
  const keys = fc.constantFrom(
    'service.slack',
    'service.a.b',
    'template.t',
    'trigger.t',
    'subscriptions',
    'context',
    'defaultTriggers',
  );
  const yaml = fc.oneof(fc.string(), fc.json(), fc.stringMatching(/^[-{}[\]:&*!|>'"%@,? a\n$]{0,60}$/));
  fc.assert(
    fc.property(fc.dictionary(keys, yaml), (data) => {
      try {
        parseNotificationConfig(data);
      } catch (error) {
        expect(error).toBeInstanceOf(NotificationConfigError);
      }
    }),
    { numRuns: RUNS },
  );
});
