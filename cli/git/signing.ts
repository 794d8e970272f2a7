import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The key that an engine made in its state folder (engine/edges/real/git/local-key.ts). */
export interface SigningKey {
  home: string;
  fingerprint: string;
}

/**
 * The key to sign a commit with; undefined when git is configured to sign by itself, or when there is no key of this
 * machine.
 */
export function signingKey(repository: string, stateFolder: string): SigningKey | undefined {
  const fingerprint = signingFingerprint(stateFolder);
  if (fingerprint === undefined || signsByItself(repository)) return undefined;
  return { home: keyHome(stateFolder), fingerprint };
}

/** Undefined when the state folder has no key. */
export function signingFingerprint(stateFolder: string): string | undefined {
  const facts = join(keyHome(stateFolder), 'key.json');
  if (!existsSync(facts)) return undefined;
  return (JSON.parse(readFileSync(facts, 'utf8')) as { fingerprint: string }).fingerprint;
}

function keyHome(stateFolder: string): string {
  return join(stateFolder, 'gnupg');
}

function signsByItself(repository: string): boolean {
  const question = ['-C', repository, 'config', '--type=bool', '--get', 'commit.gpgSign'];
  return spawnSync('git', question, { encoding: 'utf8' }).stdout?.trim() === 'true';
}

/**
 * Runs git commands that sign with this key, by options and environment alone: no configuration is written. The home is
 * reached through a short link, because the agent's socket lies in it and such a path may not be long.
 */
export function withSigning<T>(
  key: SigningKey | undefined,
  use: (signing: { options: readonly string[]; environment: Readonly<Record<string, string>> }) => T,
): T {
  if (key === undefined) return use({ options: [], environment: {} });
  const folder = mkdtempSync(join(tmpdir(), 'pern-key-'));
  const link = join(folder, 'h');
  symlinkSync(key.home, link);
  const settings = ['commit.gpgSign=true', `user.signingKey=${key.fingerprint}`, 'gpg.format=openpgp'];
  const programs = ['gpg.program=gpg', 'gpg.openpgp.program=gpg'];
  try {
    return use({
      options: [...settings, ...programs].flatMap((setting) => ['-c', setting]),
      environment: { GNUPGHOME: link },
    });
  } finally {
    endAgent(link);
    unlinkSync(link);
    rmSync(folder, { recursive: true, force: true });
  }
}

function endAgent(home: string): void {
  try {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'], { stdio: 'ignore' });
  } catch {
    // Without gpgconf no agent was started either.
  }
}
