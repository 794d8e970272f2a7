import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { createTestPostgres, freePort, type TestPostgres } from '../../backend/testing/postgres.ts';
import { startProcess, startServer, type TestProcess } from '../../backend/testing/process.ts';

/** Builds the page; another `mark` gives every asset another name, as another release would have. */
export async function buildPage(outDir: string, mark: string): Promise<void> {
  const names = {
    entryFileNames: `assets/[name]-${mark}-[hash].js`,
    chunkFileNames: `assets/[name]-${mark}-[hash].js`,
  };
  const output = { ...names, assetFileNames: `assets/[name]-${mark}-[hash][extname]` };
  await build({
    root: join(import.meta.dirname, '..'),
    configLoader: 'native',
    logLevel: 'error',
    build: { outDir, emptyOutDir: true, rolldownOptions: { output } },
  });
}

/** The whole application as processes behind one origin, with two releases of the front end side by side. */
export interface TestSite {
  readonly origin: string;
  /** The origins of both front ends themselves. */
  readonly frontends: readonly [string, string];
  /** The share of requests that the second front end gets, each on its own; 50 at first. */
  setWeight(weightPercent: number): void;
  /** Ends the second front end in good order, as the end of a rollout does. */
  stopCanary(): Promise<void>;
  /** Answers so far, as `status path`, by the front end's number. */
  readonly served: readonly { frontend: 0 | 1; status: number; path: string }[];
  stop(): Promise<void>;
}

const VERSIONS = ['1.0.0', '2.0.0'] as const;

async function startBackend(postgres: TestPostgres): Promise<TestProcess & { origin: string }> {
  await postgres.start();
  const migration = startProcess('migrate.ts', { ...postgres.environment, LOG_LEVEL: 'warn' });
  const { code } = await migration.exited;
  if (code !== 0) throw new Error(`the migration ended with ${code}:\n${migration.output()}`);
  return startServer({
    ...postgres.environment,
    VERSION: VERSIONS[0],
    JWT_SECRET: 'only-for-tests-only-for-tests-only-for-tests',
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    // Every visitor comes from the same address here.
    LOGINS_PER_QUARTER_HOUR: '0',
    REGISTRATIONS_PER_MINUTE: '0',
    SHUTDOWN_DELAY_MS: '0',
  });
}

async function startFrontend(folder: string, index: 0 | 1, ports: readonly number[]): Promise<TestProcess> {
  const started = startProcess('../frontend/server.ts', {
    HOST: '127.0.0.1',
    PORT: String(ports[index]),
    METRICS_PORT: '0',
    VERSION: VERSIONS[index],
    ENVIRONMENT: 'staging',
    PUBLIC_DIR: join(folder, VERSIONS[index]),
    ASSET_PEERS: ports.map((port) => `http://127.0.0.1:${port}`).join(','),
    SHUTDOWN_DELAY_MS: '0',
  });
  await new Promise<void>((resolve, reject) => {
    started.child.stdout?.on('data', () => started.output().includes('"msg":"listening"') && resolve());
    started.exited.then(({ code }) => reject(new Error(`front end ended with ${code}:\n${started.output()}`)), reject);
  });
  return started;
}

/** Needs PostgreSQL's binaries and nothing else; everything is removed by `stop`. */
export async function startSite(): Promise<TestSite> {
  const folder = mkdtempSync(join(tmpdir(), 'pern-app-site-'));
  const postgres = await createTestPostgres();
  const ports = [await freePort(), await freePort()];
  const [backend] = await Promise.all([
    startBackend(postgres),
    ...VERSIONS.map((version, index) => buildPage(join(folder, version), `r${index + 1}`)),
  ]);
  const [stable, canary] = [await startFrontend(folder, 0, ports), await startFrontend(folder, 1, ports)];
  const processes = [backend, stable, canary];
  const frontends = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string];
  const proxy = await startProxy(backend.origin, frontends);
  return {
    ...proxy,
    frontends,
    async stopCanary() {
      canary.child.kill('SIGTERM');
      await canary.exited;
    },
    async stop() {
      await proxy.close();
      for (const { child } of processes) child.kill('SIGTERM');
      await Promise.all(processes.map(({ exited }) => exited));
      await postgres.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One origin: `/api` to the back end, everything else to the front end that is chosen for that request. */
async function startProxy(backend: string, frontends: readonly [string, string]) {
  let draw = 0;
  let weight = 0.5;
  // Multiples of the golden ratio are spread evenly, so that a small weight gets its share of few requests too.
  const choose = (): 0 | 1 => {
    draw = (draw + 0.6180339887498949) % 1;
    return draw < weight ? 1 : 0;
  };
  const served: { frontend: 0 | 1; status: number; path: string }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const frontend = path.startsWith('/api/') ? undefined : choose();
    const target = frontend === undefined ? backend : frontends[frontend];
    const forwarded = send(`${target}${path}`, { method: request.method, headers: request.headers }, (answer) => {
      if (frontend !== undefined) served.push({ frontend, status: answer.statusCode ?? 0, path });
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.once('error', () => response.headersSent || response.writeHead(502).end());
    request.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    served,
    setWeight(weightPercent: number) {
      weight = weightPercent / 100;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
