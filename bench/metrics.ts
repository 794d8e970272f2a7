import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RealMetrics } from '../engine/edges/real/metrics/metrics-port.ts';
import { servePrometheus } from '../engine/edges/real/metrics/prometheus-api.ts';
import { parseExposition } from '../engine/mechanism/lib/exposition/index.ts';
import { ingestScrape, ScrapeState, SeriesStore } from '../engine/mechanism/lib/promql/index.ts';
import { progress } from './context.ts';
import type { Row } from './samples.ts';

const RUNS = 5;
const SCRAPE_SERIES = 50_000;
const QUERY_SERIES = 2000;
const SPACING_MS = 15_000;
const SCRAPES = 40;
const TARGET = { job: 'bench', instance: 'target', namespace: 'shop', pod: 'web-1' };

/** One body of `count` counters with four labels each. */
function body(count: number, value: number, tMs?: number): string {
  const lines = ['# TYPE http_requests_total counter'];
  const time = tMs === undefined ? '' : ` ${tMs}`;
  for (let i = 0; i < count; i++) {
    const status = i % 20 === 0 ? 500 : 200;
    lines.push(
      `http_requests_total{service="s${i % 100}",route="/api/${i >> 5}",status="${status}",shard="${i}"} ${value * (1 + (i % 7))}${time}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** A scrape of 50,000 samples: of series that are new, and of series that are known; and what a sample takes in memory. */
export function measureIngest(): Row[] {
  const first: number[] = [];
  const next: number[] = [];
  const bytes: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const store = new SeriesStore();
    const state = new ScrapeState();
    // Twice: the first sets array buffers of the run before free, the second counts them out.
    globalThis.gc?.();
    globalThis.gc?.();
    const before = memory();
    const times = Array.from({ length: 40 }, (_, index) => {
      const text = body(SCRAPE_SERIES, index);
      const began = performance.now();
      const scrape = {
        targetLabels: TARGET,
        samples: parseExposition(text),
        tMs: index * SPACING_MS,
        durationSeconds: 0,
      };
      ingestScrape(store, scrape, state);
      return performance.now() - began;
    });
    globalThis.gc?.();
    // The first run compiles the code; a process that has scraped before has done that.
    if (run === 0) continue;
    first.push(times[0] ?? Number.NaN);
    next.push(times.slice(1).sort((a, b) => a - b)[19] ?? Number.NaN);
    bytes.push((memory() - before) / store.stats.samples);
    progress(
      `first ${first.at(-1)?.toFixed(0)} ms, then ${next.at(-1)?.toFixed(0)} ms, ${bytes.at(-1)?.toFixed(1)} bytes a sample`,
    );
  }
  const bench = 'ingest';
  const aim = { comparison: '≤' as const, value: 250 };
  const rows: Row[] = [
    { bench, name: 'scrape of 50,000 samples, new series', unit: 'ms', values: first, aim },
    { bench, name: 'scrape of 50,000 samples, known series', unit: 'ms', values: next, aim },
  ];
  if (globalThis.gc !== undefined)
    rows.push({ bench, name: 'memory of a sample, 40 scrapes of 50,000 series', unit: 'bytes', values: bytes });
  return rows;
}

function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const QUERIES = {
  'success rate by service, all 2,000 series':
    'sum by (service) (rate(http_requests_total{status!~"5.."}[5m])) / sum by (service) (rate(http_requests_total[5m]))',
  'success rate of one service, 20 of 2,000 series':
    'sum(rate(http_requests_total{service="s7",status!~"5.."}[5m])) / sum(rate(http_requests_total{service="s7"}[5m]))',
};

/** Instant queries through HTTP, one client: the embedded evaluator against a real Prometheus with the same samples. */
export async function measurePromql(): Promise<Row[]> {
  if (!hasPrometheus()) {
    progress('skipped: no `prometheus` on PATH');
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), 'pern-bench-prometheus-'));
  const baseMs = Date.now() - SCRAPES * SPACING_MS;
  let served = 0;
  const target = await listen((_, response) => {
    response.end(
      body(QUERY_SERIES, Math.min(served, SCRAPES - 1), baseMs + Math.min(served, SCRAPES - 1) * SPACING_MS),
    );
    served++;
  });
  const ours = await listen(ownApi(baseMs));
  let prometheus: ChildProcess | undefined;
  try {
    const theirs = await startPrometheus(folder, target.port, (child) => {
      prometheus = child;
    });
    while (served < SCRAPES + 3) await once(target.server, 'request');
    const atSeconds = (baseMs + (SCRAPES - 1) * SPACING_MS + 100) / 1000;
    const rows: Row[] = [];
    for (const [name, query] of Object.entries(QUERIES)) {
      const mine = await rate(`http://127.0.0.1:${ours.port}/prometheus`, query, atSeconds);
      const real = await rate(theirs, query, atSeconds);
      const values = mine.map((one, index) => one / (real[index] ?? Number.NaN));
      const remark = `${median(mine).toFixed(0)} against ${median(real).toFixed(0)} queries a second`;
      progress(`${name}: ${remark}`);
      rows.push({ bench: 'promql', name, unit: 'ratio', values, remark, aim: { comparison: '≥', value: 1 } });
    }
    return rows;
  } finally {
    prometheus?.kill('SIGKILL');
    for (const { server } of [target, ours]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function hasPrometheus(): boolean {
  try {
    execFileSync('prometheus', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function listen(answer: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function ownApi(baseMs: number): RequestListener {
  const store = new SeriesStore();
  const state = new ScrapeState();
  for (let index = 0; index < SCRAPES; index++) {
    const tMs = baseMs + index * SPACING_MS;
    const samples = parseExposition(body(QUERY_SERIES, index, tMs));
    ingestScrape(store, { targetLabels: TARGET, samples, tMs, durationSeconds: 0 }, state);
  }
  return (request, response) => {
    servePrometheus({ store } as Partial<RealMetrics> as RealMetrics, () => Date.now(), request, response);
  };
}

async function startPrometheus(
  folder: string,
  targetPort: number,
  started: (child: ChildProcess) => void,
): Promise<string> {
  const free = await listen(() => {});
  await new Promise((resolve) => free.server.close(resolve));
  const { job, instance, ...labels } = TARGET;
  const config = {
    job_name: job,
    scrape_interval: '50ms',
    scrape_timeout: '50ms',
    static_configs: [{ targets: [`127.0.0.1:${targetPort}`], labels: { instance, ...labels } }],
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ scrape_configs: [config] }));
  const options = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${free.port}`,
  ];
  const child = spawn('prometheus', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  started(child);
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes('Server is ready to receive web requests')) resolve();
    });
    child.once('exit', () => reject(new Error(`prometheus ended: ${log}`)));
  });
  return `http://127.0.0.1:${free.port}`;
}

/** Queries a second, several times; the first answers warm both sides up. */
async function rate(base: string, query: string, atSeconds: number): Promise<number[]> {
  const ask = async () => {
    const parameters = new URLSearchParams({ query, time: String(atSeconds) });
    const response = await fetch(`${base}/api/v1/query`, { method: 'POST', body: parameters });
    const answer = (await response.json()) as { status: string; data?: { result: unknown[] } };
    if (answer.status !== 'success' || answer.data?.result.length === 0)
      throw new Error(`${base}: ${JSON.stringify(answer)}`);
  };
  const rates: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const began = performance.now();
    const count = 60;
    for (let index = 0; index < count; index++) await ask();
    if (run > 0) rates.push((count * 1000) / (performance.now() - began));
  }
  return rates;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
