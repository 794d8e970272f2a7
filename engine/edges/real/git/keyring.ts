import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SignatureProcesses } from './signature-process.ts';

/** Imported keys are trusted: which of them may sign is the project's decision, not the web of trust's. */
const GPG_CONF = ['trust-model always', 'no-autostart', 'no-auto-key-locate', 'no-permission-warning', ''].join('\n');

/** A private GnuPG home that holds public keys and nothing else. */
export interface Keyring {
  home: string;
  /** When its keys expire, in milliseconds since the epoch, ascending. */
  expiriesMs: readonly number[];
  remove(): void;
}

/**
 * Imports public keys (key id → armoured text) into a new home. As Argo CD does, an entry must be named after the one
 * key it holds; one that is not, or does not parse, is left out. Rejects with SourceError `GpgNotFound`.
 */
export async function createKeyring(
  processes: SignatureProcesses,
  keys: Readonly<Record<string, string>>,
): Promise<Keyring> {
  const home = mkdtempSync(join(tmpdir(), 'pern-gpg-'));
  const remove = () => rmSync(home, { recursive: true, force: true });
  try {
    writeFileSync(join(home, 'gpg.conf'), GPG_CONF);
    // Makes the trust database, without which gpg does not even show a key that has expired.
    await processes.gpg(home, ['--trust-model', 'pgp', '--check-trustdb']);
    for (const name of Object.keys(keys).sort()) await importKey(processes, home, name, keys[name] ?? '');
    const listed = await processes.gpg(home, ['--with-colons', '--list-keys']);
    return { home, expiriesMs: expiries(listed.stdout), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

async function importKey(processes: SignatureProcesses, home: string, name: string, armoured: string): Promise<void> {
  if (!/^[0-9A-Fa-f]{16}$/.test(name)) return;
  const shown = await processes.gpg(home, ['--with-colons', '--import-options', 'show-only', '--import'], armoured);
  const ids = shown.stdout.split('\n').flatMap((line) => (line.startsWith('pub:') ? [line.split(':')[4] ?? ''] : []));
  if (ids.length !== 1 || ids[0]?.toUpperCase() !== name.toUpperCase()) return;
  await processes.gpg(home, ['--import'], armoured);
}

/** Field 7 of `pub` and `sub` lines is when the key expires, in seconds. */
function expiries(listing: string): number[] {
  return listing
    .split('\n')
    .filter((line) => line.startsWith('pub:') || line.startsWith('sub:'))
    .map((line) => Number(line.split(':')[6]) * 1000)
    .filter((timeMs) => timeMs > 0)
    .sort((left, right) => left - right);
}
