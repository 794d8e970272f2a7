import type { Cancel, Scheduler } from '#core/clock.ts';
import type { MetricFamily, ParsedSample } from '#lib/exposition/index.ts';
import { ingestScrape, ScrapeState, type SeriesStore } from '#lib/promql/index.ts';

/** Something of the cluster itself that exports series: kube-state-metrics, the kubelet. */
export interface SimExporter {
  readonly job: string;
  readonly instance: string;
  /** At least those of these names. */
  families(names: ReadonlySet<string>): readonly MetricFamily[];
  /** Changes when the families do; what has not changed is not computed again. */
  version(): unknown;
  /** The metrics somebody may ask for. A simulated day would be slow if it took in what nobody does. */
  wanted(): ReadonlySet<string>;
}

/** As the Prometheus operator's defaults have it for the cluster's own exporters. */
const INTERVAL_MS = 30_000;

/** Scrapes the exporters into the store, at a fixed interval of the virtual clock. */
export function startSimExporters(store: SeriesStore, scheduler: Scheduler, exporters: readonly SimExporter[]): Cancel {
  const scraped = exporters.map((exporter) => ({
    exporter,
    state: new ScrapeState(),
    version: undefined as unknown,
    samples: [] as readonly ParsedSample[],
  }));
  let cancel: Cancel = () => {};
  const scrapeAt = (atMs: number) => {
    cancel = scheduler.at(atMs, () => {
      for (const one of scraped) {
        const version = one.exporter.version();
        if (version !== one.version) one.samples = wantedSamples(one.exporter);
        one.version = version;
        const targetLabels = { job: one.exporter.job, instance: one.exporter.instance };
        ingestScrape(
          store,
          { targetLabels, samples: one.samples, tMs: scheduler.now(), durationSeconds: 0.004, honorLabels: true },
          one.state,
        );
      }
      scrapeAt(atMs + (Math.floor((scheduler.now() - atMs) / INTERVAL_MS) + 1) * INTERVAL_MS);
    });
  };
  scrapeAt(Math.ceil((scheduler.now() + 1) / INTERVAL_MS) * INTERVAL_MS);
  return () => cancel();
}

function wantedSamples(exporter: SimExporter): ParsedSample[] {
  const names = exporter.wanted();
  return names.size === 0 ? [] : samplesOf(exporter.families(names).filter(({ name }) => names.has(name)));
}

function samplesOf(families: readonly MetricFamily[]): ParsedSample[] {
  return families.flatMap((family) =>
    family.samples.map(({ suffix = '', labels = {}, value }) => {
      const pairs = Array.isArray(labels)
        ? (labels as [string, string][])
        : Object.entries(labels as Record<string, string>);
      const name = `${family.name}${suffix}`;
      let seriesText = name;
      for (const [label, text] of pairs) seriesText += `\u0001${label}\u0002${text}`;
      return { seriesText, name, labels: pairs, value };
    }),
  );
}
