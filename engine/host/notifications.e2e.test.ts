import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serveGit } from '#edges/real/git/testing.ts';
import { NOTIFICATION, type Notification } from '../stages/notification/types.ts';
import { EngineProcess } from './testing/engine-process.ts';
import { CHECKOUT, createRepository, type TestRepository } from './testing/repository.ts';

const ROOT_URL = 'https://github.com/pern-gitops/pern-gitops.git';
const TOKEN = 'xoxb-a-token-nobody-may-see';

const application = (name: string, spec: string) =>
  `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: ${name}, namespace: argocd}\nspec:\n  project: default\n${spec}`;
const configMap = (name: string, value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {value: ${value}}\n`;

let repository: TestRepository;
let engine: EngineProcess;
let remote: string;
let gitServer: Server;
let slack: Server;
/** Forms that the fake Slack received, and with which token. */
const posted: { authorization: string; form: Record<string, string> }[] = [];
let onPost: () => void = () => {};

const portOf = (server: Server) => (server.address() as AddressInfo).port;

function commitRemote(value: string): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', remote, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], {
      encoding: 'utf8',
    }).trim();
  mkdirSync(join(remote, 'deploy'), { recursive: true });
  writeFileSync(join(remote, 'deploy/map.yaml'), configMap('from-afar', value));
  git('add', '-A');
  git('-c', 'commit.gpgsign=false', 'commit', '-q', '-m', `set ${value}`);
  return git('rev-parse', 'HEAD');
}

beforeAll(async () => {
  slack = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(body));
      posted.push({ authorization: request.headers.authorization ?? '', form });
      response.end('{"ok":true,"ts":"1.0","channel":"C1"}');
      onPost();
    });
  });
  await new Promise<void>((resolve) => slack.listen(0, '127.0.0.1', resolve));
  repository = createRepository((fresh) => {
    remote = join(fresh.folder, 'remote');
    execFileSync('git', ['init', '-q', '-b', 'main', remote]);
    for (const part of ['apps', 'projects']) rmSync(join(fresh.path, 'pern-gitops', part), { recursive: true });
    const source = `  source: {repoURL: ${ROOT_URL}, path: pern-gitops}\n`;
    const automated =
      '  destination: {server: https://kubernetes.default.svc, namespace: argocd}\n  syncPolicy: {automated: {}}\n';
    fresh.write('pern-gitops/bootstrap/root-app.yaml', application('root', source + automated));
    fresh.write('pern-gitops/kustomization.yaml', 'resources: [settings.yaml]\n');
    fresh.write(
      'pern-gitops/settings.yaml',
      `apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-notifications-cm, namespace: argocd}
data:
  service.slack: |
    token: $slack-token
    apiURL: http://127.0.0.1:${portOf(slack)}/api/
  subscriptions: |
    - recipients: [slack:ops]
      triggers: [on-synced]
  trigger.on-synced: |
    - when: app.status.operationState.phase in ['Succeeded']
      oncePer: app.status.operationState.syncResult.revision
      send: [synced]
  template.synced: |
    message: "{{.app.metadata.name}}: {{(call .repo.GetCommitMetadata .app.status.sync.revision).Message}}"
`,
    );
  });
  gitServer = await serveGit(repository.folder);
  engine = await EngineProcess.start(repository);
});

afterAll(async () => {
  await engine?.destroy();
  for (const server of [gitServer, slack]) {
    server?.closeAllConnections();
    server?.close();
  }
  repository?.remove();
});

it('without a token a message is kept in the inbox', async () => {
  await engine.world.until('root is Synced', () => {
    const root = engine.world.find('Application.argoproj.io', 'argocd', 'root');
    return root?.status?.operationState?.phase === 'Succeeded' ? root : undefined;
  });
  const kept = await untilMessage(({ status }) => status?.phase === 'Inbox');
  expect(kept.spec.message.message).toBe('root: first');
  expect(posted).toEqual([]);
  expect(pern('inbox')).toMatch(/^slack:ops {2}on-synced, root, .* ago\n {2}root: first\n/);
  expect(pern('status', '--context', 'pern')).toContain('messages: 1 in the inbox (pern inbox)');
});

it('a webhook makes an Application follow its remote repository at once, and Slack hears of it', async () => {
  const data = { 'slack-token': Buffer.from(TOKEN).toString('base64') };
  const path = '/api/v1/namespaces/argocd/secrets';
  const metadata = { name: 'argocd-notifications-secret' };
  await engine.api.ok({ method: 'POST', path, body: { apiVersion: 'v1', kind: 'Secret', metadata, data } });
  const first = commitRemote('one');
  const url = `http://127.0.0.1:${portOf(gitServer)}/remote/.git`;
  repository.write(
    'pern-gitops/remote.yaml',
    application(
      'remote',
      `  source: {repoURL: "${url}", targetRevision: main, path: deploy}\n` +
        '  destination: {server: https://kubernetes.default.svc, namespace: default}\n  syncPolicy: {automated: {}}\n',
    ),
  );
  repository.write('pern-gitops/kustomization.yaml', 'resources: [settings.yaml, remote.yaml]\n');
  repository.commit('follow the remote');
  await untilSynced('remote', first);
  const second = commitRemote('two');
  const push = {
    ref: 'refs/heads/main',
    repository: { html_url: url, default_branch: 'main' },
    commits: [],
  };
  expect((await pushEvent(push)).status).toBe(200);
  await untilSynced('remote', second);
  while (!posted.some(({ form }) => form.text === 'remote: set two'))
    await new Promise<void>((resolve) => {
      onPost = resolve;
    });
  expect(new Set(posted.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${TOKEN}`]));
  expect(posted.every(({ form }) => form.channel === 'ops')).toBe(true);
  expect(JSON.stringify(await engine.api.list(NOTIFICATION))).not.toContain(TOKEN);
});

it('the engine says which branch it stands on', async () => {
  const info = await engine.api.ok({ method: 'GET', path: '/pern/v1/info' });
  expect(info).toMatchObject({ branch: 'main', repository: repository.path });
});

/** What a command prints, run as a person would. */
function pern(...words: string[]): string {
  const kubeconfig = join(repository.folder, 'state', 'kubeconfig');
  const node = ['--disable-warning=ExperimentalWarning', join(CHECKOUT, 'cli', 'main.ts')];
  const options = { encoding: 'utf8', stdio: 'pipe' } as const;
  return execFileSync(process.execPath, [...node, ...words, '--kubeconfig', kubeconfig], options);
}

/** The first message that is as wanted, of those there are and those that come. */
async function untilMessage(wanted: (message: Notification) => boolean): Promise<Notification> {
  const { items, version } = await engine.api.list(NOTIFICATION);
  return new Promise((resolve, reject) => {
    const look = (object: unknown) => {
      if (wanted(object as Notification)) resolve(object as Notification);
    };
    engine.api.watch(NOTIFICATION, version, ({ object }) => look(object)).catch(reject);
    items.forEach(look);
  });
}

async function untilSynced(name: string, sha: string): Promise<void> {
  await engine.world.until(`${name} at ${sha}`, () => {
    const { sync, operationState } = engine.world.find('Application.argoproj.io', 'argocd', name)?.status ?? {};
    return sync?.status === 'Synced' && sync.revision === sha && operationState?.phase === 'Succeeded'
      ? true
      : undefined;
  });
}

function pushEvent(body: object) {
  return engine.api.call({
    method: 'POST',
    path: '/api/webhook',
    body,
    token: undefined,
    headers: { 'x-github-event': 'push' },
  });
}
