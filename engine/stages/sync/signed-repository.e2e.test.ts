import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Controller } from '#control/controller.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Machine } from '#edges/ports.ts';
import { volatileJournal } from '#store/journal.ts';
import { LocalGit } from '../../edges/real/git/local-git.ts';
import { machineTime } from '../../edges/real/machine-time.ts';
import { Engine } from '../../host/engine.ts';
import { kustomizeLibrary } from '../render/kustomize.ts';
import { applicationController } from './application/controller.ts';
import type { Application } from './application/types.ts';
import { configMap, REPOSITORY, shopApplication } from './testing/simulated-world.ts';

/** The application controller over a real repository, with real keys: what is not signed does not arrive. */

let root: string;
let folder: string;
let git: LocalGit;
let engine: Engine;
let keyId: string;

const environment = () => ({
  PATH: process.env.PATH,
  GNUPGHOME: join(root, 'gnupg'),
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
});
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd: folder, env: environment(), stdio: 'pipe', encoding: 'utf8' }).trim();

function commit(value: string, ...sign: string[]): string {
  writeFileSync(join(folder, 'deploy', 'a.json'), configMap('a', value));
  run('git', 'add', '-A');
  run('git', 'commit', '--quiet', '-m', value, ...sign);
  return run('git', 'rev-parse', 'HEAD');
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pern-signed-'));
  folder = join(root, 'shop');
  mkdirSync(join(root, 'gnupg'), { mode: 0o700 });
  mkdirSync(join(folder, 'deploy'), { recursive: true });
  run('git', 'init', '--quiet', '--initial-branch=main');
  const key = ['--passphrase', '', '--quick-gen-key', 'Ada <ada@example.com>', 'ed25519', 'sign', 'never'];
  run('gpg', '--batch', '--no-tty', ...key);
  keyId = /^pub:(?:[^:]*:){3}([0-9A-F]{16})/m.exec(run('gpg', '--with-colons', '--list-keys'))?.[1] ?? '';
  commit('1', `-S${keyId}`);
  git = new LocalGit({ [REPOSITORY]: folder }, kustomizeLibrary);
  engine = startEngine(git);
});

afterAll(() => {
  engine.stop();
  git.close();
  execFileSync('gpgconf', ['--homedir', join(root, 'gnupg'), '--kill', 'all'], { stdio: 'ignore' });
  rmSync(root, { recursive: true, force: true });
});

function startEngine(source: LocalGit): Engine {
  const nothing = () => {};
  const machine: Machine = {
    node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer: () => nothing },
    traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
    metrics: { setScrapes: nothing, answer: () => nothing },
    source,
  };
  const started = new Engine({
    scheduler: machineTime,
    ids: entropyIds(seededEntropy(1)),
    entropy: seededEntropy(2),
    journal: volatileJournal,
    admission: { admit: (object) => object },
    machine,
    controllers: [applicationController({ normalise: (object) => object })] as Controller<never>[],
  });
  const { resources } = started;
  for (const name of ['argocd', 'shop']) resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const policies = [{ repos: [{ url: '*' }], gpg: { mode: 'head', keys: [keyId] } }];
  resources.create({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'signed', namespace: 'argocd' },
    spec: {
      sourceRepos: ['*'],
      destinations: [{ server: '*', namespace: '*' }],
      sourceIntegrity: { git: { policies } },
    },
  });
  resources.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-gpg-keys-cm', namespace: 'argocd' },
    data: { [keyId]: run('gpg', '--armor', '--export', keyId) },
  });
  resources.create(shopApplication({ project: 'signed', syncPolicy: { automated: {}, retry: { limit: 0 } } }));
  started.start();
  return started;
}

/** Resolves at the write after which `condition` holds. */
function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (condition()) resolve();
    const end = engine.store.subscribe(() => {
      if (!condition()) return;
      end();
      resolve();
    });
  });
}

const dataOf = () => (engine.store.get('ConfigMap', 'shop', 'a')?.data as { value?: string } | undefined)?.value;
const statusOf = () =>
  (engine.store.get('Application.argoproj.io', 'argocd', 'shop') as Application | undefined)?.status;
const errorOf = () => statusOf()?.conditions?.find(({ type }) => type === 'ComparisonError')?.message;

it('deploys signed commits, and keeps what runs under an unsigned one', async () => {
  await until(() => dataOf() === '1');
  expect(errorOf()).toBeUndefined();
  const unsigned = commit('2', '--no-gpg-sign');
  await until(() => errorOf() !== undefined && statusOf()?.operationState?.phase === 'Error');
  const problem = `GIT/GPG: Failed verifying revision ${unsigned} by 'Ada <ada@example.com>': unsigned (key_id=)`;
  expect([dataOf(), errorOf()]).toEqual(['1', problem]);
  expect(statusOf()?.sync).toMatchObject({ status: 'OutOfSync', revision: unsigned });
  expect(statusOf()?.operationState).toMatchObject({ phase: 'Error', message: `ComparisonError: ${problem}` });
  commit('3', `-S${keyId}`);
  await until(() => dataOf() === '3' && errorOf() === undefined);
});
