import type { Cancel, Scheduler } from '#core/clock.ts';
import { deepEqual, fnv1a32 } from '#core/json.ts';
import type { MetricsPort } from '#edges/ports.ts';
import {
  type Expr,
  evaluateInstant,
  evaluateRange,
  formatData,
  ingestScrape,
  ingestTargetRemoved,
  PromqlError,
  parseQuery,
  ScrapeState,
  SeriesStore,
} from '#lib/promql/index.ts';
import type { ScrapeTable, ScrapeTarget } from '#machine/metrics.ts';
import type { Answer, MetricResult } from '#machine/questions.ts';
import type { SimulatedTraffic } from '../traffic/simulated-traffic.ts';
import { applicationSamples } from './app-series.ts';
import { type SimExporter, startSimExporters } from './sim-exporters.ts';

/** How long a query takes on the virtual clock. */
const QUERY_MS = 5;
const PARSED_MAX = 500;

interface Running {
  target: ScrapeTarget;
  state: ScrapeState;
  cancel: Cancel;
}

/** Scrapes modelled pods into a real series store and answers queries with the real evaluator. */
export class SimulatedMetrics implements MetricsPort {
  readonly store = new SeriesStore({ maxSamples: 8_000_000 });
  readonly #running = new Map<string, Running>();
  readonly #parsed = new Map<string, Expr>();
  readonly #scheduler: Scheduler;
  readonly #traffic: SimulatedTraffic;
  readonly #isUp: (pod: string) => boolean;
  /** Set to make every query fail, as when Prometheus is away. */
  down = false;
  #suspended = false;
  #cancelExporters: Cancel = () => {};
  #exporters: readonly SimExporter[] = [];

  constructor(parts: { scheduler: Scheduler; traffic: SimulatedTraffic; isUp: (pod: string) => boolean }) {
    this.#scheduler = parts.scheduler;
    this.#traffic = parts.traffic;
    this.#isUp = parts.isUp;
  }

  /** Begins to take the cluster's own exporters in. */
  startExporters(exporters: readonly SimExporter[]): Cancel {
    this.#exporters = exporters;
    this.#cancelExporters = startSimExporters(this.store, this.#scheduler, exporters);
    return () => this.#cancelExporters();
  }

  get isSuspended(): boolean {
    return this.#suspended;
  }

  /** Stops scraping: nobody looks for a long time, and a night of scrapes would take longer than the release. */
  suspend(): void {
    if (this.#suspended) return;
    this.#suspended = true;
    this.#cancelExporters();
    for (const running of this.#running.values()) running.cancel();
  }

  /** Scrapes again. What was not scraped meanwhile is a gap, as after an outage of Prometheus. */
  resume(): void {
    if (!this.#suspended) return;
    this.#suspended = false;
    if (this.#exporters.length > 0) this.startExporters(this.#exporters);
    for (const [id, running] of this.#running) this.#scheduleFirst(id, running);
  }

  setScrapes(table: ScrapeTable): void {
    const wanted = new Map(table.targets.map((target) => [target.id, target]));
    for (const [id, running] of this.#running) {
      if (deepEqual(wanted.get(id), running.target)) continue;
      running.cancel();
      this.#running.delete(id);
      ingestTargetRemoved(this.store, running.target.labels, this.#scheduler.now(), running.state);
    }
    for (const [id, target] of wanted) if (!this.#running.has(id)) this.#add(id, target);
  }

  answer: MetricsPort['answer'] = (question, respond) => {
    const { query, range } = question.request;
    return this.#scheduler.at(this.#scheduler.now() + QUERY_MS, () => {
      if (this.down) {
        respond({ ok: false, failure: { code: 'unreachable', message: 'dial tcp: connect: connection refused' } });
        return;
      }
      respond(this.#evaluate(query, range));
    });
  };

  #evaluate(query: string, range: { startMs: number; endMs: number; stepMs: number } | undefined): Answer {
    try {
      const nowMs = this.#scheduler.now();
      const expr = this.#parse(query);
      const result =
        range === undefined ? evaluateInstant(expr, this.store, nowMs) : evaluateRange(expr, this.store, range);
      return { ok: true, value: formatData(result) as MetricResult };
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      return { ok: false, failure: { code: error.type, message: error.message } };
    }
  }

  /** An analysis asks the same text again and again. */
  #parse(query: string): Expr {
    let expr = this.#parsed.get(query);
    if (expr === undefined) {
      if (this.#parsed.size >= PARSED_MAX) this.#parsed.clear();
      expr = parseQuery(query);
      this.#parsed.set(query, expr);
    }
    return expr;
  }

  #add(id: string, target: ScrapeTarget): void {
    const running: Running = { target, state: new ScrapeState(), cancel: () => {} };
    this.#running.set(id, running);
    if (!this.#suspended) this.#scheduleFirst(id, running);
  }

  #scheduleFirst(id: string, running: Running): void {
    const { target } = running;
    const nowMs = this.#scheduler.now();
    const offsetMs = fnv1a32(id) % target.intervalMs;
    const firstMs = Math.floor(nowMs / target.intervalMs) * target.intervalMs + offsetMs;
    this.#schedule(running, firstMs <= nowMs ? firstMs + target.intervalMs : firstMs);
  }

  #schedule(running: Running, atMs: number): void {
    running.cancel = this.#scheduler.at(atMs, () => {
      this.#scrape(running);
      const { intervalMs } = running.target;
      const missed = Math.floor((this.#scheduler.now() - atMs) / intervalMs);
      this.#schedule(running, atMs + (missed + 1) * intervalMs);
    });
  }

  #scrape({ target, state }: Running): void {
    const pod = `${target.labels.namespace}/${target.labels.pod}`;
    this.#traffic.account();
    ingestScrape(
      this.store,
      {
        targetLabels: target.labels,
        samples: this.#isUp(pod) ? applicationSamples(this.#traffic.pods.get(pod)) : undefined,
        tMs: this.#scheduler.now(),
        durationSeconds: 0.004,
        honorLabels: target.honorLabels,
      },
      state,
    );
  }
}
