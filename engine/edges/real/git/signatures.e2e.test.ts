import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '#machine/questions.ts';
import type { RevisionSignature } from '#machine/signatures.ts';
import { kustomizeLibrary } from '../../../stages/render/kustomize.ts';
import { LocalGit } from './local-git.ts';

const REPO = 'https://example.com/team/shop.git';
const AUTHOR = 'Ada <ada@example.com>';

let root: string;
let home: string;
let folder: string;
let source: LocalGit;

const environment = () => ({
  PATH: process.env.PATH,
  GNUPGHOME: home,
  LC_ALL: 'C',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
});

function run(program: string, args: readonly string[], input = ''): string {
  const stdio: 'pipe'[] = ['pipe', 'pipe', 'pipe'];
  return execFileSync(program, [...args], { cwd: folder, env: environment(), input, stdio, encoding: 'utf8' }).trim();
}

const git = (...args: string[]) => run('git', args);
const gpg = (args: readonly string[], input = '') => run('gpg', ['--batch', '--no-tty', '--yes', ...args], input);

interface Key {
  id: string;
  fingerprint: string;
}

/** A signing key without a passphrase, made at a time of the past. */
function makeKey(name: string, expires: string, bornAt = '20200101T000000'): Key {
  const quick = ['--passphrase', '', '--quick-gen-key', `${name} <${name}@example.com>`, 'ed25519', 'sign', expires];
  gpg(['--faked-system-time', `${bornAt}!`, ...quick]);
  const listed = gpg(['--with-colons', '--list-keys', `${name}@example.com`]);
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
  return { id: fingerprint.slice(-16), fingerprint };
}

const exported = (key: Key) => gpg(['--armor', '--export', key.fingerprint]);

