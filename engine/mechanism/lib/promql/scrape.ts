/** What one scrape writes into the store (spec promql §10). */
import type { ParsedSample } from '../exposition/index.ts';
import { detachText } from './label-table.ts';
import { type LabelPair, Labels, METRIC_NAME } from './labels.ts';
import type { Series } from './series.ts';
import type { SeriesStore } from './series-store.ts';

interface KnownSeries {
  series: Series;
  /** The scrape that last had it. */
  round: number;
  /** Series with their own timestamps get no staleness markers. */
  ownTime: boolean;
}

/** What the previous scrapes of one target exposed. One per target, changed by every `ingestScrape`. */
export class ScrapeState {
  round = 0;
  /** By the text of the series in the body, which spares label handling for known series. */
  known = new Map<string, KnownSeries>();
  /** How many of the texts are parts of the first body, which they keep in memory. */
  sharing = 0;
  /** The series about the scrape itself, in the order of REPORT_NAMES. */
  report: readonly (Series | undefined)[] = [];
}

export interface Scrape {
  /** At least `job` and `instance`; they win over scraped labels unless `honorLabels`. */
  readonly targetLabels: Readonly<Record<string, string>>;
  /** Undefined when the scrape failed (no connection, timeout, not readable). */
  readonly samples: readonly ParsedSample[] | undefined;
  readonly tMs: number;
  readonly durationSeconds: number;
  /** Default false: a scraped label that collides is renamed `exported_<label>`. */
  readonly honorLabels?: boolean;
  /** Default true: a timestamp in the body is kept. */
  readonly honorTimestamps?: boolean;
}

export interface ScrapeReport {
  readonly appended: number;
  readonly outOfOrder: number;
  readonly refused: number;
  readonly staled: number;
  readonly seriesAdded: number;
}

/**
 * Writes the samples of one scrape with the target's labels, staleness markers for what vanished (for everything, when
 * the scrape failed), and the series `up`, `scrape_duration_seconds`, `scrape_samples_scraped`,
 * `scrape_samples_post_metric_relabeling` and `scrape_series_added`.
 */
export function ingestScrape(store: SeriesStore, scrape: Scrape, state: ScrapeState): ScrapeReport {
  const samples = scrape.samples ?? [];
  const counts = { appended: 0, 'out-of-order': 0, refused: 0, duplicate: 0 };
  state.round += 1;
  const target = store.shared(Object.entries(scrape.targetLabels).filter(([, value]) => value !== ''));
  // The first body is little more than the texts of its series: to copy each of them would cost more than it saves.
  const isFirst = state.known.size === 0;
  let seriesAdded = 0;
  for (const sample of samples) {
    let known = state.known.get(sample.seriesText);
    if (known === undefined || known.series.removed) {
      const series = store.resolvePairs(labelsOfSample(sample, target, scrape), scrape.tMs);
      if (series === undefined) {
        counts.refused += 1;
        continue;
      }
      known = { series, round: 0, ownTime: false };
      state.known.set(isFirst ? sample.seriesText : detachText(sample.seriesText), known);
      seriesAdded += 1;
    }
    known.round = state.round;
    known.ownTime = sample.timestampMs !== undefined && scrape.honorTimestamps !== false;
    counts[store.appendTo(known.series, known.ownTime ? sample.timestampMs! : scrape.tMs, sample.value)] += 1;
  }
  if (isFirst) state.sharing = state.known.size;
  const staled = markVanished(store, state, scrape.tMs);
  writeReport(store, scrape, state, { scraped: samples.length, seriesAdded });
  return {
    appended: counts.appended,
    outOfOrder: counts['out-of-order'],
    refused: counts.refused,
    staled,
    seriesAdded,
  };
}

/** Ends every series of a target that is no longer scraped, its `up` and `scrape_*` too. */
export function ingestTargetRemoved(
  store: SeriesStore,
  targetLabels: Readonly<Record<string, string>>,
  tMs: number,
  state: ScrapeState,
): void {
  state.round += 1;
  markVanished(store, state, tMs);
  for (const name of REPORT_NAMES) store.appendStale(Labels.fromObject({ ...targetLabels, [METRIC_NAME]: name }), tMs);
}

/**
 * The time a scrape is written at: the scheduled time when the scrape started close enough to it (spec promql §10), so
 * that distances between samples are regular.
 */
export function computeScrapeTimeMs(startedMs: number, scheduledMs: number, intervalMs: number): number {
  return Math.abs(startedMs - scheduledMs) <= Math.min(intervalMs / 100, 2) ? scheduledMs : startedMs;
}

const REPORT_NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;

function writeReport(
  store: SeriesStore,
  scrape: Scrape,
  state: ScrapeState,
  counts: { scraped: number; seriesAdded: number },
): void {
  if (state.report.length === 0 || state.report.some((series) => series === undefined || series.removed)) {
    state.report = REPORT_NAMES.map((name) =>
      store.resolve(Labels.fromObject({ ...scrape.targetLabels, [METRIC_NAME]: name }), scrape.tMs),
    );
  }
  const values = [
    scrape.samples === undefined ? 0 : 1,
    scrape.durationSeconds,
    counts.scraped,
    counts.scraped,
    counts.seriesAdded,
  ];
  state.report.forEach((series, i) => {
    if (series !== undefined) store.appendTo(series, scrape.tMs, values[i]!);
  });
}

function markVanished(store: SeriesStore, state: ScrapeState, tMs: number): number {
  let staled = 0;
  for (const [text, known] of state.known) {
    if (known.round === state.round) continue;
    state.known.delete(text);
    if (!known.ownTime && store.appendStaleTo(known.series, tMs) === 'appended') staled += 1;
  }
  if (state.known.size < state.sharing / 2) {
    state.known = new Map([...state.known].map(([text, known]) => [detachText(text), known]));
    state.sharing = 0;
  }
  return staled;
}

/** The labels of a sample and its target, in any order. */
function labelsOfSample(sample: ParsedSample, target: readonly LabelPair[], scrape: Scrape): LabelPair[] {
  const pairs: LabelPair[] = [];
  let collides = false;
  for (const pair of sample.labels) {
    if (pair[0] === METRIC_NAME || Object.hasOwn(scrape.targetLabels, pair[0])) collides = true;
    if (pair[1] !== '') pairs.push(pair);
  }
  if (collides) return renameCollisions(pairs, sample.name, target, scrape);
  for (const pair of target) pairs.push(pair);
  pairs.push([METRIC_NAME, sample.name]);
  return pairs;
}

function renameCollisions(
  scraped: readonly LabelPair[],
  metricName: string,
  target: readonly LabelPair[],
  { targetLabels, honorLabels }: Scrape,
): LabelPair[] {
  const labels = new Map(scraped);
  for (const [name, value] of target) {
    const old = labels.get(name);
    if (old !== undefined && honorLabels === true) continue;
    if (old !== undefined) {
      let exported = `exported_${name}`;
      while (labels.has(exported) || exported in targetLabels) exported = `exported_${exported}`;
      labels.set(exported, old);
    }
    labels.set(name, value);
  }
  labels.set(METRIC_NAME, metricName);
  return [...labels];
}
