import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seededEntropy } from '#core/entropy.ts';
import { VirtualTime } from '#edges/sim/virtual-time.ts';
import type { Answer, Question } from '#machine/questions.ts';
import { kustomizeLibrary } from '../../../stages/render/kustomize.ts';
import { LocalGit } from './local-git.ts';
import { isRemoteUrl, RemoteRepository } from './remote-repository.ts';
import type { RepositoryAccess } from './repository-access.ts';
import { serveGit } from './testing.ts';

let folder: string;
let time: VirtualTime;
let source: LocalGit;
let access: RepositoryAccess;

function git(repository: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false'];
  const options = { encoding: 'utf8', stdio: 'pipe' } as const;
  return execFileSync(
    'git',
    ['-C', join(folder, repository), ...identity, '-c', 'protocol.file.allow=always', ...args],
    options,
  ).trim();
}

function commit(repository: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, repository, path)), { recursive: true });
    writeFileSync(join(folder, repository, path), text);
  }
  git(repository, 'add', '-A');
  git(repository, 'commit', '-q', '--allow-empty', '-m', 'change');
  return git(repository, 'rev-parse', 'HEAD');
}

function create(repository: string): string {
  execFileSync('git', ['init', '-q', '-b', 'main', join(folder, repository)]);
  return `file://${join(folder, repository)}`;
}

function ask(question: Question): Promise<Answer> {
  return new Promise((resolve) => {
    const end = source.answer(question as never, (answer) => {
      setImmediate(() => end());
      resolve(answer);
    });
  });
}

async function shaOf(repoURL: string, revision: string): Promise<string> {
  const answer = await ask({ ask: 'revision', repoURL, revision });
  return answer.ok ? (answer.value as { sha: string }).sha : answer.failure.message;
}

/** Lets virtual time pass until then. */
function pass(untilMs: number): void {
  time.runUntil(() => false, { untilMs, stepsMax: 10 });
}

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'remote-git-'));
  time = new VirtualTime(0);
  access = { insecure: false };
  const parts = { folder: join(folder, 'mirrors'), scheduler: time, entropy: seededEntropy(1), access: () => access };
  source = new LocalGit({}, kustomizeLibrary, undefined, (url) =>
    isRemoteUrl(url) ? new RemoteRepository(url, parts) : undefined,
  );
});

afterEach(() => {
  source.close();
  rmSync(folder, { recursive: true, force: true });
});

it('reads a remote: branches, annotated tags, version constraints, commits, its default branch', async () => {
  const url = create('shop');
  const first = commit('shop', { 'deploy/a.yaml': configMap('a') });
  git('shop', 'tag', '-a', 'v1.2.0', '-m', 'one');
  git('shop', 'tag', 'v1.10.0-rc.1');
  const second = commit('shop', { 'deploy/a.yaml': configMap('b') });
  git('shop', 'branch', 'feature/x', first);
  expect(await shaOf(url, 'HEAD')).toBe(second);
  expect(await shaOf(url, 'main')).toBe(second);
  expect(await shaOf(url, 'feature/x')).toBe(first);
  expect(await shaOf(url, 'v1.2.0')).toBe(first);
  expect(await shaOf(url, '1.*')).toBe(first);
  expect(await shaOf(url, '2.*')).toMatch(/unable to resolve '2\.\*' to a commit SHA/);
  expect(await shaOf(url, first)).toBe(first);
  expect(await ask({ ask: 'commit', repoURL: url, sha: first })).toMatchObject({
    value: { author: 'T <t@example.com>', message: 'change', tags: ['v1.10.0-rc.1', 'v1.2.0'] },
  });
  expect(await ask({ ask: 'render', repoURL: url, sha: second, source: { path: 'deploy' } })).toMatchObject({
    ok: true,
    value: { manifests: [{ metadata: { name: 'b' } }] },
  });
});

it('polls every two to three minutes while somebody follows, and at once when told', async () => {
  const url = create('shop');
  const first = commit('shop', { a: '1' });
  const seen: string[] = [];
  let wake = () => {};
  const end = source.answer({ ask: 'revision', repoURL: url, revision: 'main' }, (answer) => {
    seen.push(answer.ok ? (answer.value as { sha: string }).sha : answer.failure.code);
    wake();
  });
  const until = async (sha: string) => {
    while (seen.at(-1) !== sha) await new Promise<void>((resolve) => (wake = resolve));
  };
  await until(first);
  const second = commit('shop', { a: '2' });
  pass(119_999);
  expect(time.steps).toBe(0);
  pass(180_000);
  expect(time.steps).toBe(1);
  await until(second);
  const third = commit('shop', { a: '3' });
  source.refresh(url);
  await until(third);
  end();
  const { steps } = time;
  pass(10_000_000);
  expect(time.steps).toBe(steps);
});

