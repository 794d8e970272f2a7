import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Resources } from '#api/resources.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import { volatileJournal } from '#store/journal.ts';
import { Store } from '#store/store.ts';
import { affectedSources, repositoryPattern, revisionHasChanged } from './affected.ts';
import { PROVIDERS } from './providers.ts';
import { serveWebhook } from './receiver.ts';

describe('whether a push concerns a source (N01)', () => {
  it.each([
    ['', 'master', true, true],
    ['', 'master', false, false],
    ['HEAD', 'master', true, true],
    ['dev', 'master', true, false],
    ['dev', 'dev', false, true],
    ['refs/heads/dev', 'dev', false, true],
    ['refs/tags/dev', 'dev', false, true],
    ['env/test', 'env/test', false, true],
    ['refs/heads/env/test', 'env/test', false, true],
    ['refs/tags/env/test', 'env/test', false, true],
    ['three/part/rev', 'rev', false, false],
    ['refs/heads/three/part/rev', 'three/part/rev', false, true],
    ['1.*', '1.1.0', false, true],
    ['1.*', '2.0.0', false, false],
    ['1.*', 'dev', false, false],
  ])('target %j, push to %s, head touched %s: %s', (target, revision, touchedHead, expected) => {
    expect(revisionHasChanged(target, revision, touchedHead)).toBe(expected);
  });

  it.each([
    ['https://github.com/team/shop', 'https://github.com/team/shop.git', true],
    ['https://github.com/team/shop', 'git@github.com:team/shop.git', true],
    ['https://github.com/team/shop', 'ssh://git@ssh.github.com:443/Team/Shop', true],
    ['https://github.com/team/shop', 'https://user@github.com:8443/team/shop', true],
    ['https://github.com/team/shop', 'https://github.com/team/shop-two', false],
    ['https://github.com/team/shop', 'https://evil.example.com/github.com/team/shop', false],
    ['https://git.example.com/a.b', 'https://git.example.com/aXb', false],
  ])('the page %s is the repository %s: %s', (page, repoURL, expected) => {
    expect(repositoryPattern(page)?.test(repoURL)).toBe(expected);
  });

  it('manifest-generate-paths leaves out those whose files did not change', () => {
    const event = {
      webUrls: ['https://github.com/team/shop'],
      revision: 'main',
      touchedHead: true,
      changedFiles: ['apps/cart/deploy.yaml'],
    };
    const follower = (path: string) => ({
      metadata: { annotations: { 'argocd.argoproj.io/manifest-generate-paths': '.' } },
      spec: { source: { repoURL: 'https://github.com/team/shop', path } },
    });
    expect(affectedSources(follower('apps/cart'), event)).toHaveLength(1);
    expect(affectedSources(follower('apps/search'), event)).toHaveLength(0);
  });
});

