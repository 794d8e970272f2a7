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
  'K13-value-add-and-validators/tenant-a': '5.0.1',
  'K15-replacements-into-text/a': '5.8.0',
  // Prints the version of the binary.
  'K09-build-metadata/overlay': '5.8.1',
};

interface Binary {
  name: string;
  version: string;
  render: (directory: string) => { stdout: string; stderr: string; status: number | null };
}

function run(command: string, args: readonly string[]) {
  const { stdout, stderr, status, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1e8 });
  return { stdout: stdout ?? '', stderr: stderr || (error?.message ?? ''), status };
}

/** What is looked for and why it was not used, said out loud before the comparison. */
const unused: string[] = [];

function findBinaries(): Binary[] {
  const binaries: Binary[] = [];
  // A path may be given, as for the benchmarks.
  const command = process.env.KUSTOMIZE ?? 'kustomize';
  const own = run(command, ['version']);
  if (own.status === 0)
    binaries.push({
      name: 'kustomize',
      version: own.stdout,
      render: (directory) => run(command, ['build', directory]),
    });
  else unused.push(`${command}: ${own.stderr.trim() || 'not on PATH'}`);
  const kubectl = run('kubectl', ['version', '--client', '-o', 'json']);
  const embedded = /"kustomizeVersion": "([^"]+)"/.exec(kubectl.stdout)?.[1];
  if (embedded)
    binaries.push({
      name: 'kubectl',
      version: embedded,
      render: (directory) => run('kubectl', ['kustomize', directory]),
    });
  else unused.push(`kubectl: ${kubectl.status === 0 ? 'names no kustomize version' : 'not on PATH'}`);
  return binaries;
}

/** 5.8.1 → 5008001 */
function rank(version: string): number {
  const [major = 0, minor = 0, patch = 0] = (/\d+\.\d+\.\d+/.exec(version)?.[0] ?? '0.0.0').split('.').map(Number);
  return (major * 1000 + minor) * 1000 + patch;
}

/** What random trees and this repository's use is the same in every version from here on. */
const RANDOM_TREES_SINCE = rank('5.4.2');

/** More of them: KUSTOMIZE_RANDOM_TREES=1000 npx vitest run --project e2e engine/mechanism/lib/kustomize */
const RANDOM_TREES = Number(process.env.KUSTOMIZE_RANDOM_TREES ?? 20);

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
    for (const { name, version } of binaries) {
      const known = Object.values(AGREES_SINCE).filter((since) => rank(version) < rank(since)).length;
      const less = known > 0 ? `, without the ${known} cases that it is known to build differently` : '';
      process.stderr.write(`COMPARED with ${name} ${version.trim()}${less}\n`);
    }
    for (const reason of unused) process.stderr.write(`NOT COMPARED with ${reason}\n`);
    if (binaries.length === 0)
      process.stderr.write('NOT COMPARED at all: set $KUSTOMIZE or install kustomize or kubectl\n');
    expect(binaries.every(({ version }) => rank(version) > 0)).toBe(true);
  });

  for (const binary of binaries.filter(({ version }) => rank(version) >= RANDOM_TREES_SINCE)) {
    test(`${binary.name}: random small trees`, () => {
      const compare = (files: Record<string, string>) => {
        const real = binary.render(write(files));
        expect(rendered(files)).toBe(real.status === 0 ? real.stdout : undefined);
      };
      fc.assert(fc.property(randomTrees, compare), { seed: 11, numRuns: RANDOM_TREES });
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