/** `gpg` with options of its own, as git's `gpg.program`. */
function program(name: string, ...options: string[]): string {
  const file = join(root, name);
  writeFileSync(file, `#!/bin/sh\nexec gpg ${options.join(' ')} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

function commit(message: string, key?: Key, gpgProgram = 'gpg'): string {
  const sign = key === undefined ? ['--no-gpg-sign'] : [`-S${key.fingerprint}`];
  git('-c', `gpg.program=${gpgProgram}`, 'commit', '--quiet', '--allow-empty', '-m', message, ...sign);
  return git('rev-parse', 'HEAD');
}

/** The commit with another message under the same signature. */
function tampered(sha: string): string {
  const object = git('cat-file', 'commit', sha);
  return run('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], `${object}\nand more\n`);
}

let keys: { good: Key; old: Key; revoked: Key; stranger: Key };
let keyring: Record<string, string>;
const commits: Record<string, string> = {};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pern-sig-'));
  home = join(root, 'gnupg');
  folder = join(root, 'shop');
  mkdirSync(home, { mode: 0o700 });
  mkdirSync(folder);
  git('init', '--quiet', '--initial-branch=main');
  keys = {
    good: makeKey('good', 'never'),
    old: makeKey('old', '2020-06-01'),
    revoked: makeKey('revoked', 'never'),
    stranger: makeKey('stranger', 'never'),
  };
  const past = program('past', '--faked-system-time', '20200301T000000!');
  const brief = program('brief', '--faked-system-time', '20200301T000000!', '--default-sig-expire', '1d');
  commits.unsigned = commit('unsigned');
  commits.good = commit('good', keys.good);
  commits.old = commit('old', keys.old, past);
  commits.expired = commit('expired signature', keys.good, brief);
  commits.revoked = commit('revoked', keys.revoked);
  commits.stranger = commit('stranger', keys.stranger);
  commits.bad = tampered(commits.good);
  const revocation = readFileSync(join(home, 'openpgp-revocs.d', `${keys.revoked.fingerprint}.rev`), 'utf8');
  gpg(['--import'], revocation.replace(':-----BEGIN', '-----BEGIN'));
  keyring = Object.fromEntries([keys.good, keys.old, keys.revoked].map((key) => [key.id, exported(key)]));
  source = new LocalGit({ [REPO]: folder }, kustomizeLibrary);
}, 30_000);

afterAll(() => {
  source.close();
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' });
  rmSync(root, { recursive: true, force: true });
});

interface Asked {
  revision?: string;
  history?: boolean;
  keyring?: Record<string, string>;
  from?: LocalGit;
}

function ask(sha: string, { revision = sha, history = false, from = source, keyring: given }: Asked = {}) {
  return new Promise<Answer<{ ask: 'signatures' } & never>>((resolve) => {
    const cancel = from.answer(
      { ask: 'signatures', repoURL: REPO, revision, sha, history, keyring: given ?? keyring },
      (answer) => {
        queueMicrotask(() => cancel());
        resolve(answer as never);
      },
    );
  });
}

async function signatures(sha: string, asked: Asked = {}): Promise<readonly RevisionSignature[]> {
  const answer = (await ask(sha, asked)) as Answer;
  if (!answer.ok || !('signatures' in answer.value)) throw new Error(JSON.stringify(answer));
  return answer.value.signatures;
}

const resultOf = async (sha: string, asked: Asked = {}) => (await signatures(sha, asked)).map(({ result }) => result);

describe('a commit', () => {
  it('that is signed names its key and author', async () => {
    const revision = commits.good as string;
    expect(await signatures(revision)).toEqual([{ revision, result: 'signed', keyId: keys.good.id, identity: AUTHOR }]);
  });

  it.each([
    ['unsigned', 'unsigned'],
    ['bad', 'bad signature'],
    ['old', 'signed with expired key'],
    ['expired', 'expired signature'],
    ['revoked', 'signed with revoked key'],
    ['stranger', 'signed with key not in keyring'],
  ])('%s is %s', async (name, result) => {
    expect(await resultOf(commits[name] as string)).toEqual([result]);
  });

  it('is judged by the keyring that is given, where each entry must hold the key it is named after', async () => {
    const sha = commits.good as string;
    const missing = ['signed with key not in keyring'];
    expect(await resultOf(sha, { keyring: {} })).toEqual(missing);
    expect(await resultOf(sha, { keyring: { [keys.old.id]: exported(keys.good) } })).toEqual(missing);
    expect(await resultOf(sha, { keyring: { [keys.good.id]: 'no key' } })).toEqual(missing);
    expect(await resultOf(sha, { keyring: { [keys.good.id]: exported(keys.good), '../x': 'no key' } })).toEqual([
      'signed',
    ]);
  });

  it('is not verified through what a repository configures or replaces', async () => {
    git('config', 'gpg.program', program('liar', '--version'));
    git('replace', commits.unsigned as string, commits.good as string);
    try {
      expect(await resultOf(commits.unsigned as string, { history: false })).toEqual(['unsigned']);
    } finally {
      git('replace', '-d', commits.unsigned as string);
      git('config', '--unset', 'gpg.program');
    }
  });
});

describe('a tag', () => {
  it('that is annotated is verified instead of its commit (cd/G14)', async () => {
    const sha = commits.unsigned as string;
    git('tag', '-m', 'signed tag', '-s', '-u', keys.good.fingerprint, 'v1', sha);
    git('tag', '-m', 'not signed', '-a', 'v2', sha);
    git('tag', 'v3', commits.good as string);
    const tag = { revision: 'v1', result: 'signed', keyId: keys.good.id, identity: AUTHOR };
    expect(await signatures(sha, { revision: 'v1' })).toEqual([tag]);
    expect(await signatures(sha, { revision: 'refs/tags/v1' })).toEqual([tag]);
    expect(await signatures(sha, { revision: 'v2' })).toEqual([
      { revision: 'v2', result: 'unsigned', keyId: '', identity: AUTHOR },
    ]);
    expect(await signatures(commits.good as string, { revision: 'v3' }), 'lightweight').toMatchObject([
      { revision: commits.good, result: 'signed' },
    ]);
  });

  it('whose signature is bad, unknown, or of an expired or revoked key is none', async () => {
    const sha = commits.unsigned as string;
    git('tag', '-m', 'stranger', '-s', '-u', keys.stranger.fingerprint, 'v4', sha);
    expect(await resultOf(sha, { revision: 'v4' })).toEqual(['signed with key not in keyring']);
    const object = git('cat-file', 'tag', 'v1').replace('signed tag', 'signed tax');
    git('update-ref', 'refs/tags/v5', run('git', ['hash-object', '-t', 'tag', '-w', '--stdin'], `${object}\n`));
    expect(await resultOf(sha, { revision: 'v5' })).toEqual(['bad signature']);
    const past = program('past', '--faked-system-time', '20200301T000000!');
    git('-c', `gpg.program=${past}`, 'tag', '-m', 'old', '-s', '-u', keys.old.fingerprint, 'v6', sha);
    expect(await resultOf(sha, { revision: 'v6' })).toEqual(['signed with expired key']);
  });

  it('that names a branch too is the branch', async () => {
    git('branch', 'v1', commits.unsigned as string);
    expect(await resultOf(commits.unsigned as string, { revision: 'v1' })).toEqual(['unsigned']);
    git('branch', '-D', 'v1');
  });

  it('that points elsewhere by now does not vouch for the commit that is asked about', async () => {
    expect(await resultOf(commits.stranger as string, { revision: 'v1' })).toEqual(['signed with key not in keyring']);
  });
});

describe('history', () => {
  it('goes back to the first commit, the tag before all (cd/G15)', async () => {
    const newestFirst = ['signed with key not in keyring', 'signed with revoked key', 'expired signature'];
    const all = [...newestFirst, 'signed with expired key', 'signed', 'unsigned'];
    expect(await resultOf(commits.stranger as string, { history: true })).toEqual(all);
    git('tag', '-m', 'on top', '-s', '-u', keys.good.fingerprint, 'v9', commits.stranger as string);
    expect(await resultOf(commits.stranger as string, { revision: 'v9', history: true })).toEqual(['signed', ...all]);
  });

  it('ends at signed seal commits, included, and at no others (cd/G16)', async () => {
    const before = commits.stranger as string;
    git('checkout', '--quiet', '--detach', before);
    const unsealed = commit('not signed\n\nArgocd-gpg-seal: a lie');
    expect((await resultOf(unsealed, { history: true })).length).toBe(7);
    const seal = commit('sealed\n\nargocd-gpg-Seal: reviewed', keys.good);
    expect(await resultOf(seal, { history: true }), 'the seal itself').toEqual(['signed']);
    const after = commit('after', keys.good);
    expect((await signatures(after, { history: true })).map(({ revision }) => revision)).toEqual([after, seal]);
    git('checkout', '--quiet', 'main');
  });

  it('that a shallow clone does not have is a failure', async () => {
    const shallow = join(root, 'shallow');
    run('git', ['clone', '--quiet', '--depth=1', `file://${folder}`, shallow]);
    const other = new LocalGit({ [REPO]: shallow }, kustomizeLibrary);
    const answer = (await ask(git('rev-parse', 'main'), { history: true, from: other })) as Answer;
    other.close();
    expect(answer.ok ? undefined : answer.failure.code).toBe('HistoryIsShallow');
  });
});

it('says how to get gpg when there is none', async () => {
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const path = process.env.PATH;
  process.env.PATH = bin;
  const other = new LocalGit({ [REPO]: folder }, kustomizeLibrary);
  const answer = (await ask(commits.good as string, { from: other })) as Answer;
  process.env.PATH = path;
  other.close();
  expect(answer.ok ? undefined : answer.failure).toMatchObject({
    code: 'GpgNotFound',
    fix: 'install GnuPG (apt-get install gnupg, brew install gnupg)',
  });
});

it('leaves no key folder behind', async () => {
  const homes = () => readdirSync(tmpdir()).filter((name) => name.startsWith('pern-gpg-'));
  const before = new Set(homes());
  const other = new LocalGit({ [REPO]: folder }, kustomizeLibrary);
  await ask(commits.good as string, { from: other });
  expect(homes().length).toBe(before.size + 1);
  other.close();
  expect(homes().length).toBe(before.size);
});
