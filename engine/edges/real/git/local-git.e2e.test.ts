import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Answer, Question } from '#machine/questions.ts';
import { kustomizeLibrary } from '../../../stages/render/kustomize.ts';
import { LocalGit } from './local-git.ts';

const URL = 'https://example.com/team/shop.git';
let folder: string;
let source: LocalGit;

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();
}

function commit(files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git('add', '-A');
  git('commit', '-q', '--allow-empty', '-m', 'change');
  return git('rev-parse', 'HEAD');
}

/** The first answer that `wanted` accepts. */
function answerTo(question: Question, wanted: (answer: Answer) => boolean = () => true): Promise<Answer> {
  return new Promise((resolve) => {
    const end = source.answer(question as never, (answer) => {
      if (!wanted(answer)) return;
      setImmediate(() => end());
      resolve(answer);
    });
  });
}

const revision = (name = 'HEAD'): Question => ({ ask: 'revision', repoURL: URL, revision: name });
const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
const failureOf = (answer: Answer) => (answer.ok ? undefined : answer.failure);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-git-'));
  git('init', '-q', '-b', 'main');
  source = new LocalGit({ 'https://EXAMPLE.com/team/shop': folder }, kustomizeLibrary);
});

afterEach(() => {
  source.close();
  rmSync(folder, { recursive: true });
});

it('resolves branches, tags, shas and HEAD', async () => {
  const first = commit({ 'a.yaml': configMap('a') });
  git('tag', '-a', 'v1', '-m', 'one');
  const second = commit({ 'a.yaml': configMap('b') });
  const shaOf = async (name: string) => {
    const answer = await answerTo(revision(name));
    return answer.ok ? (answer.value as { sha: string }).sha : answer.failure.code;
  };
  expect(await shaOf('HEAD')).toBe(second);
  expect(await shaOf('')).toBe(second);
  expect(await shaOf('main')).toBe(second);
  expect(await shaOf('v1')).toBe(first);
  expect(await shaOf(first.slice(0, 8))).toBe(first);
  expect(await shaOf('missing')).toBe('RevisionNotFound');
  expect(await shaOf('--upload-pack=x')).toBe('RevisionNotFound');
  expect(await answerTo(revision())).toMatchObject({ value: { message: 'change', author: 'T <t@example.com>' } });
});

it('answers anew when a commit is made', async () => {
  const first = commit({ 'a.yaml': configMap('a') });
  const seen: string[] = [];
  let wake = () => {};
  const end = source.answer(revision() as never, (answer) => {
    if (answer.ok) seen.push((answer.value as { sha: string }).sha);
    wake();
  });
  const until = async (sha: string) => {
    while (seen.at(-1) !== sha) await new Promise<void>((resolve) => (wake = resolve));
  };
  await until(first);
  await until(commit({ 'a.yaml': configMap('b') }));
  git('checkout', '-q', '-b', 'feature/x');
  await until(commit({ 'a.yaml': configMap('c') }));
  git('reset', '-q', '--hard', first);
  await until(first);
  end();
});

it('renders the commit, not the work tree', async () => {
  const sha = commit({ 'deploy/a.yaml': configMap('a'), 'deploy/b.yaml': configMap('b') });
  writeFileSync(join(folder, 'deploy/a.yaml'), 'broken: [');
  const answer = await answerTo({ ask: 'render', repoURL: URL, sha, source: { path: 'deploy' } });
  expect(answer).toMatchObject({
    ok: true,
    value: { sourceType: 'Directory', manifests: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }] },
  });
});

it('renders a Kustomize overlay with its base elsewhere', async () => {
  const sha = commit({
    'base/kustomization.yaml': 'resources: [a.yaml]\n',
    'base/a.yaml': configMap('a'),
    'overlays/dev/kustomization.yaml': 'resources: [../../base]\nnamePrefix: dev-\n',
  });
  const answer = await answerTo({ ask: 'render', repoURL: URL, sha, source: { path: 'overlays/dev' } });
  expect(answer).toMatchObject({
    ok: true,
    value: { sourceType: 'Kustomize', manifests: [{ metadata: { name: 'dev-a' } }] },
  });
});

