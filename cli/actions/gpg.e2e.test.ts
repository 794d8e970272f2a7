import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openCommandWorld } from '../testing/command-world.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';

it('gpg keeps public keys in the keyring, each under its own id', async () => {
  const folder = temporaryFolder('pern-gpg-test-');
  chmodSync(folder, 0o700);
  const gpg = (...args: string[]) =>
    execFileSync('gpg', ['--homedir', folder, '--batch', '--no-tty', '--yes', ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  gpg('--passphrase', '', '--quick-gen-key', 'Ada <ada@example.com>', 'ed25519', 'sign', 'never');
  const file = join(folder, 'ada.asc');
  writeFileSync(file, gpg('--armor', '--export'));
  execFileSync('gpgconf', ['--homedir', folder, '--kill', 'all'], { stdio: 'ignore' });
  const { store, pern } = openCommandWorld();
  const keyring = () =>
    Object.keys((store.get('ConfigMap', 'argocd', 'argocd-gpg-keys-cm')?.data ?? {}) as Record<string, string>);
  expect((await pern('gpg', 'add', '--from', file)).out).toMatch(/^Added: [0-9A-F]{16} \(Ada <ada@example.com>\)\n$/);
  const [id = ''] = keyring();
  expect(id).toMatch(/^[0-9A-F]{16}$/);
  expect((await pern('gpg', 'add', '--from', file)).out).toBe(`Already there: ${id} (Ada <ada@example.com>)\n`);
  const listed = await pern('gpg', 'list', '-o', 'json');
  expect(JSON.parse(listed.out)).toMatchObject([
    { id, type: 'ed25519', state: 'valid', owner: 'Ada <ada@example.com>' },
  ]);
  expect((await pern('gpg', 'get', id)).out).toContain('-----BEGIN PGP PUBLIC KEY BLOCK-----');
  writeFileSync(join(folder, 'none.txt'), 'no key');
  expect((await pern('gpg', 'add', '--from', join(folder, 'none.txt'))).trouble?.what).toContain('holds no public key');
  expect((await pern('gpg', 'rm', id)).code).toBe(0);
  expect(keyring()).toEqual([]);
  expect((await pern('gpg', 'rm', id)).trouble?.what).toBe(`the keyring has no key ${id}`);
});
