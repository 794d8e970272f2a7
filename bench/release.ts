import { request } from 'node:http';
import type { EngineProcess } from '../engine/host/testing/engine-process.ts';
import type { Commit } from '../engine/host/testing/repository.ts';
import { type BenchContext, progress } from './context.ts';
import type { Row } from './samples.ts';

const RUNS = 5;
const NAMESPACE = 'pern-app-development';
/** Requests under way at a time while looking for the first answer of the new version. */
const LOOKERS = 4;
const LOOK_MS_MAX = 60_000;

interface Timeline {
  syncStartedMs: number;
  migrationMs: number;
  startUpMs: number;
  firstAnswerMs: number;
}

/**
 * Releases of the back end to development: from the end of `git commit` to the sync operation, and to the first answer of
 * the new version through the ingress. The application's own part (its migration Job, and from the start of its container
 * until it is ready) is taken off, since no engine can make it shorter. A release that is under way gives way to the next.
 */
export async function measureRelease(context: BenchContext): Promise<Row[]> {
  const engine = await context.engine();
  const { repository } = context.repository;
  const versions = Array.from({ length: RUNS }, (_, run) => `1.9.${run}`);
  for (const version of versions) await engine.api.build({ component: 'backend', version });
  const timelines: Timeline[] = [];
  for (const version of versions) {
    const commit = repository.release('development', 'backend', version);
    const firstAnswerAtMs = await firstAnswer(engine, version);
    const timeline = await timelineOf(engine, commit, firstAnswerAtMs);
    timelines.push(timeline);
    progress(
      `${version}: sync after ${timeline.syncStartedMs.toFixed(0)} ms, answers after ${timeline.firstAnswerMs.toFixed(0)} ms`,
    );
  }
  const bench = 'commit';
  const column = (of: (timeline: Timeline) => number) => timelines.map(of);
  const rest = ({ firstAnswerMs, migrationMs, startUpMs }: Timeline) => firstAnswerMs - migrationMs - startUpMs;
  return [
    {
      bench,
      name: 'commit to sync started',
      unit: 'ms',
      values: column(({ syncStartedMs }) => syncStartedMs),
      aim: { comparison: '≤', value: 300 },
    },
    { bench, name: 'commit to first answer of the new pod', unit: 'ms', values: column((t) => t.firstAnswerMs) },
    {
      bench,
      name: 'of it: migration Job, container running to ended',
      unit: 'ms',
      values: column((t) => t.migrationMs),
    },
    { bench, name: 'of it: back end, container running to ready', unit: 'ms', values: column((t) => t.startUpMs) },
    { bench, name: 'the rest: engine, node, data plane', unit: 'ms', values: column(rest) },
  ];
}

/** When the first answer of this version came (ms since the epoch). */
async function firstAnswer(engine: EngineProcess, version: string): Promise<number> {
  const limitMs = Date.now() + LOOK_MS_MAX;
  let foundAtMs: number | undefined;
  const look = async () => {
    while (foundAtMs === undefined) {
      if (Date.now() > limitMs) throw new Error(`no answer of ${version} within ${LOOK_MS_MAX} ms`);
      if ((await answeredBy(engine.ingressPort)) === version) foundAtMs ??= Date.now();
    }
  };
  await Promise.all(Array.from({ length: LOOKERS }, look));
  return foundAtMs as unknown as number;
}

function answeredBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { host: `${NAMESPACE}.localhost` };
    request({ host: '127.0.0.1', port, path: '/api/info', headers, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(String(answer.headers['x-app-version'] ?? '')));
    })
      .on('error', reject)
      .end();
  });
}

/** Times as they arrived by watch, counted from the end of the commit. */
async function timelineOf(engine: EngineProcess, commit: Commit, firstAnswerAtMs: number): Promise<Timeline> {
  const { world } = engine;
  const syncStartedAtMs = await world.until('the sync operation', () => {
    const sightings = world.history('Application.argoproj.io', 'argocd', NAMESPACE);
    const started = sightings.find(
      ({ object }) => object.status?.operationState?.operation?.sync?.revision === commit.sha,
    );
    return started?.atMs;
  });
  const isSince = (atMs: number) => atMs >= commit.doneAtMs;
  const spans = world.all('Pod', NAMESPACE).map(({ metadata }) => {
    const sightings = world.history('Pod', NAMESPACE, metadata.name);
    const state = (index: number) => sightings[index]?.object.status?.containerStatuses?.[0];
    const running = sightings.findIndex((_, index) => state(index)?.state?.running !== undefined);
    const ready = sightings.findIndex((_, index) => state(index)?.ready === true);
    const ended = sightings.findIndex((_, index) => state(index)?.state?.terminated !== undefined);
    const at = (index: number) => sightings[index]?.atMs ?? Number.NaN;
    return { name: metadata.name, beganMs: at(running), readyMs: at(ready), endedMs: at(ended) };
  });
  const recent = spans.filter(({ beganMs }) => isSince(beganMs));
  const migration = recent.find(({ name }) => name.startsWith('migration'));
  const backend = recent.find(({ name }) => name.startsWith('backend'));
  return {
    syncStartedMs: syncStartedAtMs - commit.doneAtMs,
    migrationMs: migration === undefined ? 0 : migration.endedMs - migration.beganMs,
    startUpMs: backend === undefined ? Number.NaN : backend.readyMs - backend.beganMs,
    firstAnswerMs: firstAnswerAtMs - commit.doneAtMs,
  };
}
