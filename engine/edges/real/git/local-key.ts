import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SourceError } from '../../../stages/commit/failures.ts';

/** An OpenPGP key that belongs to one state folder. */
export interface LocalKey {
  /** 16 hexadecimal digits. */
  id: string;
  fingerprint: string;
  /** The public key, armoured. */
  armoured: string;
  /** GnuPG home with the secret key, readable by its owner only. */
  home: string;
}

const OWNER = 'pern on this machine <pern@localhost>';
/** Written last, so that a folder without it is one whose making was broken off. */
const FACTS = 'key.json';

/**
 * The signing key in `home`, made when there is none. It has no passphrase: whoever can read the state folder of an
 * engine is its administrator anyway. Rejects with SourceError `GpgNotFound`.
 */
export async function openLocalKey(home: string): Promise<LocalKey> {
  const file = join(home, FACTS);
  if (existsSync(file)) return { ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<LocalKey, 'home'>), home };
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  return withAgent(home, async (agentHome) => {
    const gpg = (...args: string[]) =>
      run('gpg', ['--homedir', agentHome, '--batch', '--no-tty', '--quiet', '--yes', ...args], agentHome);
    await gpg('--passphrase', '', '--quick-gen-key', OWNER, 'ed25519', 'sign', 'never');
    const listed = await gpg('--with-colons', '--list-secret-keys');
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1];
    if (fingerprint === undefined) throw new Error(`gpg made no key in ${home}`);
    const facts = { id: fingerprint.slice(-16), fingerprint, armoured: await gpg('--armor', '--export', fingerprint) };
    writeFileSync(file, `${JSON.stringify(facts, undefined, 2)}\n`, { mode: 0o600 });
    return { ...facts, home };
  });
}

/** Makes or moves an annotated tag, signed with the key. The user's configuration of git and gpg is not asked. */
export async function signTag(
  key: LocalKey,
  folder: string,
  tag: { name: string; sha: string; message: string; tagger: string },
): Promise<void> {
  await withAgent(key.home, (agentHome) => {
    const settings = [
      'user.email=pern@localhost',
      `user.name=${tag.tagger.replace(/[<>\n]/g, ' ')}`,
      'gpg.format=openpgp',
      'gpg.program=gpg',
      'gpg.openpgp.program=gpg',
      'core.hooksPath=/dev/null',
      'tag.gpgSign=false',
    ].flatMap((setting) => ['-c', setting]);
    const what = ['tag', '--force', '--local-user', key.fingerprint, '--message', tag.message, tag.name, tag.sha];
    return run('git', ['-C', folder, ...settings, ...what], agentHome);
  });
}

/**
 * Runs something with an agent of its own that is gone afterwards. The agent's socket lies in its home, and the path of a
 * socket may have some hundred characters only, so the home is reached through a short link.
 */
async function withAgent<T>(home: string, use: (home: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'pern-key-'));
  const link = join(folder, 'h');
  symlinkSync(home, link);
  try {
    return await use(link);
  } finally {
    await run('gpgconf', ['--homedir', link, '--kill', 'gpg-agent'], link).catch(() => {});
    unlinkSync(link);
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[], home: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env: NodeJS.ProcessEnv = { ...process.env, GNUPGHOME: home, LC_ALL: 'C' };
    execFile(program, [...args], { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject((error.code as unknown) === 'ENOENT' ? missing(program) : failed(program, args, stderr));
    });
  });
}

function missing(program: string): Error {
  if (program === 'git') return new SourceError({ code: 'GitNotFound', message: 'there is no git on this machine' });
  return new SourceError({
    code: 'GpgNotFound',
    message: 'there is no gpg on this machine to sign and verify with',
    fix: 'install GnuPG (apt-get install gnupg, brew install gnupg)',
  });
}

function failed(program: string, args: readonly string[], stderr: string): Error {
  const what = args.find((arg) => /^(tag|--quick-gen-key|--export)$/.test(arg)) ?? '';
  return new Error(`${program} ${what} failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`);
}