it('a remote that vanishes fails revisions, keeps commits readable, and comes back', async () => {
  const url = create('shop');
  const sha = commit('shop', { 'deploy/a.yaml': configMap('a') });
  expect(await shaOf(url, 'main')).toBe(sha);
  const away = join(folder, 'away');
  execFileSync('mv', [join(folder, 'shop'), away]);
  const changed = new Promise<Answer>((resolve) => {
    const end = source.answer({ ask: 'revision', repoURL: url, revision: 'main' }, (answer) => {
      if (answer.ok) return;
      end();
      resolve(answer);
    });
  });
  source.refresh(url);
  expect(await changed).toMatchObject({ failure: { code: 'RepositoryNotFound', message: /does not/ } });
  expect(await ask({ ask: 'tree', repoURL: url, sha })).toMatchObject({ ok: true });
  execFileSync('mv', [away, join(folder, 'shop')]);
  const back = new Promise<string>((resolve) => {
    const end = source.answer({ ask: 'revision', repoURL: url, revision: 'main' }, (answer) => {
      if (!answer.ok) return;
      end();
      resolve((answer.value as { sha: string }).sha);
    });
  });
  source.refresh(url);
  expect(await back).toBe(sha);
});

it('a force-push moves the branch; the commit it left stays readable', async () => {
  const url = create('shop');
  const first = commit('shop', { a: '1' });
  const second = commit('shop', { a: '2' });
  expect(await shaOf(url, 'main')).toBe(second);
  git('shop', 'reset', '-q', '--hard', first);
  const moved = new Promise<void>((resolve) => {
    const end = source.answer({ ask: 'revision', repoURL: url, revision: 'main' }, (answer) => {
      if (!answer.ok || (answer.value as { sha: string }).sha !== first) return;
      end();
      resolve();
    });
  });
  source.refresh(url);
  await moved;
  expect(await ask({ ask: 'tree', repoURL: url, sha: second })).toMatchObject({ ok: true });
});

it('reads submodules, by relative URL too', async () => {
  create('library');
  commit('library', { 'base/kustomization.yaml': 'resources: [a.yaml]\n', 'base/a.yaml': configMap('shared') });
  const url = create('shop');
  commit('shop', { 'deploy/kustomization.yaml': 'resources: [../vendor/library/base]\n' });
  git('shop', 'submodule', '--quiet', 'add', '../library', 'vendor/library');
  const sha = commit('shop', {});
  expect(await ask({ ask: 'render', repoURL: url, sha, source: { path: 'deploy' } })).toMatchObject({
    ok: true,
    value: { manifests: [{ metadata: { name: 'shared' } }] },
  });
});

it('fetches no more history than the Secret says', async () => {
  const url = create('shop');
  const first = commit('shop', { a: '1' });
  const second = commit('shop', { a: '2' });
  access = { insecure: false, depth: 1 };
  expect(await shaOf(url, 'main')).toBe(second);
  const [mirror = ''] = readdirSync(join(folder, 'mirrors'));
  expect(readFileSync(join(folder, 'mirrors', mirror, 'shallow'), 'utf8').trim()).toBe(second);
  expect(await ask({ ask: 'tree', repoURL: url, sha: first })).toMatchObject({ ok: false });
});

it('sends credentials over http, and shows them to nobody', async () => {
  create('shop');
  const sha = commit('shop', { a: '1' });
  execFileSync('git', ['clone', '-q', '--bare', join(folder, 'shop'), join(folder, 'bare.git')], { stdio: 'pipe' });
  const server = await serveGit(folder, 'robot:s3cret/+ word');
  try {
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/bare.git`;
    access = { insecure: false, username: 'robot', password: 'wrong-word' };
    expect(await shaOf(url, 'main')).not.toMatch(/wrong-word/);
    access = { insecure: false, username: 'robot', password: 's3cret/+ word' };
    source.refresh(url);
    expect(await shaOf(url, 'main')).toBe(sha);
    expect(await shaOf(`http://robot:s3cret%2F%2B%20word@127.0.0.1:${port}/bare.git`, 'main')).toBe(sha);
    const kept = readdirSync(join(folder, 'mirrors'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes('s3cret'));
    expect(kept).toEqual([]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