describe('the route', () => {
  let server: Server;
  let resources: Resources;

  beforeEach(async () => {
    resources = new Resources({
      store: new Store(volatileJournal),
      clock: { now: () => 0 },
      ids: entropyIds(seededEntropy(1)),
      admission: { admit: (object) => object },
    });
    resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } });
    for (const [name, repoURL] of [
      ['shop', 'https://git.example.com/team/shop.git'],
      ['other', 'https://git.example.com/team/other.git'],
    ]) {
      resources.create({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { namespace: 'argocd', name },
        spec: { project: 'default', source: { repoURL, path: 'deploy' }, destination: {} },
      });
    }
    const log = () => {};
    server = createServer((request, response) => {
      if (!serveWebhook({ resources, log, bodyMegabytesMax: 1 }, request, response)) response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  function setSecrets(values: Record<string, string>): void {
    const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, btoa(value)]));
    resources.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'argocd', name: 'argocd-secret' },
      data,
    });
  }

  async function post(headers: Record<string, string>, body: string, method = 'POST') {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/api/webhook`, { method, headers, body });
    return { status: answer.status, text: await answer.text() };
  }

  const refreshed = () =>
    resources.store
      .list('Application.argoproj.io')
      .filter(({ metadata }) => metadata.annotations?.['argocd.argoproj.io/refresh'] === 'normal')
      .map(({ metadata }) => metadata.name);

  const page = 'https://git.example.com/team/shop';
  const github = JSON.stringify({
    ref: 'refs/heads/main',
    repository: { html_url: page, default_branch: 'main' },
    commits: [{ added: ['a.yaml'], modified: [], removed: [] }],
  });
  const hmac = (secret: string, body: string) => createHmac('sha256', secret).update(body).digest('hex');

  it.each<[string, Record<string, string>, unknown]>([
    ['GitHub', { 'x-github-event': 'push' }, JSON.parse(github)],
    ['Gogs', { 'x-gogs-event': 'push', 'x-github-event': 'push' }, JSON.parse(github)],
    [
      'GitLab',
      { 'x-gitlab-event': 'Push Hook' },
      { object_kind: 'push', ref: 'refs/heads/main', project: { web_url: page, default_branch: 'main' }, commits: [] },
    ],
    [
      'Bitbucket',
      { 'x-hook-uuid': '{a}', 'x-event-key': 'repo:push' },
      { repository: { links: { html: { href: page } } }, push: { changes: [{ new: { name: 'main' } }] } },
    ],
    [
      'Bitbucket Server',
      { 'x-event-key': 'repo:refs_changed' },
      {
        repository: { links: { clone: [{ name: 'http', href: `${page}.git` }] } },
        changes: [{ ref: { id: 'refs/heads/main' } }],
      },
    ],
    [
      'Azure DevOps',
      { 'x-vss-activityid': '1' },
      {
        eventType: 'git.push',
        resource: {
          repository: { remoteUrl: page, defaultBranch: 'refs/heads/main' },
          refUpdates: [{ name: 'refs/heads/main' }],
        },
      },
    ],
  ])('a push of %s refreshes the Applications that follow it', async (_name, headers, payload) => {
    const answer = await post({ 'content-type': 'application/json', ...headers }, JSON.stringify(payload));
    expect(answer).toEqual({ status: 200, text: '' });
    expect(refreshed()).toEqual(['shop']);
  });

  it.each<[string, Record<string, string>, Record<string, string>, Record<string, string>]>([
    [
      'GitHub',
      { 'webhook.github.secret': 's3cret' },
      { 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${hmac('s3cret', github)}` },
      { 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${hmac('guess', github)}` },
    ],
    [
      'Gogs',
      { 'webhook.gogs.secret': 's3cret' },
      { 'x-gogs-event': 'push', 'x-gogs-signature': hmac('s3cret', github) },
      { 'x-gogs-event': 'push' },
    ],
    [
      'Azure DevOps',
      { 'webhook.azuredevops.username': 'u', 'webhook.azuredevops.password': 'p' },
      { 'x-vss-activityid': '1', authorization: `Basic ${btoa('u:p')}` },
      { 'x-vss-activityid': '1', authorization: `Basic ${btoa('u:q')}` },
    ],
    [
      'GitLab',
      { 'webhook.gitlab.secret': 's3cret' },
      { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': 's3cret' },
      { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': 's3cre' },
    ],
    [
      'Bitbucket',
      { 'webhook.bitbucket.uuid': '{a}' },
      { 'x-hook-uuid': '{a}', 'x-event-key': 'repo:push' },
      { 'x-hook-uuid': '{b}', 'x-event-key': 'repo:push' },
    ],
    [
      'Bitbucket Server',
      { 'webhook.bitbucketserver.secret': 's3cret' },
      { 'x-event-key': 'repo:refs_changed', 'x-hub-signature': `sha256=${hmac('s3cret', github)}` },
      { 'x-event-key': 'repo:refs_changed', 'x-hub-signature': 'sha256=00' },
    ],
  ])('%s has to know the secret where one is set', async (_name, secrets, right, wrong) => {
    setSecrets(secrets);
    expect(await post(wrong, github)).toMatchObject({ status: 400 });
    expect(refreshed()).toEqual([]);
    expect((await post(right, github)).status).toBe(200);
  });

  it('refuses what it cannot read', async () => {
    const headers = { 'x-github-event': 'push' };
    expect(await post({}, github)).toEqual({ status: 400, text: 'Unknown webhook event\n' });
    expect((await post(headers, github, 'PUT')).status).toBe(405);
    expect((await post(headers, '{"ref"')).text).toMatch(/too large or corrupted/);
    expect((await post(headers, '[]')).status).toBe(400);
    expect((await post(headers, '{}')).status).toBe(200);
    expect((await post({ 'x-github-event': 'ping' }, '{"zen":"x"}')).status).toBe(200);
    expect((await post(headers, `"${'x'.repeat(1024 * 1024)}"`)).text).toMatch(/must be under 1 MB/);
    expect(refreshed()).toEqual([]);
  });

  it('takes GitHub events as a form', async () => {
    const form = new URLSearchParams({ payload: github }).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await post({ 'x-github-event': 'push', ...type }, form)).status).toBe(200);
    expect(refreshed()).toEqual(['shop']);
  });
});

/** `FUZZ_RUNS` raises the number of inputs. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 100);

it('payloads of any shape are read without harm', () => {
  const names = [
    'ref',
    'repository',
    'html_url',
    'commits',
    'added',
    'project',
    'push',
    'changes',
    'links',
    'clone',
    'resource',
  ];
  const shape = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.constantFrom('https://example.com/a', 'no url', 'https://[', 'x://y'),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const headers = { 'x-gogs-event': 'push', 'x-github-event': 'push', 'x-event-key': 'repo:push' };
  const follower = { metadata: {}, spec: { source: { repoURL: 'https://example.com/a', path: '.' } } };
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), shape, { maxKeys: 5 }), (payload) => {
      for (const provider of PROVIDERS) {
        const event = provider.read(headers, { ...payload, object_kind: 'push', eventType: 'git.push' });
        if (event !== undefined) affectedSources(follower, event);
      }
    }),
    { numRuns: RUNS },
  );
});
