import type { Cancel, Scheduler } from '#core/clock.ts';
import { type ParsedSample, parseExposition } from '#lib/exposition/index.ts';
import { ingestScrape, ScrapeState, type SeriesStore } from '#lib/promql/index.ts';

/** Something in this process that exports series, scraped like a target but without HTTP. */
export interface Exporter {
  job: string;
  instance: string;
  /** Keep the labels it writes (`namespace`, `pod`) instead of renaming them. */
  honorLabels: boolean;
  exposition(): string;
}

const INTERVAL_MS = 5_000;

/** Takes the engine's own exporters into the store, at a fixed interval. One that throws is down; the others go on. */
export function startSelfScrape(store: SeriesStore, scheduler: Scheduler, exporters: readonly Exporter[]): Cancel {
  const scraped = exporters.map((exporter) => ({ exporter, state: new ScrapeState() }));
  let cancel: Cancel = () => {};
  const scrapeAt = (atMs: number) => {
    cancel = scheduler.at(atMs, () => {
      for (const { exporter, state } of scraped) scrapeOne(store, scheduler, exporter, state);
      store.collect(scheduler.now());
      scrapeAt(Math.max(atMs, scheduler.now() - INTERVAL_MS) + INTERVAL_MS);
    });
  };
  scrapeAt(scheduler.now() + INTERVAL_MS);
  return () => cancel();
}

/** Undefined when the exporter throws: its `up` becomes 0, as for a target that does not answer. */
function readSamples(exporter: Exporter): ParsedSample[] | undefined {
  try {
    return parseExposition(exporter.exposition());
  } catch {
    return undefined;
  }
}

function scrapeOne(store: SeriesStore, scheduler: Scheduler, exporter: Exporter, state: ScrapeState): void {
  const startedMs = scheduler.now();
  const samples = readSamples(exporter);
  const targetLabels = { job: exporter.job, instance: exporter.instance };
  const durationSeconds = (scheduler.now() - startedMs) / 1000;
  ingestScrape(
    store,
    { targetLabels, samples, tMs: startedMs, durationSeconds, honorLabels: exporter.honorLabels },
    state,
  );
}
