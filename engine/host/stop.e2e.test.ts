import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { processesOf } from './testing/processes.ts';
import { createRepository } from './testing/repository.ts';

const repository = createRepository();
afterAll(() => repository.remove());

const MAIN = join(import.meta.dirname, '..', 'main.ts');

/** Starts an engine and resolves when it has written its record. */
async function startUnread(stateFolder: string) {
  mkdirSync(stateFolder, { recursive: true });
  const written = new Promise<void>((resolve) => {
    const watcher = watch(stateFolder, () => {
      if (!existsSync(join(stateFolder, 'engine.json'))) return;
      watcher.close();
      resolve();
    });
  });
  const line = ['--repository', repository.path, '--state', stateFolder, '--api-port', '0', '--ingress-port', '0'];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, ...line, '--env', 'development'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  child.stderr.destroy();
  await written;
  return child;
}

it('stops in order on SIGTERM although nobody reads its log any more', async () => {
  const stateFolder = join(repository.folder, 'unread');
  const child = await startUnread(stateFolder);
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  expect(processesOf(stateFolder)).toEqual([]);
});
