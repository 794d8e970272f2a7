/** Writer of the Prometheus text exposition format 0.0.4, for the engine's own exporters. */
import type { LabelPair } from './parse.ts';

/** One metric family as it is written: a header, then its samples. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';
  readonly samples: readonly FamilySample[];
}

/** `suffix` is `_bucket`, `_sum` or `_count` for histograms and summaries, else left out. */
export interface FamilySample {
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>> | readonly LabelPair[];
  readonly value: number;
  readonly timestampMs?: number;
}

/** The content type a target announces with this format. */
export const EXPOSITION_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Writes families in the order given; labels of one sample are sorted by name.
 *
 * @throws TypeError when a metric or label name is not valid in this format (a programmer's mistake).
 */
export function formatExposition(families: readonly MetricFamily[]): string {
  let text = '';
  for (const family of families) {
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(family.name)) throw new TypeError(`"${family.name}" is not a metric name`);
    text += `# HELP ${family.name} ${family.help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${family.name} ${family.type}\n`;
    for (const sample of family.samples) text += formatSample(family.name, sample);
  }
  return text;
}

/** Writes a value as Prometheus reads it: `+Inf`, `-Inf`, `NaN`, else the shortest decimal. */
export function formatValue(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}

function formatSample(name: string, sample: FamilySample): string {
  const time = sample.timestampMs === undefined ? '' : ` ${sample.timestampMs}`;
  return `${name}${sample.suffix ?? ''}${formatLabels(sample.labels)} ${formatValue(sample.value)}${time}\n`;
}

function formatLabels(labels: FamilySample['labels']): string {
  if (labels === undefined) return '';
  const pairs = isPairs(labels) ? [...labels] : Object.entries(labels);
  if (pairs.length === 0) return '';
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([label, value]) => `${checkedLabel(label)}="${escapeValue(value)}"`).join(',')}}`;
}

function isPairs(labels: NonNullable<FamilySample['labels']>): labels is readonly LabelPair[] {
  return Array.isArray(labels);
}

function checkedLabel(label: string): string {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) throw new TypeError(`"${label}" is not a label name`);
  return label;
}

function escapeValue(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
