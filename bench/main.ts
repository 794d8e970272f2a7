/**
 * `npm run bench [-- --only NAME]...`: measures the system on this machine and prints a Markdown table. Progress goes to
 * standard error. Exit code 0 also when an aim is missed: a benchmark informs, tests judge. Exit code 1 when one could not be measured.
 */
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { EngineProcess } from '../engine/host/testing/engine-process.ts';
import { measureApplication } from './application.ts';
import { measureApplicationSets } from './application-sets.ts';
import { measureApplications } from './applications.ts';
import type { BenchContext } from './context.ts';
import { measureFrontend } from './frontend.ts';
import { measureIdle } from './idle.ts';
import { measureKustomize } from './kustomize.ts';
import { BenchRepository, untilHealthy } from './live-engine.ts';
import { measureIngest, measurePromql } from './metrics.ts';
import { measureProxy } from './proxy.ts';
import { measureRelease } from './release.ts';
import { measureRollouts } from './rollouts.ts';
import { formatTable, type Row } from './samples.ts';
import { measureSimulation } from './simulation.ts';
import { measureApiReady, measureHealthy } from './start.ts';

/** In the order they are run: those that start engines of their own come before those that share one. */
const BENCHES: Record<string, (context: BenchContext) => Row[] | Promise<Row[]>> = {
  kustomize: measureKustomize,
  'application-sets': measureApplicationSets,
  applications: measureApplications,
  application: measureApplication,
  simulation: measureSimulation,
  frontend: measureFrontend,
  ingest: measureIngest,
  promql: measurePromql,
  rollouts: measureRollouts,
  'api-ready': measureApiReady,
  healthy: measureHealthy,
  idle: measureIdle,
  commit: measureRelease,
  proxy: measureProxy,
};

function machine(): string {
  const [first] = cpus();
  const gigabytes = (totalmem() / 1024 ** 3).toFixed(0);
  return `${cpus().length} × ${first?.model ?? process.arch}, ${gigabytes} GB, ${process.platform} ${release()}, Node ${process.version}`;
}

function chosen(): string[] {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
  const names = Object.keys(BENCHES);
  const unknown = values.only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`--only "${unknown}": there is no such benchmark; there are: ${names.join(', ')}\n`);
    process.exit(2);
  }
  return names.filter((name) => values.only === undefined || values.only.includes(name));
}

function newContext(): BenchContext & { close(): Promise<void> } {
  let repository: BenchRepository | undefined;
  let engine: Promise<EngineProcess> | undefined;
  const theRepository = () => {
    repository ??= new BenchRepository();
    return repository;
  };
  const startShared = async () => {
    process.stderr.write('starting three environments\n');
    theRepository().freshState({ keepImages: false });
    const started = await theRepository().start();
    await untilHealthy(started);
    return started;
  };
  return {
    get repository() {
      return theRepository();
    },
    engine: () => {
      engine ??= startShared();
      return engine;
    },
    close: async () => {
      await (await engine?.catch(() => undefined))?.destroy();
      repository?.remove();
    },
  };
}

/** One benchmark that breaks must not cost the others their results. */
async function measured(name: string, context: BenchContext): Promise<Row[]> {
  try {
    return (await BENCHES[name]?.(context)) ?? [];
  } catch (error) {
    process.stderr.write(`${name} failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    return [];
  }
}

async function main(): Promise<void> {
  const names = chosen();
  const context = newContext();
  const rows: Row[] = [];
  const interrupt = () => void context.close().then(() => process.exit(130));
  process.once('SIGINT', interrupt);
  try {
    for (const name of names) {
      process.stderr.write(`${name}\n`);
      rows.push(...(await measured(name, context)));
    }
  } finally {
    await context.close();
  }
  const only =
    names.length === Object.keys(BENCHES).length ? '' : ` -- ${names.map((name) => `--only ${name}`).join(' ')}`;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' });
  process.stdout.write(
    `\`npm run bench${only}\`, ${new Date().toISOString().slice(0, 10)}, commit ${commit.trim()}\n${machine()}\n\n${formatTable(rows)}\n`,
  );
}

await main();
