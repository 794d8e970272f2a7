/** Differential test: the golden inputs rendered by a real kustomize or kubectl on this machine and by this library. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { build, KustomizeError, memoryFileSystem, toYaml } from './index.ts';
import { readGoldenCases, readTree } from './testing/golden-cases.ts';
import { randomTrees } from './testing/random-trees.ts';

/** What older versions are known to print differently, or refuse (spec §9): case → first version that agrees. */
const AGREES_SINCE: Readonly<Record<string, string>> = {
  'K03-images-and-replacements/a': '5.8.0',
  // Prints the version of the binary.
  'K09-build-metadata/overlay': '5.8.1',
};

interface Binary {
  name: string;
  version: string;
  render: (directory: string) => { stdout: string; stderr: string; status: number | null };
}

function run(command: string, args: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' });
  return { stdout: stdout ?? '', stderr: stderr ?? '', status };
}

function findBinaries(): Binary[] {
  const binaries: Binary[] = [];
  const own = run('kustomize', ['version']);
  if (own.status === 0)
    binaries.push({
      name: 'kustomize',
      version: own.stdout,
      render: (directory) => run('kustomize', ['build', directory]),
    });
  const kubectl = run('kubectl', ['version', '--client', '-o', 'json']);
  const embedded = /"kustomizeVersion": "([^"]+)"/.exec(kubectl.stdout)?.[1];
  if (embedded)
    binaries.push({
      name: 'kubectl',
      version: embedded,
      render: (directory) => run('kubectl', ['kustomize', directory]),
    });
  return binaries;
}

/** 5.8.1 → 5008001 */
function rank(version: string): number {
  const [major = 0, minor = 0, patch = 0] = (/\d+\.\d+\.\d+/.exec(version)?.[0] ?? '0.0.0').split('.').map(Number);
  return (major * 1000 + minor) * 1000 + patch;
}

const TREE = join(import.meta.dirname, '../../../../pern-gitops/apps/pern-app');

const folder = mkdtempSync(join(tmpdir(), 'kustomize-trees-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return folder;
}

/** Undefined: refused. */
function rendered(files: Record<string, string>): string | undefined {
  try {
    return toYaml(build(memoryFileSystem(files), '').resources);
  } catch (error) {
    if (error instanceof KustomizeError) return undefined;
    throw error;
  }
}

const binaries = findBinaries();

describe('the same bytes as the real binaries', () => {
  test('a binary is on PATH, or the comparison is reported as not made', () => {
    for (const { name, version } of binaries) process.stderr.write(`comparing with ${name} ${version.trim()}\n`);
    if (binaries.length === 0) process.stderr.write('NOT COMPARED: neither kustomize nor kubectl is on PATH\n');
    expect(binaries.every(({ version }) => rank(version) > 0)).toBe(true);
  });

  for (const binary of binaries.filter(({ version }) => rank(version) >= rank('5.8.0'))) {
    test(`${binary.name}: random small trees`, () => {
      const compare = (files: Record<string, string>) => {
        const real = binary.render(write(files));
        expect(rendered(files)).toBe(real.status === 0 ? real.stdout : undefined);
      };
      fc.assert(fc.property(randomTrees, compare), { seed: 11, numRuns: 100 });
    });
    for (const name of ['base', 'overlays/development', 'overlays/staging', 'overlays/production']) {
      test(`${binary.name}: this repository's ${name}`, () => {
        const real = binary.render(join(TREE, name));
        expect(real.status, real.stderr).toBe(0);
        expect(toYaml(build(memoryFileSystem(readTree(TREE)), name).resources)).toBe(real.stdout);
      });
    }
  }

  for (const binary of binaries) {
    for (const { name, root, directory, fileSystem } of readGoldenCases()) {
      if (rank(binary.version) < rank(AGREES_SINCE[name] ?? '0.0.0')) continue;
      test(`${binary.name}: ${name}`, () => {
        const real = binary.render(join(root, directory));
        expect(real.status, real.stderr).toBe(0);
        expect(toYaml(build(fileSystem, directory).resources)).toBe(real.stdout);
      });
    }
  }
});
