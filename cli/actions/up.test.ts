import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram } from '../program.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';

/** Runs one command line in a folder; gives the exit code and stderr. */
async function pern(folder: string, ...words: string[]): Promise<{ code: number; err: string }> {
  let err = '';
  const code = await runProgram({
    words,
    stdout: { write: () => {} },
    stderr: {
      write(text) {
        err += text;
      },
    },
    environment: { PATH: process.env.PATH },
    folder,
    now: () => 0,
    onSignal: () => {},
  });
  return { code, err };
}

function repository(): string {
  const folder = temporaryFolder('pern-up-');
  mkdirSync(join(folder, 'pern-gitops'));
  execFileSync('git', ['init', '--quiet', folder]);
  return folder;
}

it('up refuses a port that is taken, and names the option', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { code, err } = await pern(repository(), 'up', '--api-port', String(port), '--ingress-port', '0');
  server.close();
  expect([code, err]).toEqual([
    2,
    `Error: port ${port} cannot be opened\n  why    another process uses it\n  fix    choose another one with --api-port N, or --api-port 0 for any free one\n`,
  ]);
});

it('up refuses a folder that is no git repository, and one without a tree', async () => {
  const none = temporaryFolder('pern-up-');
  expect((await pern('/', 'up', '--repository', none)).err).toContain('Error: this is not a git repository');
  execFileSync('git', ['init', '--quiet', none]);
  expect((await pern('/', 'up', '--repository', none)).err).toContain('has no pern-gitops/ to deploy');
});

it('up refuses state of another layout before anything is started', async () => {
  const folder = repository();
  mkdirSync(join(folder, '.pern'));
  const header = Buffer.alloc(100);
  header.write('SQLite format 3\0', 'latin1');
  header.writeUInt32BE(99, 60);
  writeFileSync(join(folder, '.pern', 'objects.db'), header);
  const { code, err } = await pern(
    folder,
    'up',
    '--api-port',
    '0',
    '--ingress-port',
    '0',
    '--state',
    join(folder, '.pern'),
  );
  expect(code).toBe(2);
  expect(err).toContain('has layout 99, this version reads 1');
  expect(err).toContain('pern down --purge');
});

it('status and down say that nothing runs; purge refuses a folder that is no state', async () => {
  const folder = repository();
  expect((await pern(folder, 'status')).err).toContain('No engine runs for');
  expect((await pern(folder, 'down')).code).toBe(0);
  const purge = await pern(folder, 'down', '--purge', '--state', join(folder, 'pern-gitops'));
  expect([purge.code, purge.err.includes('not the state of an engine')]).toEqual([2, true]);
});
