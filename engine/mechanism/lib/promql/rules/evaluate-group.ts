/** Recording and alerting rules of one group at one time. */
import { PromqlError } from '../errors.ts';
import { evaluateInstant, type QueryOptions } from '../evaluate.ts';
import { Labels, METRIC_NAME } from '../labels.ts';
import type { SeriesStore } from '../series-store.ts';
import { expandAlertTemplate } from './alert-template.ts';
import type { Rule, RuleGroup } from './rule-file.ts';

export interface Alert {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  /** When the expression first had it. */
  readonly activeAtMs: number;
  /** Since when it only fires because of `keep_firing_for`. */
  readonly keptSinceMs?: number;
  readonly value: number;
}

/** What a group remembers between evaluations, per rule in its order. */
export interface RuleState {
  readonly alerts: ReadonlyMap<string, Alert>;
  /** Series the rule wrote last; those it no longer writes are marked stale. */
  readonly written: ReadonlyMap<string, Labels>;
}

export interface RuleError {
  readonly rule: string;
  readonly message: string;
}

export interface RuleContext {
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  readonly options?: QueryOptions;
}

interface Written {
  readonly labels: Labels;
  readonly value: number;
}

const NOTHING: RuleState = { alerts: new Map(), written: new Map() };

/**
 * Evaluates the rules of a group in order at `tMs`, each seeing what those before it wrote, as Prometheus does. Writes
 * recorded series, `ALERTS` and `ALERTS_FOR_STATE` into `store`.
 *
 * @param before - what the last evaluation returned; undefined the first time.
 * @returns the state for the next evaluation, and the rules that failed (their state is kept).
 */
export function evaluateRuleGroup(
  group: RuleGroup,
  before: readonly RuleState[] | undefined,
  store: SeriesStore,
  tMs: number,
  context: RuleContext,
): { states: readonly RuleState[]; errors: readonly RuleError[] } {
  const errors: RuleError[] = [];
  const states = group.rules.map((rule, index) => {
    const state = before?.[index] ?? NOTHING;
    try {
      return evaluateRule(rule, group, state, store, tMs, context);
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      errors.push({ rule: rule.name, message: error.message });
      return state;
    }
  });
  return { states, errors };
}

function evaluateRule(
  rule: Rule,
  group: RuleGroup,
  before: RuleState,
  store: SeriesStore,
  tMs: number,
  context: RuleContext,
): RuleState {
  const atMs = tMs - group.queryOffsetMs;
  const elements = elementsOf(rule, store, atMs, context);
  const alerts = rule.kind === 'alert' ? nextAlerts(rule, before.alerts, elements, store, tMs, context) : before.alerts;
  const samples = rule.kind === 'alert' ? alertSamples(rule, alerts) : recorded(rule, elements);
  const count = rule.kind === 'alert' ? alerts.size : samples.length;
  if (group.limit > 0 && count > group.limit)
    throw new PromqlError(
      'execution',
      `exceeded limit of ${group.limit} with ${count} ${rule.kind === 'alert' ? 'alerts' : 'series'}`,
    );
  return { alerts, written: write(store, samples, before.written, atMs) };
}

function elementsOf(rule: Rule, store: SeriesStore, tMs: number, context: RuleContext): Written[] {
  const result = evaluateInstant(rule.expr, store, tMs, context.options);
  if (result.type === 'vector') return [...result.elements];
  if (result.type === 'scalar') return [{ labels: Labels.EMPTY, value: result.value }];
  throw new PromqlError('execution', 'rule result is not a vector or scalar');
}

function recorded(rule: Rule, elements: readonly Written[]): Written[] {
  const samples = elements.map(({ labels, value }) => ({
    labels: withAll(labels.with(METRIC_NAME, rule.name), rule.labels),
    value,
  }));
  if (new Set(samples.map(({ labels }) => labels.key)).size < samples.length)
    throw new PromqlError('execution', 'vector contains metrics with the same labelset after applying rule labels');
  return samples;
}

function nextAlerts(
  rule: Rule,
  before: ReadonlyMap<string, Alert>,
  elements: readonly Written[],
  store: SeriesStore,
  tMs: number,
  context: RuleContext,
): ReadonlyMap<string, Alert> {
  const next = new Map<string, Alert>();
  for (const element of elements) {
    const { labels, annotations } = expand(rule, element, store, tMs, context);
    if (next.has(labels.key))
      throw new PromqlError('execution', 'vector contains metrics with the same labelset after applying alert labels');
    const activeAtMs = before.get(labels.key)?.activeAtMs ?? tMs;
    const state = tMs - activeAtMs >= rule.forMs ? 'firing' : 'pending';
    next.set(labels.key, { labels, annotations, state, activeAtMs, value: element.value });
  }
  for (const [key, alert] of before) {
    if (next.has(key) || alert.state !== 'firing') continue;
    const keptSinceMs = alert.keptSinceMs ?? tMs;
    if (tMs - keptSinceMs < rule.keepFiringForMs) next.set(key, { ...alert, keptSinceMs });
  }
  return next;
}

function expand(rule: Rule, { labels, value }: Written, store: SeriesStore, tMs: number, context: RuleContext) {
  const data = {
    labels: labels.toObject(),
    externalLabels: context.externalLabels,
    externalUrl: context.externalUrl,
    value,
    tMs,
    query: (text: string) => queryForTemplate(text, store, tMs, context),
  };
  const texts = (templates: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(templates).map(([name, text]) => [name, expandAlertTemplate(text, data)]));
  return {
    labels: withAll(labels.withoutName(), texts(rule.labels)).with('alertname', rule.name),
    annotations: texts(rule.annotations),
  };
}

function queryForTemplate(text: string, store: SeriesStore, tMs: number, context: RuleContext) {
  const result = evaluateInstant(text, store, tMs, context.options);
  if (result.type === 'scalar') return [{ labels: {}, value: result.value }];
  if (result.type === 'vector')
    return result.elements.map(({ labels, value }) => ({ labels: labels.toObject(), value }));
  throw new PromqlError('execution', 'query result is not a vector or scalar');
}

function alertSamples(rule: Rule, alerts: ReadonlyMap<string, Alert>): Written[] {
  return [...alerts.values()].flatMap(({ labels, state, activeAtMs }) => {
    const named = labels.with('alertname', rule.name);
    return [
      { labels: named.with(METRIC_NAME, 'ALERTS').with('alertstate', state), value: 1 },
      { labels: named.with(METRIC_NAME, 'ALERTS_FOR_STATE'), value: Math.floor(activeAtMs / 1000) },
    ];
  });
}

function write(
  store: SeriesStore,
  samples: readonly Written[],
  before: ReadonlyMap<string, Labels>,
  tMs: number,
): ReadonlyMap<string, Labels> {
  const written = new Map(samples.map(({ labels }) => [labels.key, labels]));
  for (const { labels, value } of samples) store.append(labels, tMs, value);
  for (const [key, labels] of before) if (!written.has(key)) store.appendStale(labels, tMs);
  return written;
}

function withAll(labels: Labels, added: Readonly<Record<string, string>>): Labels {
  return Object.entries(added).reduce((result, [name, value]) => result.with(name, value), labels);
}
