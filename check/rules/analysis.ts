import { assessMeasurement, compileCondition, ExprError } from '../../engine/mechanism/lib/expr/index.ts';
import { nearestName } from '../../engine/mechanism/lib/kustomize/errors.ts';
import { PromqlError, parseQuery } from '../../engine/mechanism/lib/promql/index.ts';
import type { Issue } from '../finding.ts';
import { elementsAt, mapAt, stringAt } from '../model/fields.ts';
import { about } from '../model/lookup.ts';
import { metricCatalogue } from '../model/metric-catalogue.ts';
import type { PlacedObject } from '../model/placed-object.ts';
import { type QueryAt, queriesOf } from '../model/queries.ts';
import type { FieldPath } from '../model/source.ts';
import type { Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';

const TEMPLATES = ['AnalysisTemplate.argoproj.io', 'ClusterAnalysisTemplate.argoproj.io'];
/** When conditions are tried; they may call now(). */
const NOW_MS = Date.UTC(2026, 0, 5, 9);

interface MetricAt {
  object: PlacedObject;
  path: FieldPath;
  value: Readonly<Record<string, unknown>>;
}

function metricsOf(tree: Tree): MetricAt[] {
  return TEMPLATES.flatMap((kindId) => tree.byKind(kindId)).flatMap((object) =>
    elementsAt(object.value, ['spec', 'metrics']).map((at) => ({ object, ...at })),
  );
}

const condition: Rule = {
  id: 'analysis/condition',
  severity: 'error',
  summary: 'a condition that is no expression',
  why: 'Argo Rollouts refuses to evaluate it: each measurement is an Error, and after consecutiveErrorLimit (4) of them in a row the release is aborted.',
  example: { bad: 'successCondition: result[0] => 0.95', good: 'successCondition: result[0] >= 0.95' },
  *check(tree): Generator<Issue> {
    for (const { object, path, value } of metricsOf(tree)) {
      for (const field of ['successCondition', 'failureCondition']) {
        const text = stringAt(value, [field]);
        if (text === undefined || text === '') continue;
        try {
          compileCondition(withoutPlaceholders(text));
        } catch (error) {
          if (!(error instanceof ExprError)) throw error;
          yield {
            ...about(tree, object, [...path, field]),
            message: `${field} does not parse: ${firstLine(error.message)}`,
          };
        }
      }
    }
  },
};

/** Arguments are numbers as often as not; as a number they parse in every position that makes sense. */
function withoutPlaceholders(text: string): string {
  return text.replace(/\{\{[^}]*\}\}/g, '1');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}

const outcome: Rule = {
  id: 'analysis/outcome',
  severity: 'error',
  summary: 'a pair of conditions that can never succeed, never fail, or leaves values between',
  why: 'A value for which neither condition holds is Inconclusive: the Rollout pauses and waits for a person. A metric that cannot succeed aborts every release; one that cannot fail protects nothing.',
  example: {
    bad: 'successCondition: result[0] >= 0.95\nfailureCondition: result[0] < 0.90',
    good: 'successCondition: result[0] >= 0.95\nfailureCondition: result[0] < 0.95',
  },
  *check(tree): Generator<Issue> {
    for (const metric of metricsOf(tree)) {
      const trial = tryConditions(metric);
      if (trial !== undefined) yield* outcomeIssues(tree, metric, trial);
    }
  },
};

interface Trial {
  /** Outcome by value, ascending. */
  values: readonly { value: number; phase: string }[];
  hasFailure: boolean;
}

/** The outcomes around every number the conditions mention; undefined when nothing can be said. */
function tryConditions({ value: metric }: MetricAt): Trial | undefined {
  const conditions = conditionsOf(metric);
  if (conditions === undefined || stringAt(metric, ['provider', 'prometheus', 'query']) === undefined) return undefined;
  const text = `${conditions.successCondition ?? ''} ${conditions.failureCondition ?? ''}`;
  // `result` as a list of lists (range queries) or by label is beyond guessing.
  if (mapAt(metric, ['provider', 'prometheus']).rangeQuery !== undefined) return undefined;
  const numbers = [...text.replace(/\[\d+\]/g, '').matchAll(/(?<![\w.])\d+(\.\d+)?(e[+-]?\d+)?/gi)].map(([number]) =>
    Number(number),
  );
  const around = numbers.flatMap((number) => [
    number - Math.max(1e-6, Math.abs(number) * 1e-4),
    number,
    number + Math.max(1e-6, Math.abs(number) * 1e-4),
  ]);
  const points = [...new Set([0, 0.5, 1, 1e9, ...around])].filter((value) => value >= 0).sort((a, b) => a - b);
  const values = points.map((value) => ({ value, phase: phaseFor([value], text, conditions) }));
  if (values.every(({ phase }) => phase === 'Error')) return undefined;
  return { values, hasFailure: conditions.failureCondition !== undefined };
}

