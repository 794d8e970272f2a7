import { parseGoDurationMs } from '#core/duration.ts';
import {
  evaluateInstant,
  evaluateRange,
  formatData,
  type Matcher,
  PromqlError,
  parseQuery,
  parseSelector,
  type QueryResult,
} from '#lib/promql/index.ts';
import type { RealMetrics } from './metrics-port.ts';

/** As Prometheus: more points than this in one series are refused. */
const POINTS_MAX = 11_000;

/** A request that names a parameter wrongly (HTTP 400, `bad_data`). */
export class BadData extends Error {}

export interface PrometheusCall {
  readonly metrics: RealMetrics;
  readonly nowMs: number;
  readonly parameters: URLSearchParams;
}

export interface PrometheusAnswer {
  readonly data: unknown;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** What is served below `/api/v1/`. `post`: the parameters may come as a form as well. */
export const ENDPOINTS: Readonly<
  Record<string, { post: boolean; answer: (call: PrometheusCall) => PrometheusAnswer }>
> = {
  query: { post: true, answer: instantQuery },
  query_range: { post: true, answer: rangeQuery },
  query_exemplars: { post: true, answer: () => ({ data: [] }) },
  format_query: { post: true, answer: ({ parameters }) => ({ data: formatQuery(parameters) }) },
  series: { post: true, answer: seriesList },
  labels: { post: true, answer: labelNames },
  metadata: { post: false, answer: metadata },
  targets: { post: false, answer: targets },
  // Rules are not evaluated while the engine runs; `pern rules test` evaluates them.
  rules: { post: false, answer: () => ({ data: { groups: [] } }) },
  alerts: { post: false, answer: () => ({ data: { alerts: [] } }) },
  'status/buildinfo': { post: false, answer: () => ({ data: BUILD }) },
};

/** Clients choose features by this; the language is that of Prometheus 3. */
const BUILD = { version: '3.5.0', revision: '', branch: '', buildUser: 'pern-gitops', buildDate: '', goVersion: '' };

function instantQuery({ metrics, nowMs, parameters }: PrometheusCall): PrometheusAnswer {
  const tMs = timeOf(parameters, 'time') ?? nowMs;
  return resultOf(evaluateInstant(parameters.get('query') ?? '', metrics.store, tMs, lookback(parameters)), parameters);
}

function rangeQuery({ metrics, parameters }: PrometheusCall): PrometheusAnswer {
  const startMs = requiredTime(parameters, 'start');
  const endMs = requiredTime(parameters, 'end');
  if (endMs < startMs) throw bad('end', 'end timestamp must not be before start time');
  const stepMs = durationOf(parameters, 'step');
  if (stepMs <= 0)
    throw bad('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  if ((endMs - startMs) / stepMs > POINTS_MAX) {
    throw new BadData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const query = parseQuery(parameters.get('query') ?? '');
  return resultOf(evaluateRange(query, metrics.store, { startMs, endMs, stepMs }, lookback(parameters)), parameters);
}

function resultOf(result: QueryResult, parameters: URLSearchParams): PrometheusAnswer {
  const data = formatData(result);
  const { warnings, infos } = result;
  if (!Array.isArray(data.result) || data.resultType === 'scalar' || data.resultType === 'string')
    return { data, warnings, infos };
  const limited = limit(data.result as readonly unknown[], parameters);
  return { data: { ...data, result: limited.items }, warnings: [...warnings, ...limited.warnings], infos };
}

function formatQuery(parameters: URLSearchParams): string {
  const query = parameters.get('query') ?? '';
  parseQuery(query);
  return query.trim();
}

function seriesList(call: PrometheusCall): PrometheusAnswer {
  if (!call.parameters.has('match[]')) throw new BadData('no match[] parameter provided');
  const found = limit(
    selected(call).map((series) => series.labels.toObject()),
    call.parameters,
  );
  return { data: found.items, warnings: found.warnings };
}

function labelNames(call: PrometheusCall): PrometheusAnswer {
  const names = new Set<string>();
  for (const { labels } of selected(call)) for (const [name] of labels.pairs) names.add(name);
  const found = limit([...names].sort(), call.parameters);
  return { data: found.items, warnings: found.warnings };
}

/** The values of one label; names with other characters come escaped as `U__…` or percent-encoded. */
export function labelValues(call: PrometheusCall, name: string): PrometheusAnswer {
  if (name === '') throw new BadData('invalid label name: ""');
  const values = new Set<string>();
  for (const { labels } of selected(call)) {
    const value = labels.get(name);
    if (value !== '') values.add(value);
  }
  const found = limit([...values].sort(), call.parameters);
  return { data: found.items, warnings: found.warnings };
}

/** The series that match any of `match[]` (all without it) and have samples between `start` and `end`. */
function selected({ metrics, parameters }: PrometheusCall) {
  const startMs = timeOf(parameters, 'start') ?? -Infinity;
  const endMs = timeOf(parameters, 'end') ?? Infinity;
  if (endMs < startMs) throw bad('end', 'end timestamp must not be before start time');
  const selectors = parameters.getAll('match[]').map(matchersOf);
  const all =
    selectors.length === 0 ? metrics.store.allSeries() : selectors.flatMap((one) => metrics.store.select(one));
  return [...new Set(all)].filter((series) => {
    const last = series.indexAfter(endMs) - 1;
    return last >= series.start && (series.times[last] as number) >= startMs;
  });
}

function matchersOf(text: string): readonly Matcher[] {
  try {
    return parseSelector(text);
  } catch (error) {
    if (error instanceof PromqlError) throw bad('match[]', error.message);
    throw error;
  }
}

function metadata({ metrics, parameters }: PrometheusCall): PrometheusAnswer {
  const only = parameters.get('metric');
  const known = [...metrics.metadata()].sort(([a], [b]) => (a < b ? -1 : 1));
  const entries = known.filter(([name]) => only === null || only === '' || name === only);
  return {
    data: Object.fromEntries(limit(entries, parameters).items.map(([name, about]) => [name, [{ ...about, unit: '' }]])),
  };
}

function targets({ metrics, parameters }: PrometheusCall): PrometheusAnswer {
  const state = parameters.get('state')?.toLowerCase();
  const active = state === 'dropped' ? [] : metrics.scraper.targets().map(targetView);
  return { data: { activeTargets: active, droppedTargets: [], droppedTargetCounts: {} } };
}

function targetView({
  target,
  health,
  lastError,
  lastScrapeMs,
  lastDurationSeconds,
}: ReturnType<RealMetrics['scraper']['targets']>[number]) {
  return {
    discoveredLabels: {},
    labels: target.labels,
    scrapePool: target.id.split('/').slice(0, 3).join('/'),
    scrapeUrl: target.url,
    globalUrl: target.url,
    health,
    lastError,
    lastScrape: lastScrapeMs === undefined ? '' : new Date(lastScrapeMs).toISOString(),
    lastScrapeDuration: lastDurationSeconds,
    scrapeInterval: `${target.intervalMs / 1000}s`,
    scrapeTimeout: `${target.timeoutMs / 1000}s`,
  };
}

function limit<T>(
  items: readonly T[],
  parameters: URLSearchParams,
): { items: readonly T[]; warnings: readonly string[] } {
  const text = parameters.get('limit') ?? '';
  if (text === '') return { items, warnings: [] };
  if (!/^[+-]?\d+$/.test(text)) throw bad('limit', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const most = Number(text);
  if (most < 0) throw bad('limit', 'limit must be non-negative');
  return most === 0 || items.length <= most
    ? { items, warnings: [] }
    : { items: items.slice(0, most), warnings: ['results truncated due to limit'] };
}

function bad(name: string, problem: string): BadData {
  return new BadData(`invalid parameter "${name}": ${problem}`);
}

function requiredTime(parameters: URLSearchParams, name: string): number {
  const timeMs = timeOf(parameters, name);
  if (timeMs === undefined) throw bad(name, 'cannot parse "" to a valid timestamp');
  return timeMs;
}

/** Seconds since the epoch or RFC 3339, as Prometheus takes them; in milliseconds. */
function timeOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  const seconds = parseSeconds(text);
  const isDate = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text);
  const timeMs = seconds !== undefined ? Math.round(seconds * 1000) : isDate ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw bad(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return timeMs;
}

function durationOf(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  const seconds = parseSeconds(text);
  const durationMs = seconds === undefined ? parseGoDurationMs(text) : seconds * 1000;
  if (durationMs === undefined) throw bad(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
  return durationMs;
}

function parseSeconds(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

function lookback(parameters: URLSearchParams): { lookbackMs?: number } {
  if ((parameters.get('lookback_delta') ?? '') === '') return {};
  const lookbackMs = durationOf(parameters, 'lookback_delta');
  return lookbackMs > 0 ? { lookbackMs } : {};
}
