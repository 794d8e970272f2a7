import { type Expr, PromqlError, parseQuery } from '../../engine/mechanism/lib/promql/index.ts';
import { elementsAt, stringAt } from './fields.ts';
import type { PlacedObject } from './placed-object.ts';
import type { FieldPath } from './source.ts';
import type { Tree } from './tree.ts';

/** A PromQL query somewhere in the tree, with placeholders filled in so that it can be parsed. */
export interface QueryAt {
  object: PlacedObject;
  path: FieldPath;
  text: string;
  /** Names of the metrics it selects; empty when it does not parse. */
  metrics: readonly string[];
}

/** Queries of analysis templates and of Prometheus rules. */
export function queriesOf(tree: Tree): QueryAt[] {
  const found: QueryAt[] = [];
  for (const kindId of ['AnalysisTemplate.argoproj.io', 'ClusterAnalysisTemplate.argoproj.io']) {
    for (const object of tree.byKind(kindId)) {
      const defaults = argumentDefaults(object);
      for (const { path, value } of elementsAt(object.value, ['spec', 'metrics'])) {
        const text = stringAt(value, ['provider', 'prometheus', 'query']);
        if (text !== undefined)
          found.push(query(object, [...path, 'provider', 'prometheus', 'query'], fill(text, defaults)));
      }
    }
  }
  for (const object of tree.byKind('PrometheusRule.monitoring.coreos.com')) {
    for (const group of elementsAt(object.value, ['spec', 'groups'])) {
      for (const { path, value } of elementsAt(object.value, [...group.path, 'rules'])) {
        if (typeof value.expr === 'string') found.push(query(object, [...path, 'expr'], value.expr));
      }
    }
  }
  return found;
}

function query(object: PlacedObject, path: FieldPath, text: string): QueryAt {
  return { object, path, text, metrics: metricNames(text) };
}

function argumentDefaults(object: PlacedObject): ReadonlyMap<string, string> {
  return new Map(
    elementsAt(object.value, ['spec', 'args']).flatMap(({ value }) =>
      typeof value.value === 'string' ? [[String(value.name), value.value] as const] : [],
    ),
  );
}

/** Inside brackets a placeholder is a duration, elsewhere a text or a number: a digit is both. */
function fill(text: string, defaults: ReadonlyMap<string, string>): string {
  return text
    .replace(/\[\s*\{\{\s*args\.([\w-]+)\s*\}\}/g, (_, name: string) => `[${defaults.get(name) ?? '5m'}`)
    .replace(/\{\{\s*args\.([\w-]+)\s*\}\}/g, (_, name: string) => defaults.get(name) ?? '1')
    .replace(/\{\{[^}]*\}\}/g, '1');
}

function metricNames(text: string): string[] {
  try {
    return [...new Set(selectorsOf(parseQuery(text)))];
  } catch (error) {
    if (error instanceof PromqlError) return [];
    throw error;
  }
}

function selectorsOf(expr: Expr): string[] {
  switch (expr.kind) {
    case 'selector':
      return expr.metricName === '' ? [] : [expr.metricName];
    case 'matrix':
      return selectorsOf(expr.selector);
    case 'subquery':
    case 'paren':
    case 'unary':
      return selectorsOf(expr.expr);
    case 'binary':
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)];
    case 'aggregate':
      return [...selectorsOf(expr.expr), ...(expr.param === undefined ? [] : selectorsOf(expr.param))];
    case 'call':
      return expr.args.flatMap(selectorsOf);
    default:
      return [];
  }
}
