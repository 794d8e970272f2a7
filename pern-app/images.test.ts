import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DOCKERIGNORE, renderDockerfile } from './dockerfile.ts';
import { images } from './images.ts';

const at = (path: string) => join(import.meta.dirname, path);

describe.each(images)('image $name', ({ entries, assets, vite, config }) => {
  test('every source it names exists', () => {
    for (const entry of Object.values(entries)) expect(existsSync(at(entry)), entry).toBe(true);
    for (const { from } of assets) expect(readdirSync(at(from)).length, from).toBeGreaterThan(0);
    if (vite !== undefined) expect(existsSync(at(join(vite.root, 'vite.config.ts'))), vite.root).toBe(true);
  });

  test('readiness 8, 9: it starts node itself, not as root, and the command is one of its entries', () => {
    expect(config.entrypoint).toEqual(['node']);
    expect(Number(config.user)).toBeGreaterThan(0);
    expect(Object.keys(entries).map((name) => `${name}.js`)).toContain(config.cmd[0]);
  });

  test('readiness 10: the heap ends below the memory limit', () => {
    expect(config.env.NODE_OPTIONS).toBe('--max-old-space-size-percentage=70');
  });
});

describe.each(images)('Dockerfile of $name', (image) => {
  const dockerfile = readFileSync(at(`${image.name}/Dockerfile`), 'utf8');
  const values = (instruction: string) =>
    [...dockerfile.matchAll(new RegExp(`^${instruction} (.*)$`, 'gm'))].map(([, value = '']) => value);

  test('is what the definition renders to (node pern-app/dockerfile.ts)', () => {
    expect(dockerfile).toBe(renderDockerfile(image));
    expect(readFileSync(at(`${image.name}/Dockerfile.dockerignore`), 'utf8')).toBe(DOCKERIGNORE);
  });

  test('readiness 9, 34: two stages, both pinned by digest; npm ci; no root, no shell form, high ports', () => {
    expect(values('FROM')).toHaveLength(2);
    for (const base of values('FROM')) expect(base).toMatch(/^[a-z.]+\/\S+:\S+@sha256:[0-9a-f]{64}( AS build)?$/);
    expect(values('FROM')[1]).toContain('distroless');
    expect(values('RUN')[0]).toContain('npm ci --ignore-scripts');
    expect(values('USER')).toEqual([`${image.config.user}:${image.config.user}`]);
    expect(
      values('EXPOSE')[0]
        ?.split(' ')
        .every((port) => Number(port) > 1023),
    ).toBe(true);
  });

  test('has the contract of the definition: entry point, command, folder, ports, environment', () => {
    expect(JSON.parse(values('ENTRYPOINT')[0] ?? '')).toEqual(image.config.entrypoint);
    expect(JSON.parse(values('CMD')[0] ?? '')).toEqual(image.config.cmd);
    expect(values('WORKDIR').at(-1)).toBe(image.config.workingDir);
    expect(values('EXPOSE')[0]?.split(' ').map(Number)).toEqual(image.config.exposedPorts);
    const env = Object.fromEntries(values('ENV').map((line) => /^(\w+)="(.*)"$/.exec(line)?.slice(1) ?? []));
    expect(env).toMatchObject({ ...image.config.env, VERSION: '$VERSION', FAULTS: '$FAULTS' });
  });
});
