import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Scheduler } from '#core/clock.ts';
import type { DeliveryRequest, SecretValues } from '#machine/notifications.ts';
import type { Answer } from '#machine/questions.ts';
import { openNotifications, type RealNotifications } from './notification-port.ts';
import { redacted } from './secrets.ts';

interface Received {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

let server: Server;
let received: Received[];
let answers: ((response: ServerResponse) => void)[];
let waits: number[];
let notifications: RealNotifications;
let base: string;

/** Waits are over at once, and noted. */
const scheduler: Scheduler = {
  now: () => 0,
  at(timeMs, run) {
    waits.push(timeMs);
    queueMicrotask(run);
    return () => {};
  },
  soon: queueMicrotask,
};

beforeEach(async () => {
  received = [];
  answers = [];
  waits = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      (answers.shift() ?? ((ok) => ok.end('{"ok":true,"ts":"12.5","channel":"C1"}')))(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  notifications = openNotifications(scheduler);
});

afterEach(async () => {
  await notifications.close();
  server.closeAllConnections();
  server.close();
});

function send(delivery: Partial<DeliveryRequest>, secrets: SecretValues = {}): Promise<Answer> {
  const whole: DeliveryRequest = {
    id: 'uid/1',
    secret: { namespace: 'argocd', name: 'argocd-notifications-secret' },
    service: { type: 'webhook', name: 'ci', options: {} },
    recipient: '',
    message: { message: 'hello' },
    secretPlaces: [],
    ...delivery,
  };
  return new Promise((resolve) => notifications.answer({ ask: 'deliver', delivery: whole }, secrets, resolve));
}

const webhook = (options: Record<string, unknown>) => ({
  type: 'webhook',
  name: 'ci',
  options: { url: `${base}/hook/`, ...options },
});
const slack = (options: Record<string, unknown> = {}) => ({
  type: 'slack',
  name: 'slack',
  options: { token: '$slack-token', apiURL: `${base}/api`, ...options },
});
const form = (body: string) => Object.fromEntries(new URLSearchParams(body));

it('a webhook without a template gets the message with GET', async () => {
  expect(await send({ service: webhook({}) })).toEqual({ ok: true, value: { attempts: 1 } });
  expect(received).toMatchObject([{ method: 'GET', url: '/hook/', body: 'hello' }]);
});

it('a webhook with a template: method, path, body, headers, basic auth, secrets in their places', async () => {
  const message = { message: 'x', webhook: { ci: { method: 'POST', path: '/v1/$key', body: 'a $key b $literal' } } };
  const secretPlaces = [
    { path: ['webhook', 'ci', 'path'], at: 4, key: 'key' },
    { path: ['webhook', 'ci', 'body'], at: 2, key: 'key' },
  ];
  const options = {
    headers: [{ name: 'X-Auth', value: 'Bearer $key' }],
    basicAuth: { username: 'u', password: '$key' },
  };
  expect((await send({ service: webhook(options), message, secretPlaces }, { key: 's3cret' })).ok).toBe(true);
  expect(received).toMatchObject([
    {
      method: 'POST',
      url: '/hook/v1/s3cret',
      body: 'a s3cret b $literal',
      headers: { 'x-auth': 'Bearer s3cret', authorization: `Basic ${btoa('u:s3cret')}` },
    },
  ]);
});

it('network errors, 429 and 5xx are tried again with growing waits; an answer that stays bad is a failure', async () => {
  const fail = (status: number) => (response: ServerResponse) => void response.writeHead(status).end('busy s3cret');
  answers = [fail(500), (response) => void response.socket?.destroy(), fail(429)];
  expect(await send({ service: webhook({}) })).toEqual({ ok: true, value: { attempts: 4 } });
  expect(waits).toEqual([1000, 2000, 4000]);
  answers = Array.from({ length: 4 }, () => fail(503));
  expect(await send({ service: webhook({}) }, { key: 's3cret' })).toEqual({
    ok: false,
    failure: { code: 'DeliveryFailed', message: 'request has failed with error code 503 : busy ++++' },
  });
  answers = [fail(400)];
  expect(await send({ service: webhook({ retryMax: 1 }) })).toMatchObject({ ok: false });
  expect(received).toHaveLength(9);
});

it('waits as long as the service asks, and as its options say', async () => {
  answers = [
    (response) => void response.writeHead(429, { 'retry-after': '7' }).end(),
    (response) => void response.writeHead(500).end(),
  ];
  expect((await send({ service: webhook({ retryWaitMin: 20_000_000, retryWaitMax: '30ms' }) })).ok).toBe(true);
  expect(waits).toEqual([7000, 30]);
});

it('follows redirects on the host only', async () => {
  answers = [(response) => void response.writeHead(307, { location: '/elsewhere' }).end()];
  expect((await send({ service: webhook({}) })).ok).toBe(true);
  expect(received.map(({ url }) => url)).toEqual(['/hook/', '/elsewhere']);
  answers = [(response) => void response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end()];
  expect(await send({ service: webhook({}) })).toMatchObject({
    failure: { message: 'a redirect to another host (169.254.169.254) is not followed' },
  });
  answers = Array.from(
    { length: 9 },
    () => (response: ServerResponse) => void response.writeHead(302, { location: '/again' }).end(),
  );
  expect(await send({ service: webhook({}) })).toMatchObject({ failure: { message: 'stopped after 3 redirects' } });
});

it.each([
  ['url: text is required', { url: '' }],
  ['the URL of the service is not a URL', { url: 'nonsense' }],
  ['the URL of the service begins with file:', { url: 'file:///etc/passwd' }],
  ['retryWaitMin: "soon" is no duration', { retryWaitMin: 'soon' }],
])('refuses: %s', async (message, options) => {
  expect(await send({ service: webhook(options) })).toMatchObject({
    ok: false,
    failure: { message: expect.stringContaining(message) },
  });
  expect(received).toEqual([]);
});

it('an endless answer is cut', async () => {
  answers = [
    (response) => {
      response.writeHead(400);
      const more = () => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    },
  ];
  const answer = await send({ service: webhook({}) });
  expect(answer.ok ? '' : answer.failure.message.length).toBeLessThan(1000);
});

it('Slack: token, channel, text, attachments, names', async () => {
  const message = { message: 'done', slack: { attachments: '[{"title":"t"}]', blocks: '', icon: ':ok:' } };
  const service = slack({ username: 'argo', disableUnfurl: true });
  expect(await send({ service, recipient: 'ops', message }, { 'slack-token': 'xoxb-1' })).toEqual({
    ok: true,
    value: { attempts: 1 },
  });
  const [{ method, url, headers, body } = {} as Received] = received;
  expect({ method, url, authorization: headers.authorization, ...form(body) }).toEqual({
    method: 'POST',
    url: '/api/chat.postMessage',
    authorization: 'Bearer xoxb-1',
    channel: 'ops',
    text: 'done',
    username: 'argo',
    icon_emoji: ':ok:',
    attachments: '[{"title":"t"}]',
    unfurl_links: 'false',
    unfurl_media: 'false',
  });
});

it('Slack: a refusal is a failure with its reason and without the token', async () => {
  answers = [(response) => void response.end('{"ok":false,"error":"invalid_auth xoxb-1"}')];
  expect(await send({ service: slack(), recipient: 'ops' }, { 'slack-token': 'xoxb-1' })).toEqual({
    ok: false,
    failure: { code: 'DeliveryFailed', message: 'Slack refused chat.postMessage: invalid_auth ++++' },
  });
  answers = [(response) => void response.end('<html>')];
  expect(await send({ service: slack(), recipient: 'ops' })).toMatchObject({
    failure: { message: expect.stringContaining('is not Slack') },
  });
  expect(await send({ service: slack(), recipient: 'ops', message: { slack: { blocks: '{' } } })).toMatchObject({
    failure: { message: expect.stringMatching(/^failed to unmarshal blocks/) },
  });
});

it.each([
  ['Post', ['chat.postMessage']],
  ['Update', ['chat.update']],
  ['PostAndUpdate', ['chat.postMessage', 'chat.update']],
] as const)('Slack: a conversation with the policy %s', async (deliveryPolicy, expected) => {
  const message = { message: 'again', slack: { groupingKey: 'shop', deliveryPolicy } };
  const first = await send({ service: slack(), recipient: 'ops', message });
  expect(first).toEqual({ ok: true, value: { attempts: 1, thread: { timestamp: '12.5', channel: 'C1' } } });
  received = [];
  const thread = { timestamp: '12.5', channel: 'C1' };
  expect(await send({ service: slack(), recipient: 'ops', message, thread })).toMatchObject({ value: { thread } });
  expect(received.map(({ url }) => url.replace('/api/', ''))).toEqual(expected);
  for (const { url, body } of received) {
    const { thread_ts, ts, channel } = form(body);
    if (url.endsWith('update')) expect({ ts, channel }).toEqual({ ts: '12.5', channel: 'C1' });
    else expect({ thread_ts, channel }).toEqual({ thread_ts: '12.5', channel: 'ops' });
  }
});

it('a delivery nobody waits for any more is given up', async () => {
  const arrived = new Promise<void>((resolve) => answers.push(() => resolve()));
  let isAnswered = false;
  const delivery = {
    id: 'x',
    service: webhook({}),
    recipient: '',
    message: {},
    secretPlaces: [],
    secret: { namespace: '', name: '' },
  };
  const cancel = notifications.answer({ ask: 'deliver', delivery }, {}, () => (isAnswered = true));
  const closed = new Promise<void>((resolve) =>
    server.once('connection', (socket) => socket.once('close', () => resolve())),
  );
  await arrived;
  cancel();
  await closed;
  expect(isAnswered).toBe(false);
});

it('strikes out secrets in every form', () => {
  const secret = 'pa ss"word';
  const forms = [secret, encodeURIComponent(secret), btoa(secret), JSON.stringify(secret)].join(' | ');
  expect(redacted(forms, { secret, empty: '' })).toBe('++++ | ++++ | ++++ | "++++"');
});
