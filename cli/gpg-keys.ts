import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from './errors.ts';

/** A public key as people know it. */
export interface KeyFacts {
  /** 16 hexadecimal digits. */
  id: string;
  fingerprint: string;
  /** `ed25519`, `rsa4096`. */
  type: string;
  owner: string;
  state: 'valid' | 'expired' | 'revoked';
  armoured: string;
}

/** The public keys in a text, read by gpg in a key folder of their own; empty when there are none. Throws CliError. */
export function readKeys(armoured: string): KeyFacts[] {
  const home = mkdtempSync(join(tmpdir(), 'pern-gpg-'));
  try {
    gpg(home, ['--import'], armoured);
    const listing = gpg(home, ['--with-colons', '--list-keys']);
    const blocks = listing.split(/^(?=pub:)/m).filter((text) => text.startsWith('pub:'));
    return blocks.map((block) => keyFacts(home, block));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** One key of `--with-colons`: field 2 is the validity, 4 the algorithm, 5 the id, 10 the text, 17 the curve. */
function keyFacts(home: string, block: string): KeyFacts {
  const lines = block.split('\n').map((line) => line.split(':'));
  const fieldsOf = (type: string) => lines.find(([name]) => name === type) ?? [];
  const pub = fieldsOf('pub');
  const id = pub[4] ?? '';
  const fingerprint = fieldsOf('fpr')[9] ?? '';
  return {
    id,
    fingerprint,
    type: pub[16] || `${ALGORITHMS[pub[3] ?? ''] ?? 'algorithm '}${pub[2] ?? ''}`,
    owner: unescaped(fieldsOf('uid')[9] ?? ''),
    state: pub[1] === 'e' ? 'expired' : pub[1] === 'r' ? 'revoked' : 'valid',
    armoured: gpg(home, ['--armor', '--export', fingerprint || id]),
  };
}

const ALGORITHMS: Readonly<Record<string, string>> = { '1': 'rsa', '17': 'dsa', '19': 'ecdsa', '22': 'eddsa' };

function unescaped(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function gpg(home: string, args: readonly string[], input = ''): string {
  const options = ['--homedir', home, '--batch', '--no-tty', '--no-autostart', '--no-permission-warning'];
  const { error, stdout } = spawnSync('gpg', [...options, ...args], { input, encoding: 'utf8' });
  if (error === undefined) return stdout;
  throw new CliError({
    what: 'there is no gpg on this machine to read keys with',
    why: error.message,
    fix: 'install GnuPG (apt-get install gnupg, brew install gnupg)',
  });
}