/** A scalar query gives a number, a vector query a list; the conditions show which their author expects. */
function phaseFor(
  sample: readonly number[],
  text: string,
  conditions: { successCondition?: string; failureCondition?: string },
): string {
  const isList =
    /result\s*\[|len\s*\(\s*result|(all|any|none|filter|map|count)\s*\(\s*result|isEmpty|default\s*\(\s*result/.test(
      text,
    );
  return assessMeasurement(isList ? sample : (sample[0] ?? null), conditions, NOW_MS).phase;
}

function conditionsOf(metric: Readonly<Record<string, unknown>>) {
  const [successCondition, failureCondition] = ['successCondition', 'failureCondition'].map(
    (field) => stringAt(metric, [field]) || undefined,
  );
  const text = `${successCondition ?? ''}${failureCondition ?? ''}`;
  if (text === '' || text.includes('{{')) return undefined;
  return {
    ...(successCondition === undefined ? {} : { successCondition }),
    ...(failureCondition === undefined ? {} : { failureCondition }),
  };
}

function* outcomeIssues(tree: Tree, { object, path, value }: MetricAt, { values }: Trial): Generator<Issue> {
  const name = String(value.name);
  const at = about(tree, object, [
    ...path,
    value.successCondition === undefined ? 'failureCondition' : 'successCondition',
  ]);
  const phases = new Set(values.map(({ phase }) => phase));
  if (!phases.has('Successful') && phases.size === 1 && phases.has('Failed')) {
    yield { ...at, message: `no value makes metric "${name}" succeed`, fix: 'compare the two conditions' };
  } else if (!phases.has('Failed') && phases.size === 1) {
    yield {
      ...at,
      severity: 'warning',
      message: `no value makes metric "${name}" fail`,
      fix: 'compare the condition with what the query can give',
    };
  }
  const between = values.filter(({ phase }) => phase === 'Inconclusive');
  if (between.length > 0 && between.length < values.length) {
    const first = between[0] as { value: number };
    const last = between.at(-1) as { value: number };
    const span = first === last ? String(round(first.value)) : `${round(first.value)} to ${round(last.value)}`;
    yield {
      ...at,
      severity: 'warning',
      message: `metric "${name}" is inconclusive for ${span}`,
      why: 'The Rollout then pauses until a person promotes or aborts it.',
      fix: 'close the gap, or accept it with a suppression that says who decides then',
    };
  }
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}

const noData: Rule = {
  id: 'analysis/no-data',
  severity: 'warning',
  summary: 'a condition that fails with an error when the query finds nothing, or NaN',
  why: 'Without traffic a rate finds no series and a ratio is NaN. `result[0]` of an empty result is an Error, five in a row abort the release: at night nothing can be delivered. A comparison with NaN is false, which a success condition takes for a failure.',
  example: {
    bad: 'successCondition: result[0] >= 0.95',
    good: 'successCondition: len(result) == 0 || isNaN(result[0]) || result[0] >= 0.95',
  },
  *check(tree): Generator<Issue> {
    for (const { object, path, value } of metricsOf(tree)) {
      const conditions = conditionsOf(value);
      if (conditions === undefined || stringAt(value, ['provider', 'prometheus', 'query']) === undefined) continue;
      const text = `${conditions.successCondition ?? ''} ${conditions.failureCondition ?? ''}`;
      if (!/result\s*\[\s*0\s*\]/.test(text)) continue;
      const empty = assessMeasurement([], conditions, NOW_MS).phase;
      const notANumber = assessMeasurement([Number.NaN], conditions, NOW_MS).phase;
      const faults = [
        ...(empty === 'Error' ? ['an empty result is an Error'] : []),
        ...(notANumber === 'Failed' || notANumber === 'Error' ? [`NaN is ${notANumber}`] : []),
      ];
      if (faults.length === 0) continue;
      yield {
        ...about(tree, object, [
          ...path,
          conditions.successCondition === undefined ? 'failureCondition' : 'successCondition',
        ]),
        message: `metric "${String(value.name)}" has no answer to missing data: ${faults.join(', ')}`,
        fix: 'decide it: len(result) == 0 || isNaN(result[0]) || …',
      };
    }
  },
};

const query: Rule = {
  id: 'analysis/query',
  severity: 'error',
  summary: 'a query that is no PromQL',
  why: 'Prometheus answers 400 to each measurement; the run ends in Error and the release is aborted. In a rule file the whole group is not loaded.',
  example: { bad: 'sum(rate(http_requests_total[5m])', good: 'sum(rate(http_requests_total[5m]))' },
  *check(tree): Generator<Issue> {
    for (const at of queriesOf(tree)) {
      const problem = queryProblem(at);
      if (problem === undefined) continue;
      yield { ...about(tree, at.object, at.path), message: `the query does not parse: ${problem}` };
    }
  },
};

function queryProblem({ text }: QueryAt): string | undefined {
  try {
    parseQuery(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return error.unsupported ? undefined : firstLine(error.message);
  }
}

const metricName: Rule = {
  id: 'analysis/unknown-metric',
  severity: 'error',
  summary: 'a query of a metric that nothing known exports',
  why:
    'The query is valid and finds nothing, for ever. What that means is then up to the condition: every release is aborted, or none ever is. ' +
    'Known are the metrics of Kubernetes’ own exporters and, when the tree has *.prom files (a page of /metrics each), those of the application.',
  example: { bad: 'rate(http_request_total[5m])', good: 'rate(http_requests_total[5m])' },
  *check(tree): Generator<Issue> {
    const catalogue = metricCatalogue(tree);
    for (const at of queriesOf(tree)) {
      for (const name of at.metrics) {
        if (catalogue.knows(name)) continue;
        const near = nearestName(name, catalogue.names);
        yield {
          ...about(tree, at.object, at.path),
          message: `nothing known exports ${name}`,
          ...(near === undefined ? {} : { fix: `did you mean ${near}?` }),
        };
      }
    }
  },
};

export const ANALYSIS: readonly Rule[] = [condition, outcome, noData, query, metricName];
