import { request } from 'undici';
import type { Scheduler } from '#core/clock.ts';
import { parseGoDurationMs } from '#core/duration.ts';
import type { MetricsPort } from '#edges/ports.ts';
import { type MetricMetadata, parseMetadata } from '#lib/exposition/index.ts';
import { evaluateInstant, evaluateRange, formatData, PromqlError, type SeriesStore } from '#lib/promql/index.ts';
import type { Answer, MetricRequest, MetricResult } from '#machine/questions.ts';
import { openDurableStore } from './durable-store.ts';
import { Scraper } from './scraper.ts';
import { type Exporter, startSelfScrape } from './self-scrape.ts';

/** Twelve hours of 15 s scrapes of some 10,000 series; the oldest go first. */
const LIMITS = { retentionMs: parseGoDurationMs('12h') as number, maxSamples: 8_000_000 };
/** As Argo Rollouts' Prometheus provider. */
const QUERY_TIMEOUT_MS = 30_000;

export interface RealMetrics extends MetricsPort {
  readonly store: SeriesStore;
  readonly scraper: Scraper;
  /** Type and help of each metric that was scraped, by name. */
  metadata(): ReadonlyMap<string, MetricMetadata>;
  /** Begins to take the engine's own exporters in. */
  startExporters(exporters: readonly Exporter[]): void;
  close(): void;
}

/**
 * The live host's metrics. Queries are answered from the embedded store whatever address a template names, because the
 * address of a cluster means nothing here; with `prometheusUrl` they go to that Prometheus instead.
 */
export function openMetrics(parts: {
  scheduler: Scheduler;
  snapshotFile: string;
  prometheusUrl?: string;
  /** Told what costs samples but not the engine. */
  onProblem?: (message: string) => void;
}): RealMetrics {
  const { scheduler, snapshotFile, prometheusUrl, onProblem } = parts;
  const durable = openDurableStore({ file: snapshotFile, limits: LIMITS, scheduler, onProblem });
  const { store } = durable;
  const scraper = new Scraper(store, scheduler);
  let stopExporters = () => {};
  let exporters: readonly Exporter[] = [];
  return {
    store,
    scraper,
    startExporters: (started) => {
      stopExporters = startSelfScrape(store, scheduler, started);
      exporters = started;
    },
    metadata: () => {
      const own = exporters.flatMap((exporter) => [...parseMetadata(exporter.exposition())]);
      return new Map([...scraper.metadata, ...own]);
    },
    setScrapes: (table) => scraper.setTable(table),
    answer: (question, respond) => {
      let cancelled = false;
      const answered =
        prometheusUrl === undefined || question.request.own === true
          ? queryStore(store, question.request, scheduler.now())
          : queryPrometheus(prometheusUrl, question.request, scheduler.now());
      answered.then(
        (answer) => {
          if (!cancelled) respond(answer);
        },
        // A fault of the evaluator; without an answer the measurement would run for ever.
        (error: unknown) => {
          if (!cancelled) respond({ ok: false, failure: { code: 'internal', message: String(error) } });
        },
      );
      return () => {
        cancelled = true;
      };
    },
    close: () => {
      stopExporters();
      scraper.close();
      durable.close();
    },
  };
}

async function queryStore(store: SeriesStore, { query, range }: MetricRequest, nowMs: number): Promise<Answer> {
  try {
    const result = range === undefined ? evaluateInstant(query, store, nowMs) : evaluateRange(query, store, range);
    return { ok: true, value: formatData(result) as MetricResult };
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return { ok: false, failure: { code: error.type, message: error.message } };
  }
}

/** Asks a real Prometheus, as Argo Rollouts' provider does. Every failure is an answer; nothing hangs past the timeout. */
async function queryPrometheus(base: string, metric: MetricRequest, nowMs: number): Promise<Answer> {
  const { query, range } = metric;
  const path = range === undefined ? '/api/v1/query' : '/api/v1/query_range';
  const parameters = new URLSearchParams(
    range === undefined
      ? { query, time: String(nowMs / 1000) }
      : {
          query,
          start: String(range.startMs / 1000),
          end: String(range.endMs / 1000),
          step: String(range.stepMs / 1000),
        },
  );
  try {
    const answer = await request(new URL(`${base.replace(/\/$/, '')}${path}`), {
      method: 'POST',
      body: parameters.toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...Object.fromEntries((metric.headers ?? []).map(({ key, value }) => [key, value])),
      },
      signal: AbortSignal.timeout(metric.timeoutMs ?? QUERY_TIMEOUT_MS),
    });
    const body = (await answer.body.json()) as {
      status?: string;
      data?: MetricResult;
      error?: string;
      errorType?: string;
      warnings?: string[];
    };
    if (body.status !== 'success' || body.data === undefined) {
      return {
        ok: false,
        failure: {
          code: body.errorType ?? `http ${answer.statusCode}`,
          message: body.error ?? `HTTP status ${answer.statusCode}`,
        },
      };
    }
    return { ok: true, value: { ...body.data, ...(body.warnings === undefined ? {} : { warnings: body.warnings }) } };
  } catch (error) {
    return {
      ok: false,
      failure: { code: 'unreachable', message: `${base}: ${error instanceof Error ? error.message : String(error)}` },
    };
  }
}
