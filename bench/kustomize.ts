import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { diskFileSystem } from '../cli/disk-files.ts';
import { build, memoryFileSystem, ParseCache, toYaml } from '../engine/mechanism/lib/kustomize/index.ts';
import { type BenchContext, progress } from './context.ts';
import type { Row } from './samples.ts';

const RUNS = 7;
const WARM_UP_RUNS = 20;
const ROOT = join(import.meta.dirname, '..');
const TREE = join(ROOT, 'pern-gitops', 'apps', 'pern-app');
const DIRECTORIES = ['base', 'overlays/staging', 'overlays/production'];
const RESOURCES = 1000;
const PATCHES = 50;

/** Our renderer and, where one is on PATH (or named by $KUSTOMIZE), the real binary, in the same run and to the same bytes. */
export function measureKustomize(_context: BenchContext): Row[] {
  const binary = findBinary();
  return [...measureTree(binary), ...measureGenerated(binary)];
}

function findBinary(): string | undefined {
  const command = process.env.KUSTOMIZE ?? 'kustomize';
  const version = spawnSync(command, ['version'], { encoding: 'utf8' });
  progress(version.status === 0 ? `comparing with ${command} ${version.stdout.trim()}` : 'no kustomize on PATH');
  return version.status === 0 ? command : undefined;
}

function measureTree(binary: string | undefined): Row[] {
  return DIRECTORIES.flatMap((name) => {
    const directory = join(TREE, name);
    const files = diskFileSystem(TREE);
    const cache = new ParseCache();
    const render = () => toYaml(build(files, name, { cache }).resources);
    const cold = repeat(() => runOurs(directory));
    const ours = warm(render);
    const rows: Row[] = [
      row(`${name}: pern kustomize, process start and all`, 'ms', cold),
      { ...row(`${name}: in a running process`, 'ms', ours), aim: { comparison: '≤', value: 5 } },
    ];
    if (binary === undefined) return rows;
    const real = repeat(() => runBinary(binary, directory));
    requireSame(name, render(), spawnSync(binary, ['build', directory], { encoding: 'utf8' }).stdout);
    rows.push(row(`${name}: kustomize build`, 'ms', real));
    rows.push({ ...row(`${name}: binary / running process`, 'ratio', quotients(real, ours)), aim: atLeast(20) });
    return rows;
  });
}

function measureGenerated(binary: string | undefined): Row[] {
  const folder = mkdtempSync(join(tmpdir(), 'bench-kustomize-'));
  try {
    const files = generatedTree();
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const what = `${RESOURCES} resources, ${PATCHES} patches`;
    const fileSystem = memoryFileSystem(files);
    const render = () => toYaml(build(fileSystem, '').resources);
    const ours = repeat(() => timed(render));
    const cold = repeat(() => runOurs(folder));
    const rows = [
      row(`${what}: pern kustomize, process start and all`, 'ms', cold),
      row(`${what}: in a running process`, 'ms', ours),
      ...measureIncremental(files, what),
    ];
    if (binary === undefined) return rows;
    const real = repeat(() => runBinary(binary, folder));
    requireSame(what, render(), spawnSync(binary, ['build', folder], { encoding: 'utf8', maxBuffer: 1e9 }).stdout);
    rows.push(row(`${what}: kustomize build`, 'ms', real));
    rows.push({ ...row(`${what}: binary / pern kustomize`, 'ratio', quotients(real, cold)), aim: atLeast(5) });
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One file changes, everything is rendered again, parsed files are kept; the output is not written as text. */
function measureIncremental(files: ReadonlyMap<string, string>, what: string): Row[] {
  const cache = new ParseCache();
  build(memoryFileSystem(files), '', { cache });
  let count = 0;
  const values = repeat(() => {
    const changed = new Map(files);
    changed.set('resources/r0.yaml', `${files.get('resources/r0.yaml')}# ${count++}\n`);
    const fileSystem = memoryFileSystem(changed);
    return timed(() => build(fileSystem, '', { cache }));
  });
  const whole = repeat(() => timed(() => build(memoryFileSystem(files), '')));
  return [row(`${what}: objects, nothing kept`, 'ms', whole), row(`${what}: objects, one file changed`, 'ms', values)];
}

/** Deployments and config maps, ten to a file, each patch for one object. */
function generatedTree(): Map<string, string> {
  const files = new Map<string, string>();
  const perFile = 10;
  const names: string[] = [];
  for (let file = 0; file < RESOURCES / perFile; file++) {
    const path = `resources/r${file}.yaml`;
    names.push(path);
    const documents = Array.from({ length: perFile }, (_, index) => resourceText(file * perFile + index));
    files.set(path, documents.join('---\n'));
  }
  const patches = Array.from({ length: PATCHES }, (_, index) => {
    const name = `object-${index * 2}`;
    return `- target: {kind: Deployment, name: ${name}}\n  patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata:\n      name: ${name}\n    spec:\n      replicas: ${index}\n`;
  });
  const resources = names.map((name) => `- ${name}\n`).join('');
  files.set('kustomization.yaml', `namePrefix: x-\nresources:\n${resources}patches:\n${patches.join('')}`);
  return files;
}

function resourceText(index: number): string {
  const name = `object-${index}`;
  if (index % 2 === 1)
    return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  first: "1"\n  second: some text\n`;
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  replicas: 1
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      containers:
      - name: main
        image: nginx:1.27
        ports: [{containerPort: 8080, name: http}]
        envFrom: [{configMapRef: {name: object-${index + 1}}}]
        resources:
          requests: {cpu: 100m, memory: 64Mi}
`;
}

function runOurs(directory: string): number {
  const entry = join(ROOT, 'cli', 'pern.mjs');
  return timed(() => mustRun(process.execPath, [entry, 'kustomize', directory]));
}

function runBinary(binary: string, directory: string): number {
  return timed(() => mustRun(binary, ['build', directory]));
}

function mustRun(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

function timed(work: () => unknown): number {
  const beganMs = performance.now();
  work();
  return performance.now() - beganMs;
}

function repeat(measure: () => number): number[] {
  return Array.from({ length: RUNS }, measure);
}

function warm(work: () => unknown): number[] {
  for (let run = 0; run < WARM_UP_RUNS; run++) work();
  return repeat(() => timed(work));
}

function quotients(real: readonly number[], ours: readonly number[]): number[] {
  return real.map((value, index) => value / (ours[index] ?? Number.NaN));
}

function requireSame(name: string, ours: string, real: string): void {
  if (ours !== real) throw new Error(`${name}: the two outputs differ; a comparison of their speed would mean nothing`);
}

function row(name: string, unit: string, values: readonly number[]): Row {
  return { bench: 'kustomize', name, unit, values };
}

function atLeast(value: number): { comparison: '≥'; value: number } {
  return { comparison: '≥', value };
}
