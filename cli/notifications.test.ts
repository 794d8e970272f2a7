import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Notification } from '../engine/stages/notification/types.ts';
import { runProgram } from './program.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';
import { plainText } from './view/lines.ts';
import { inboxLines, notificationLines, notificationListLines } from './view/notifications-text.ts';

const NOW_MS = Date.parse('2026-01-05T09:10:00Z');

function record(name: string, phase: string, more: Partial<Notification['spec']> = {}, reason?: string): Notification {
  return {
    apiVersion: 'pern-gitops.dev/v1alpha1',
    kind: 'Notification',
    metadata: { name, namespace: 'argocd', creationTimestamp: '2026-01-05T09:00:00Z' },
    spec: {
      about: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', namespace: 'argocd', name: 'shop', uid: 'u' },
      key: 'k',
      trigger: 'on-degraded',
      service: 'slack',
      recipient: 'ops',
      templates: ['degraded'],
      configMap: 'argocd-notifications-cm',
      secret: 'argocd-notifications-secret',
      attempt: 1,
      message: { message: 'shop is Degraded\nsee the console\n', slack: { icon: ':fire:' } },
      ...more,
    },
    status: { phase, attempt: 1, ...(reason === undefined ? {} : { reason }) },
  } as unknown as Notification;
}

const RECORDS = [
  record('shop-1', 'Inbox', {}, 'service slack is not configured'),
  record('shop-2', 'Sent', { recipient: '', service: 'ci', message: { message: 'ok' } }),
  record('shop-3', 'Failed', { attempt: 1 }, 'Slack refused chat.postMessage: channel_not_found'),
];

it('shows messages', () => {
  expect(plainText(notificationListLines(RECORDS, NOW_MS))).toMatchInlineSnapshot(`
    "NAME    ABOUT  TRIGGER      TO         STATE   AGE  MESSAGE
    shop-1  shop   on-degraded  slack:ops  Inbox   10m  service slack is not configured
    shop-2  shop   on-degraded  ci         Sent    10m  ok
    shop-3  shop   on-degraded  slack:ops  Failed  10m  Slack refused chat.postMessage: channel_not_found
    "
  `);
  expect(plainText(inboxLines(RECORDS.slice(0, 2), NOW_MS))).toMatchInlineSnapshot(`
    "slack:ops  on-degraded, shop, 10m ago
      shop is Degraded
      see the console
      slack:
      {
        "icon": ":fire:"
      }

    ci  on-degraded, shop, 10m ago  Sent
      ok
    "
  `);
  expect(plainText(notificationLines(RECORDS[2] as Notification, NOW_MS))).toMatchInlineSnapshot(`
    "Name:            shop-3
    About:           Application argocd/shop
    Trigger:         on-degraded
    Templates:       degraded
    To:              slack:ops
    State:           Failed
    Reason:          Slack refused chat.postMessage: channel_not_found
    Age:             10m

    shop is Degraded
    see the console
    slack:
    {
      "icon": ":fire:"
    }
    "
  `);
});

const CONFIG_MAP = `
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-notifications-cm}
data:
  trigger.on-degraded: |
    - when: app.status.health.status == 'Degraded'
      send: [degraded]
    - when: app.status.nothing.there == 1
      send: [degraded]
  template.degraded: |
    message: "{{.app.metadata.name}} is {{.app.status.health.status}}"
    slack:
      icon: ":fire:"
  template.wrong: |
    message: "{{ nonsense }}"
`;
const application = (health: string) =>
  `kind: Application\nmetadata: {name: shop, namespace: argocd}\nspec: {project: default}\nstatus: {health: {status: ${health}}}\n`;

async function pern(words: string[]) {
  const output = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({
    write(text: string) {
      output[name] += text;
    },
  });
  const code = await runProgram({
    words,
    stdout: sink('out'),
    stderr: sink('err'),
    environment: {},
    folder: '/',
    now: () => NOW_MS,
    onSignal: () => {},
  });
  return { code, ...output };
}

it('templates and triggers can be tried without an engine', async () => {
  const folder = temporaryFolder('pern-notifications-');
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const settings = ['--config-map', write('cm.yaml', CONFIG_MAP)];
  const bad = write('bad.yaml', application('Degraded'));
  const good = write('good.yaml', application('Healthy'));
  const run = await pern(['notifications', 'trigger', 'run', 'on-degraded', bad, ...settings]);
  expect(run.code).toBe(0);
  expect(run.out).toMatch(/^CONDITION +TRIGGERED.*\n\[0\]\.\S+ +true .*degraded/);
  expect(run.out).toMatch(/\[1\]\.\S+ +false .*cannot fetch|\[1\]\.\S+ +false/);
  expect((await pern(['notifications', 'trigger', 'run', 'on-degraded', good, ...settings])).code).toBe(1);
  expect(await pern(['notifications', 'template', 'notify', 'degraded', bad, ...settings])).toMatchObject({
    code: 0,
    out: 'message: shop is Degraded\nslack:\n  icon: ":fire:"\n',
  });
  const wrong = await pern(['notifications', 'template', 'notify', 'wrong', bad, ...settings]);
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('template wrong.message')]);
  const unknown = await pern(['notifications', 'template', 'notify', 'degrade', bad, ...settings]);
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('did you mean "degraded"?')]);
  const both = await pern([
    'notifications',
    'template',
    'notify',
    'degraded',
    bad,
    '--recipient',
    'slack:x',
    ...settings,
  ]);
  expect([both.code, both.err]).toEqual([2, expect.stringContaining('exclude each other')]);
  const broken = ['--config-map', write('broken.yaml', CONFIG_MAP.replace('[degraded]', '[degraded'))];
  const refused = await pern(['notifications', 'trigger', 'get', ...broken]);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('data["trigger.on-degraded"], line')]);
});
