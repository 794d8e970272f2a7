/**
 * The same exposition taken in by a real Prometheus and by our store, the same queries asked of both.
 *
 * Equal means: the same series, and per value the same number up to 1e-12 relative (2 to 4 units in the last place, since
 * releases differ in how they compensate sums), 1e-6 for variances and least squares, whose cancellation magnifies that.
 * All samples carry their own time, so that it does not matter when each side scrapes. Query times never meet a sample
 * or a window's edge exactly: 2.x ranges are closed on the left, 3.x ranges (ours) are open.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseExposition } from '#lib/exposition/index.ts';
import {
  evaluateInstant,
  evaluateRange,
  formatData,
  ingestScrape,
  ScrapeState,
  SeriesStore,
} from '#lib/promql/index.ts';
import { bodyAt, QUERIES, SCRAPES, SPACING_MS } from './testing/differential-queries.ts';

const TARGET = { job: 'differential', instance: 'oracle' };

function prometheusVersion(): string | undefined {
  try {
    return /version (\S+)/.exec(execFileSync('prometheus', ['--version'], { encoding: 'utf8', stdio: 'pipe' }))?.[1];
  } catch {
    return undefined;
  }
}

const version = prometheusVersion();
if (version === undefined)
  process.stderr.write(
    '\nSKIPPED: no `prometheus` on PATH, so PromQL is not compared with a real one (apt install prometheus)\n\n',
  );

/** Where the answers may differ, and why; `only` limits that to releases before 3. */
const KNOWN: readonly { query: RegExp; only: 'before 3' | 'all'; why: string }[] = [
  { query: /atan2/, only: 'before 3', why: '2.x keeps the metric name' },
  { query: /^std(?:dev|var) .*\(odd\)/, only: 'before 3', why: '2.x gives 0 for one element that is not finite' },
  {
    query: /^(?:rate|increase)\(temperature/,
    only: 'before 3',
    why: '2.x looks at the zero of a counter before the threshold',
  },
  {
    query: /^(?:minute|hour|day_of_\w+|days_in_month|month|year)\(odd\)/,
    only: 'all',
    why: 'the date of NaN and of numbers beyond 8.64e12 is NaN here; in Go it depends on the processor',
  },
];
const isComparable = (query: string) =>
  !KNOWN.some((known) => known.query.test(query) && (known.only === 'all' || version?.startsWith('2.') === true));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

type Element = { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] };
type Data = { resultType: string; result: Element[] | [number, string] };

const numberOf = (text: string) => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

function differs(ours: string, theirs: string, tolerance: number): boolean {
  const [a, b] = [numberOf(ours), numberOf(theirs)];
  if (Object.is(a, b) || a === b) return false;
  return !(Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b)));
}

/** One line per point, by series and time. */
function flatten({ resultType, result }: Data): Map<string, string> {
  if (resultType === 'scalar' || resultType === 'string') return new Map([['', String(result[1])]]);
  return new Map(
    (result as Element[]).flatMap(({ metric, value, values }) => {
      const series = JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
      return (values ?? [value as [number, string]]).map(([t, v]) => [`${series}@${t}`, v] as const);
    }),
  );
}

function firstDifference(query: string, ours: Data, theirs: Data): string | undefined {
  if (ours.resultType !== theirs.resultType) return `${ours.resultType} instead of ${theirs.resultType}`;
  const tolerance = /std|deriv|predict/.test(query) ? 1e-6 : 1e-12;
  const [mine, real] = [flatten(ours), flatten(theirs)];
  for (const key of new Set([...mine.keys(), ...real.keys()])) {
    const [a, b] = [mine.get(key), real.get(key)];
    if (a === undefined || b === undefined || differs(a, b, tolerance)) return `${key}: ${a} instead of ${b}`;
  }
  return undefined;
}

