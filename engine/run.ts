/**
 * What `engine/main.ts` runs: `node engine/main.ts --repository DIR --state DIR [--api-port N] [--ingress-port N] [--env E]...
 * [--kustomize PATH] [--strict]`.
 * Runs in the foreground until SIGINT or SIGTERM, then stops every pod it runs. Exit codes: 0 after a stop, 2 when it
 * could not start (one sentence on standard error says why and what to do), 1 when it broke.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StateVersionError } from './edges/real/sqlite-journal.ts';
import { StartError, startLive } from './host/live.ts';
import type { Log } from './host/log.ts';

const DEFAULT_API_PORT = 6444;
const DEFAULT_INGRESS_PORT = 8080;

const log: Log = (level, message, fields = {}) => {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
};

function parsePort(text: string | undefined, otherwise: number, flag: string): number {
  if (text === undefined) return otherwise;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new StartError(`${flag}: "${text}" is not a port (0 to 65535)`);
  return port;
}

/** Absolute path of the kustomize binary. A wrong one is said at the start, not at the first rendering. */
function checkedBinary(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const run = spawnSync(resolve(path), ['version'], { encoding: 'utf8' });
  if (run.status === 0) return resolve(path);
  const why = run.error?.message ?? run.stderr.trim();
  throw new StartError(`--kustomize ${path}: this is no kustomize binary (${why}); name one, or leave the option out`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      repository: { type: 'string' },
      state: { type: 'string' },
      'api-port': { type: 'string' },
      'ingress-port': { type: 'string' },
      env: { type: 'string', multiple: true },
      kustomize: { type: 'string' },
      strict: { type: 'boolean' },
    },
  });
  if (values.repository === undefined || values.state === undefined)
    throw new StartError('--repository DIR and --state DIR are required');
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')) as {
    version: string;
  };
  // Signals count from the beginning: a start that is asked to stop finishes first, so that it knows what to stop.
  let asked: string | undefined;
  let stop = (signal: string) => {
    asked ??= signal;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
  const host = await startLive({
    repository: resolve(values.repository),
    stateFolder: resolve(values.state),
    apiPort: parsePort(values['api-port'], DEFAULT_API_PORT, '--api-port'),
    ingressPort: parsePort(values['ingress-port'], DEFAULT_INGRESS_PORT, '--ingress-port'),
    environments: values.env,
    kustomize: checkedBinary(values.kustomize),
    strict: values.strict,
    prometheusUrl: process.env.PROMETHEUS_URL,
    version,
    log,
  });
  let stopping = false;
  stop = (signal) => {
    if (stopping) return;
    stopping = true;
    log('info', 'stopping', { signal });
    host.stop().then(() => process.exit(0), fail);
  };
  if (asked !== undefined) stop(asked);
}

function fail(error: unknown): never {
  if (error instanceof StartError || error instanceof StateVersionError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  log('error', error instanceof Error ? error.message : String(error), {
    stack: error instanceof Error ? error.stack : undefined,
  });
  process.exit(1);
}

// Whoever read the log may be gone; the pods still have to be stopped.
process.stderr.on('error', () => {});
process.on('unhandledRejection', fail);
main().catch(fail);
