import { request } from 'undici';
import type { Cancel, Scheduler } from '#core/clock.ts';
import { deepEqual, fnv1a32 } from '#core/json.ts';
import { type MetricMetadata, type ParsedSample, parseExposition, parseMetadata } from '#lib/exposition/index.ts';
import {
  computeScrapeTimeMs,
  ingestScrape,
  ingestTargetRemoved,
  ScrapeState,
  type SeriesStore,
} from '#lib/promql/index.ts';
import type { ScrapeTable, ScrapeTarget } from '#machine/metrics.ts';

/** Prometheus has no limit by default; a target of ours that answers more than this is broken. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

const METADATA_MAX = 10_000;

export interface TargetHealth {
  target: ScrapeTarget;
  health: 'unknown' | 'up' | 'down';
  lastError: string;
  lastScrapeMs: number | undefined;
  lastDurationSeconds: number;
}

interface Running extends TargetHealth {
  state: ScrapeState;
  cancel: Cancel;
  removed: boolean;
}

/** Scrapes each target at its interval, at an offset of its own so that they do not all come at once. */
export class Scraper {
  readonly #targets = new Map<string, Running>();
  /** What targets say about their metrics. */
  readonly metadata = new Map<string, MetricMetadata>();
  readonly #store: SeriesStore;
  readonly #scheduler: Scheduler;

  constructor(store: SeriesStore, scheduler: Scheduler) {
    this.#store = store;
    this.#scheduler = scheduler;
  }

  /** Makes `table` the whole of what is scraped. A target that stays as it was keeps its rhythm. */
  setTable(table: ScrapeTable): void {
    const wanted = new Map(table.targets.map((target) => [target.id, target]));
    for (const [id, running] of this.#targets) {
      if (!deepEqual(wanted.get(id), running.target)) this.#remove(id, running);
    }
    for (const [id, target] of wanted) if (!this.#targets.has(id)) this.#add(id, target);
  }

  targets(): TargetHealth[] {
    return [...this.#targets.values()];
  }

  close(): void {
    for (const running of this.#targets.values()) {
      running.removed = true;
      running.cancel();
    }
    this.#targets.clear();
  }

  #add(id: string, target: ScrapeTarget): void {
    const running: Running = {
      target,
      health: 'unknown',
      lastError: '',
      lastScrapeMs: undefined,
      lastDurationSeconds: 0,
      state: new ScrapeState(),
      cancel: () => {},
      removed: false,
    };
    this.#targets.set(id, running);
    const offsetMs = fnv1a32(id) % target.intervalMs;
    const nowMs = this.#scheduler.now();
    const firstMs = Math.floor(nowMs / target.intervalMs) * target.intervalMs + offsetMs;
    this.#schedule(running, firstMs < nowMs ? firstMs + target.intervalMs : firstMs);
  }

  #remove(id: string, running: Running): void {
    running.removed = true;
    running.cancel();
    this.#targets.delete(id);
    ingestTargetRemoved(this.#store, running.target.labels, this.#scheduler.now(), running.state);
  }

  #schedule(running: Running, atMs: number): void {
    const again = () => {
      const { intervalMs } = running.target;
      const missed = Math.max(0, Math.floor((this.#scheduler.now() - atMs) / intervalMs));
      if (!running.removed) this.#schedule(running, atMs + intervalMs * (missed + 1));
    };
    running.cancel = this.#scheduler.at(atMs, () => {
      this.#scrape(running, atMs).then(again, (error: unknown) => {
        // What the store cannot take says so at the target, and the next scrape may be better.
        running.health = 'down';
        running.lastError = String(error);
        again();
      });
    });
  }

  async #scrape(running: Running, scheduledMs: number): Promise<void> {
    const { target } = running;
    const startedMs = this.#scheduler.now();
    let samples: ParsedSample[] | undefined;
    let text = '';
    running.lastError = '';
    try {
      text = await fetchText(target);
      samples = parseExposition(text);
    } catch (error) {
      running.lastError = error instanceof Error ? error.message : String(error);
    }
    // A target that left the table while its answer was under way has been marked stale already.
    if (running.removed) return;
    running.health = samples === undefined ? 'down' : 'up';
    running.lastScrapeMs = startedMs;
    running.lastDurationSeconds = (this.#scheduler.now() - startedMs) / 1000;
    const { seriesAdded } = ingestScrape(
      this.#store,
      {
        targetLabels: target.labels,
        samples,
        tMs: computeScrapeTimeMs(startedMs, scheduledMs, target.intervalMs),
        durationSeconds: running.lastDurationSeconds,
        honorLabels: target.honorLabels,
      },
      running.state,
    );
    // Without new series there is no new metric either.
    if (seriesAdded > 0) for (const [name, about] of parseMetadata(text)) this.#learn(name, about);
  }

  #learn(name: string, about: MetricMetadata): void {
    if (this.metadata.size < METADATA_MAX || this.metadata.has(name)) this.metadata.set(name, about);
  }
}

async function fetchText(target: ScrapeTarget): Promise<string> {
  const answer = await request(target.url, {
    headers: { accept: 'text/plain;version=0.0.4', 'user-agent': 'pern-gitops' },
    signal: AbortSignal.timeout(target.timeoutMs),
  });
  if (answer.statusCode !== 200) {
    await answer.body.dump();
    throw new Error(`server returned HTTP status ${answer.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`body exceeds ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
