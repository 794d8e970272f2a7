/** Differential test: the golden inputs rendered by a real kustomize or kubectl on this machine and by this library. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { build, toYaml } from './index.ts';
import { readGoldenCases } from './testing/golden-cases.ts';

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

const binaries = findBinaries();

describe('the same bytes as the real binaries', () => {
  test('a binary is on PATH, or the comparison is reported as not made', () => {
    for (const { name, version } of binaries) process.stderr.write(`comparing with ${name} ${version.trim()}\n`);
    if (binaries.length === 0) process.stderr.write('NOT COMPARED: neither kustomize nor kubectl is on PATH\n');
    expect(binaries.every(({ version }) => rank(version) > 0)).toBe(true);
  });

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
