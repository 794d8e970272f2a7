import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { buildComponent } from './component-builder.ts';
import { ImageStore } from './image-store.ts';

const repository = join(import.meta.dirname, '..', '..', '..', '..');
const work = mkdtempSync(join(tmpdir(), 'pern-reproducible-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

it('equal sources and version give an equal digest, wherever they lie; another version another one', async () => {
  const elsewhere = join(work, 'elsewhere');
  cpSync(join(repository, 'pern-app'), join(elsewhere, 'pern-app'), {
    recursive: true,
    filter: (file) => !file.includes('node_modules'),
  });
  symlinkSync(join(repository, 'node_modules'), join(elsewhere, 'node_modules'));
  const build = (from: string, state: string, version: string) =>
    buildComponent({ repository: from, stateFolder: join(work, state), component: 'backend', version });
  const first = await build(repository, 'one', '7.0.0');
  const second = await build(elsewhere, 'two', '7.0.0');
  expect(second).toEqual(first);
  expect((await build(repository, 'one', '7.0.1')).imageId).not.toBe(first.imageId);
});

it('an image has the contract that its Dockerfile has', () => {
  const config = new ImageStore(join(work, 'one')).find('ghcr.io/pern-gitops/backend:7.0.0')?.config;
  const dockerfile = readFileSync(join(repository, 'pern-app/backend/Dockerfile'), 'utf8');
  const value = (instruction: string) => new RegExp(`^${instruction} (.*)$`, 'm').exec(dockerfile)?.[1] ?? '';
  const variables = (lines: Iterable<string>) =>
    new Map([...lines].map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const told = variables([...dockerfile.matchAll(/^ENV (.*)$/gm)].map(([, line = '']) => line.replaceAll('"', '')));
  const built = variables(config?.Env ?? []);
  expect(`${config?.User}:${config?.User}`).toBe(value('USER'));
  expect(config?.Entrypoint).toEqual(JSON.parse(value('ENTRYPOINT')));
  expect(config?.Cmd).toEqual(JSON.parse(value('CMD')));
  expect(config?.WorkingDir).toBe(/^WORKDIR (.*)\nCOPY --from/m.exec(dockerfile)?.[1]);
  expect(Object.keys(config?.ExposedPorts ?? {})).toEqual(
    value('EXPOSE')
      .split(' ')
      .map((port) => `${port}/tcp`),
  );
  for (const name of ['NODE_ENV', 'NODE_OPTIONS']) expect(built.get(name), name).toBe(told.get(name));
  expect([built.get('VERSION'), told.get('VERSION')]).toEqual(['7.0.0', '$VERSION']);
});
