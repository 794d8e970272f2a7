import { describe, expect, it } from 'vitest';
import { parseExposition } from '../exposition/index.ts';
import { evaluateInstant } from './evaluate.ts';
import { computeScrapeTimeMs, ingestScrape, ingestTargetRemoved, type Scrape, ScrapeState } from './scrape.ts';
import { SeriesStore } from './series-store.ts';

const TARGET = { job: 'backend', instance: '127.0.0.1:3000' };

function query(store: SeriesStore, text: string, tMs: number): string[] {
  const result = evaluateInstant(text, store, tMs);
  return result.type === 'vector' ? result.elements.map(({ labels, value }) => `${labels} ${value}`) : [];
}

function scraper(): {
  store: SeriesStore;
  scrape: (tMs: number, body: string | undefined, more?: Partial<Scrape>) => ReturnType<typeof ingestScrape>;
  state: ScrapeState;
} {
  const store = new SeriesStore();
  const state = new ScrapeState();
  const scrape = (tMs: number, body: string | undefined, more: Partial<Scrape> = {}): ReturnType<typeof ingestScrape> =>
    ingestScrape(
      store,
      {
        targetLabels: TARGET,
        samples: body === undefined ? undefined : parseExposition(body),
        tMs,
        durationSeconds: 0.25,
        ...more,
      },
      state,
    );
  return { store, state, scrape };
}

describe('ingestScrape, promql §10', () => {
  it('adds the target labels and the report series', () => {
    const { store, scrape } = scraper();
    expect(scrape(1000, 'x{a="1"} 5\ny 6\n')).toEqual({
      appended: 2,
      outOfOrder: 0,
      refused: 0,
      staled: 0,
      seriesAdded: 2,
    });
    expect(query(store, '{job="backend"}', 1000)).toEqual([
      'scrape_duration_seconds{instance="127.0.0.1:3000", job="backend"} 0.25',
      'scrape_samples_post_metric_relabeling{instance="127.0.0.1:3000", job="backend"} 2',
      'scrape_samples_scraped{instance="127.0.0.1:3000", job="backend"} 2',
      'scrape_series_added{instance="127.0.0.1:3000", job="backend"} 2',
      'up{instance="127.0.0.1:3000", job="backend"} 1',
      'x{a="1", instance="127.0.0.1:3000", job="backend"} 5',
      'y{instance="127.0.0.1:3000", job="backend"} 6',
    ]);
  });

  it('renames labels that collide, or keeps them with honorLabels', () => {
    const renamed = scraper();
    renamed.scrape(1000, 'x{job="mine",exported_job="old"} 1\n');
    expect(query(renamed.store, 'x', 1000)).toEqual([
      'x{exported_exported_job="mine", exported_job="old", instance="127.0.0.1:3000", job="backend"} 1',
    ]);
    const honored = scraper();
    honored.scrape(1000, 'x{job="mine"} 1\n', { honorLabels: true });
    expect(query(honored.store, 'x', 1000)).toEqual(['x{instance="127.0.0.1:3000", job="mine"} 1']);
  });

  it('ends a series that vanished, at the time of the scrape', () => {
    const { store, scrape } = scraper();
    scrape(1000, 'x 1\ny 1\n');
    expect(scrape(2000, 'y 2\n').staled).toBe(1);
    expect([query(store, 'x', 1999).length, query(store, 'x', 2000).length, query(store, 'y', 2000).length]).toEqual([
      1, 0, 1,
    ]);
    scrape(3000, 'x 3\ny 3\n');
    expect(query(store, 'x', 3000)).toEqual(['x{instance="127.0.0.1:3000", job="backend"} 3']);
  });

  it('ends all series of a failed scrape and reports up 0', () => {
    const { store, scrape } = scraper();
    scrape(1000, 'x 1\ny 1\n');
    expect(scrape(2000, undefined).staled).toBe(2);
    expect(query(store, '{__name__=~"x|y|up"}', 2000)).toEqual(['up{instance="127.0.0.1:3000", job="backend"} 0']);
    expect(scrape(3000, undefined).staled).toBe(0);
  });

  it('ends everything of a removed target', () => {
    const { store, state, scrape } = scraper();
    scrape(1000, 'x 1\n');
    ingestTargetRemoved(store, TARGET, 2000, state);
    expect(query(store, '{job="backend"}', 2000)).toEqual([]);
  });

  it('keeps timestamps of the body, and marks such series never stale', () => {
    const { store, scrape } = scraper();
    scrape(5000, 'x 1 3000\n');
    expect(scrape(6000, '').staled).toBe(0);
    expect(query(store, 'timestamp(x)', 6000)).toEqual(['{instance="127.0.0.1:3000", job="backend"} 3']);
    const ignoring = scraper();
    ignoring.scrape(5000, 'x 1 3000\n', { honorTimestamps: false });
    expect(query(ignoring.store, 'timestamp(x)', 6000)).toEqual(['{instance="127.0.0.1:3000", job="backend"} 5']);
  });

  it('carries on after the store dropped a series of the target', () => {
    const store = new SeriesStore({ retentionMs: 1000 });
    const state = new ScrapeState();
    const scrape = (tMs: number): unknown =>
      ingestScrape(store, { targetLabels: TARGET, samples: parseExposition('x 1\n'), tMs, durationSeconds: 0 }, state);
    scrape(1000);
    store.collect(10_000);
    scrape(10_000);
    expect(query(store, 'x', 10_000)).toHaveLength(1);
  });

  it('aligns the time of a scrape that started close to its schedule', () => {
    expect([
      computeScrapeTimeMs(10_002, 10_000, 1000),
      computeScrapeTimeMs(10_003, 10_000, 1000),
      computeScrapeTimeMs(10_002, 10_000, 100),
    ]).toEqual([10_000, 10_003, 10_002]);
  });
});