it('lists the tree and reads files', async () => {
  const sha = commit({ 'envs/dev/x.yaml': 'a: 1', 'README.md': 'hello' });
  expect(await answerTo({ ask: 'tree', repoURL: URL, sha })).toEqual({
    ok: true,
    value: { directories: ['envs', 'envs/dev'], files: ['README.md', 'envs/dev/x.yaml'] },
  });
  expect(await answerTo({ ask: 'files', repoURL: URL, sha, paths: ['README.md'] })).toEqual({
    ok: true,
    value: { contents: { 'README.md': 'hello' } },
  });
  expect(failureOf(await answerTo({ ask: 'files', repoURL: URL, sha, paths: ['no'] }))?.code).toBe('FileNotFound');
});

it('reads a bare repository and a linked work tree', async () => {
  const sha = commit({ 'a.yaml': configMap('a') });
  const bare = `${folder}-bare`;
  const linked = `${folder}-linked`;
  execFileSync('git', ['clone', '-q', '--bare', folder, bare], { stdio: 'pipe' });
  git('worktree', 'add', '-q', linked);
  const other = new LocalGit({ 'https://x/bare': bare, 'https://x/linked': linked }, kustomizeLibrary);
  try {
    for (const repoURL of ['https://x/bare', 'https://x/linked']) {
      const answer = await new Promise<Answer>((resolve) =>
        other.answer({ ask: 'revision', repoURL, revision: 'HEAD' }, resolve),
      );
      expect(answer).toMatchObject({ ok: true, value: { sha } });
    }
  } finally {
    other.close();
    rmSync(bare, { recursive: true });
    rmSync(linked, { recursive: true });
  }
});

it('follows links inside the repository and refuses those that leave it', async () => {
  commit({ 'shared/a.yaml': configMap('a'), 'deploy/keep.md': '' });
  symlinkSync('../shared/a.yaml', join(folder, 'deploy/a.yaml'));
  const inside = commit({});
  expect(await answerTo({ ask: 'render', repoURL: URL, sha: inside, source: { path: 'deploy' } })).toMatchObject({
    ok: true,
    value: { manifests: [{ metadata: { name: 'a' } }] },
  });
  symlinkSync('../../etc/passwd', join(folder, 'deploy/b.yaml'));
  const outside = commit({});
  const failure = failureOf(await answerTo({ ask: 'render', repoURL: URL, sha: outside, source: { path: 'deploy' } }));
  expect(failure).toMatchObject({ code: 'SymlinkOutsideRoot', at: { file: 'deploy/b.yaml' } });
});

it('refuses submodules, unknown commits, unmapped and vanished repositories', async () => {
  const sha = commit({ 'a.yaml': configMap('a') });
  git('update-index', '--add', '--cacheinfo', `160000,${sha},vendor`);
  git('commit', '-q', '-m', 'submodule');
  const withModule = git('rev-parse', 'HEAD');
  const code = async (question: Question) => failureOf(await answerTo(question))?.code;
  expect(await code({ ask: 'render', repoURL: URL, sha: withModule, source: { path: 'vendor' } })).toBe(
    'NotReproduced',
  );
  expect(await code({ ask: 'tree', repoURL: URL, sha: 'f'.repeat(40) })).toBe('RevisionNotFound');
  expect(await code({ ask: 'tree', repoURL: 'https://example.com/other', sha })).toBe('RepositoryNotFound');
  rmSync(folder, { recursive: true });
  expect(await code(revision())).toBe('RepositoryNotFound');
  mkdirSync(folder);
  expect(await code(revision())).toBe('RepositoryNotFound');
});
