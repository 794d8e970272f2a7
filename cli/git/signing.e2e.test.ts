import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLocalKey, signTag } from '../../engine/edges/real/git/local-key.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { commitFiles, localApprovals } from './repository.ts';
import { signingFingerprint, signingKey } from './signing.ts';

const links = () => readdirSync(tmpdir()).filter((name) => name.startsWith('pern-key-'));

it('release and promote sign with the key of the state folder, and configure nothing', async () => {
  const folder = temporaryFolder('pern-sign-');
  // The path of a socket may have some hundred characters; this one has more.
  const state = join(folder, 'a-long-name-'.repeat(8), 'state');
  const repository = join(folder, 'repository');
  mkdirSync(repository);
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  git('init', '--quiet', '--initial-branch=main');
  const write = (text: string) => {
    writeFileSync(join(repository, 'file'), text);
    git('add', 'file');
  };
  const before = links();
  expect(signingKey(repository, state)).toBeUndefined();
  write('one');
  commitFiles(repository, ['file'], 'unsigned', signingKey(repository, state));
  expect(git('log', '-1', '--format=%G?')).toBe('N');

  const key = await openLocalKey(join(state, 'gnupg'));
  expect(await openLocalKey(join(state, 'gnupg')), 'the same key the next time').toEqual(key);
  expect([key.id, signingFingerprint(state)]).toEqual([key.fingerprint.slice(-16), key.fingerprint]);
  expect(statSync(key.home).mode & 0o077, 'private').toBe(0);
  write('two');
  commitFiles(repository, ['file'], 'signed', signingKey(repository, state));
  const shown = execFileSync('git', ['-C', repository, 'log', '-1', '--format=%G? %GF'], {
    encoding: 'utf8',
    env: { ...process.env, GNUPGHOME: key.home },
  });
  expect(shown.trim()).toMatch(new RegExp(`^[GU] ${key.fingerprint}$`));
  expect(git('config', '--local', '--list')).not.toMatch(/gpg|sign/i);

  await signTag(key, repository, { name: 'approved/shop', sha: 'HEAD', message: 'Approve', tagger: 'a <b> c' });
  git('tag', 'approved/by-somebody-else');
  expect(localApprovals(repository)).toEqual(['approved/shop']);

  git('config', 'commit.gpgSign', 'true');
  expect(signingKey(repository, state), 'who signs by himself is left to it').toBeUndefined();
  expect(links(), 'no folder is left behind').toEqual(before);
  expect(existsSync(join(key.home, 'S.gpg-agent')), 'no agent is left behind').toBe(false);
});