describe.skipIf(version === undefined)(`PromQL against Prometheus ${version}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pern-prometheus-'));
  const baseMs = Math.floor(Date.now() / 60_000 - 25) * 60_000 + 4000;
  const endMs = baseMs + (SCRAPES - 1) * SPACING_MS + 7300;
  const store = new SeriesStore();
  let served = 0;
  const target = createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(bodyAt(baseMs, Math.min(served, SCRAPES - 1)));
    served += 1;
  });
  let prometheus: ChildProcess | undefined;
  let base = '';

  const ask = async (path: string, fields: Record<string, string>) => {
    const response = await fetch(`${base}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(fields) });
    return (await response.json()) as { status: string; data: Data; error?: string };
  };

  /** Resolves when Prometheus writes that line; it logs to stderr. */
  const logged = (child: ChildProcess, text: string) =>
    new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        log += chunk.toString();
        if (log.includes(text)) resolve();
      });
      child.once('exit', () => reject(new Error(`prometheus ended: ${log}`)));
    });

  beforeAll(async () => {
    const state = new ScrapeState();
    for (let index = 0; index < SCRAPES; index++) {
      const samples = parseExposition(bodyAt(baseMs, index));
      ingestScrape(
        store,
        { targetLabels: TARGET, samples, tMs: baseMs + index * SPACING_MS, durationSeconds: 0 },
        state,
      );
    }
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    const job = {
      job_name: TARGET.job,
      scrape_interval: '20ms',
      scrape_timeout: '20ms',
      static_configs: [
        { targets: [`127.0.0.1:${(target.address() as AddressInfo).port}`], labels: { instance: TARGET.instance } },
      ],
    };
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ scrape_configs: [job] }));
    const options = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    prometheus = spawn('prometheus', options, { stdio: ['ignore', 'ignore', 'pipe'] });
    await logged(prometheus, 'Server is ready to receive web requests');
    await untilStored();
  }, 60_000);

  /** Each scrape is an event of the target: when the last body has been asked for a few times, it has been stored. */
  async function untilStored(): Promise<void> {
    while (served < SCRAPES + 3) await once(target, 'request');
  }

  afterAll(async () => {
    if (prometheus !== undefined && prometheus.exitCode === null) {
      prometheus.removeAllListeners('exit');
      prometheus.kill('SIGKILL');
      await once(prometheus, 'exit');
    }
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  it('has the same samples', async () => {
    const query = 'count_over_time({job="differential",__name__!~"up|scrape_.*"}[1h])';
    const ours = formatData(evaluateInstant(query.replace('count_over_time', 'last_over_time'), store, endMs)) as Data;
    const theirs = await ask('query', {
      query: query.replace('count_over_time', 'last_over_time'),
      time: String(endMs / 1000),
    });
    expect(firstDifference(query, ours, theirs.data)).toBeUndefined();
  });

  it(`gives the same answers to ${QUERIES.filter(isComparable).length} instant queries`, async () => {
    const problems: string[] = [];
    for (const query of QUERIES.filter(isComparable)) {
      const theirs = await ask('query', { query, time: String(endMs / 1000) });
      if (theirs.status !== 'success') throw new Error(`${query}: ${theirs.error}`);
      const difference = firstDifference(query, formatData(evaluateInstant(query, store, endMs)) as Data, theirs.data);
      if (difference !== undefined) problems.push(`${query}\n    ${difference}`);
    }
    expect(problems).toEqual([]);
  }, 60_000);

  it('gives the same answers to range queries', async () => {
    const problems: string[] = [];
    const [startMs, stepMs] = [baseMs + 300_300, 37_000];
    for (const query of QUERIES.filter(
      (text, index) => index % 3 === 0 && isComparable(text) && !/^sort|^(?:top|bottom)k/.test(text),
    )) {
      const fields = { query, start: String(startMs / 1000), end: String(endMs / 1000), step: String(stepMs / 1000) };
      const theirs = await ask('query_range', fields);
      if (theirs.status !== 'success') throw new Error(`${query}: ${theirs.error}`);
      const ours = formatData(evaluateRange(query, store, { startMs, endMs, stepMs })) as Data;
      const difference = firstDifference(query, ours, theirs.data);
      if (difference !== undefined) problems.push(`${query}\n    ${difference}`);
    }
    expect(problems).toEqual([]);
  }, 60_000);
});
