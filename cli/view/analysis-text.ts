import { formatTime } from '../../engine/vocabulary/core/clock.ts';
import type { AnalysisRunView, MeasurementView, MetricView } from './analysis-model.ts';
import { analysisSpan, stateIcon } from './icons.ts';
import { indented, type Line, type Span, span, table } from './lines.ts';

const VALUES_SHOWN = 5;
const RUNS_IN_FULL = 2;

/** All runs of a revision. Good ones that newer runs have followed are one line each: a long release has dozens. */
export function analysesLines(runs: readonly AnalysisRunView[]): Line[] {
  return runs.flatMap((run, index) => {
    const lines = analysisLines(run);
    return run.phase === 'Successful' && index < runs.length - RUNS_IN_FULL ? lines.slice(0, 1) : lines;
  });
}

/** The runs that are under way or were not good, and the last one; without their queries. */
export function latestAnalysisLines(runs: readonly AnalysisRunView[]): Line[] {
  const shown = runs.filter(({ phase }, index) => phase !== 'Successful' || index === runs.length - 1);
  return shown.flatMap((run) =>
    analysisLines({ ...run, metrics: run.metrics.map((metric) => ({ ...metric, query: undefined, provider: '' })) }),
  );
}

/** One run: its verdict, then each metric with the last values beside the condition they are held against. */
export function analysisLines(run: AnalysisRunView): Line[] {
  const message = run.message === '' ? [] : [span(`  ${run.message}`)];
  return [
    [analysisSpan(run.phase), span(`  ${run.name}`, 'strong'), span(`  ${run.scope}`, 'dim'), ...message],
    ...run.metrics.flatMap((metric) => indented(metricLines(metric))),
  ];
}

function metricLines(metric: MetricView): Line[] {
  const wanted = metric.countWanted === undefined ? '' : ` of ${metric.countWanted}`;
  const done = metric.successful + metric.failed + metric.inconclusive;
  const dryRun = metric.isDryRun ? [span('  dry run', 'dim')] : [];
  return [
    [
      firstWord(analysisSpan(metric.phase)),
      span(` ${metric.name}  `, 'strong'),
      ...measurementCounts(metric),
      span(`  measured ${done}${wanted}, failures allowed ${metric.failureLimit}`, 'dim'),
      ...dryRun,
    ],
    ...indented(table(detailRows(metric), 2), 4),
  ];
}

function detailRows(metric: MetricView): (readonly (string | Span | Line)[])[] {
  const shown = metric.measurements.slice(-VALUES_SHOWN);
  const values: Line = shown.flatMap((measurement, index) => [
    ...(index === 0 ? [] : [span('  ')]),
    stateIcon(measurement.phase),
    span(` ${valueText(measurement)}`),
  ]);
  const lastMs = shown.at(-1)?.finishedMs;
  const message = metric.message !== '' ? metric.message : (shown.at(-1)?.message ?? '');
  const rows: [string, string | Line][] = [
    ['values', shown.length === 0 ? 'none yet' : values],
    ['passes', metric.successCondition ?? ''],
    ['fails', metric.failureCondition ?? ''],
    ['query', metric.query ?? (metric.provider === '' ? '' : `provider ${metric.provider}`)],
    ['last at', lastMs === undefined ? '' : formatTime(lastMs)],
    ['why', whyText(shown)],
    ['message', message],
  ];
  return rows.filter(([, value]) => value !== '').map(([label, value]) => [span(label, 'dim'), value]);
}

/** Why the last measurement that was not good was not good. */
function whyText(shown: readonly MeasurementView[]): string {
  const bad = shown.findLast(({ reason }) => reason !== '');
  if (bad === undefined) return '';
  return bad.value === '' ? bad.reason : `${valueText(bad)}: ${bad.reason}`;
}

/** A Prometheus value with at most six significant digits; the rest is noise to a reader. */
function valueText({ value, phase, finishedMs }: MeasurementView): string {
  if (value === '') return phase === 'Error' ? 'no value' : finishedMs === undefined ? '…' : phase.toLowerCase();
  return value.replaceAll(/-?\d+\.\d{4,}(e[+-]?\d+)?/g, (digits) => String(Number(Number(digits).toPrecision(6))));
}

interface Counts {
  successful: number;
  failed: number;
  inconclusive: number;
  error: number;
}

/** `✔ 3,✖ 1`: counts of measurements by outcome, those that are zero left out. */
export function measurementCounts({ successful, failed, inconclusive, error }: Counts): Span[] {
  const counts: [Span, number][] = [
    [span('✔', 'ok'), successful],
    [span('✖', 'bad'), failed],
    [span('?', 'warn'), inconclusive],
    [span('⚠', 'bad'), error],
  ];
  return counts
    .filter(([, count]) => count > 0)
    .flatMap(([icon, count], index) => [...(index === 0 ? [] : [span(',')]), icon, span(` ${count}`)]);
}

function firstWord({ text, tone }: Span): Span {
  return span(text.slice(0, text.indexOf(' ')), tone);
}
