import { canonicalJson, isRecord } from '#core/json.ts';
import type { Generate } from './generators.ts';
import { type GeneratorContext, refuseOthers } from './inputs.ts';
import { deepMerge, renderText, renderTexts, type Templating } from './templating.ts';
import { type Generator, GeneratorError, type Params, TemplateError } from './types.ts';

/** Parameter sets one ApplicationSet may have: a matrix of matrices multiplies quickly. */
export const PARAMETER_SETS_MAX = 50_000;

/** Every set of the first child with every set of the second, which may use the first one's parameters (A21-A25). */
export function generateMatrix(
  matrix: NonNullable<Generator['matrix']>,
  context: GeneratorContext,
  child: Generate,
): Params[] {
  refuseOthers(matrix, new Set(['generators', 'template']), context.field);
  const children = matrix.generators ?? [];
  if (children.length < 2) throw new GeneratorError('found less than two generators, Matrix support only two');
  if (children.length > 2) throw new GeneratorError('found more than two generators, Matrix support only two');
  const [first, second] = children as [Generator, Generator];
  const inner = (index: number) => ({ ...context, field: `${context.field}.generators[${index}]` });
  const outer = prefixed('error failed to get params for first generator in matrix generator', () =>
    child(first, 'matrix', inner(0)),
  );
  const result: Params[] = [];
  for (const params of outer) {
    const sets = prefixed('failed to get params for second generator in the matrix generator', () =>
      child(interpolateGenerator(second, params, context.templating), 'matrix', inner(1)),
    );
    for (const set of sets) {
      result.push(context.templating.go ? (deepMerge(set, params) as Params) : combineTexts(params, set));
    }
    refuseTooMany(result.length, context.field);
  }
  return result;
}

export function refuseTooMany(count: number, field: string): void {
  if (count <= PARAMETER_SETS_MAX) return;
  throw new GeneratorError(`${field}: more than ${PARAMETER_SETS_MAX} parameter sets`);
}

function prefixed<T>(prefix: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof GeneratorError || error instanceof TemplateError) {
      throw new GeneratorError(`${prefix}: ${error.message}`);
    }
    throw error;
  }
}

/**
 * A child with the parameters of the one before it. `values` that name a parameter which is not there yet are left for the
 * child itself; selectors and templates beside the generator are not touched.
 */
function interpolateGenerator(entry: Generator, params: Params, templating: Templating): Generator {
  if (Object.keys(params).length === 0) return entry;
  const interpolated = Object.entries(entry).map(([type, generator]) => [
    type,
    type === 'selector' || !isRecord(generator) ? generator : interpolate(generator, params, templating),
  ]);
  return Object.fromEntries(interpolated) as Generator;
}

function interpolate(generator: Record<string, unknown>, params: Params, templating: Templating): unknown {
  const { template, values, generators, ...rest } = generator;
  const rendered = renderTexts(rest, params, templating);
  const children = Array.isArray(generators)
    ? { generators: generators.map((entry) => interpolateGenerator(entry as Generator, params, templating)) }
    : {};
  return {
    ...rendered,
    ...children,
    ...(values === undefined ? {} : { values: isRecord(values) ? resolveKnown(values, params, templating) : values }),
    ...(template === undefined ? {} : { template }),
  };
}

function resolveKnown(values: Record<string, unknown>, params: Params, templating: Templating) {
  const strict: Templating = { ...templating, missingKey: 'error' };
  return Object.fromEntries(
    Object.entries(values).map(([key, text]) => {
      try {
        return [key, renderText(String(text), params, strict)];
      } catch (error) {
        const isMissing =
          error instanceof TemplateError && /map has no entry for key|can't evaluate field/.test(error.message);
        if (isMissing) return [key, text];
        throw error;
      }
    }),
  );
}

function combineTexts(left: Params, right: Params): Params {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(left)) result[key] = String(value);
  for (const [key, value] of Object.entries(right)) {
    const [was, text] = [result[key], String(value)];
    if (was !== undefined && was !== text) {
      throw new GeneratorError(
        `failed to combine string maps with merging params for the matrix generator: found duplicate key ${key} with different value, a: ${was} ,b: ${text}`,
      );
    }
    result[key] = text;
  }
  return result;
}

/** The first child's sets, overridden by the later ones' where the keys agree (cases cd/A27-A32). */
export function generateMerge(
  merge: NonNullable<Generator['merge']>,
  context: GeneratorContext,
  child: Generate,
): Params[] {
  refuseOthers(merge, new Set(['generators', 'mergeKeys', 'template']), context.field);
  const { generators = [], mergeKeys = [] } = merge;
  if (generators.length < 2) throw new GeneratorError('found less than two generators, Merge requires two or more');
  if (mergeKeys.length === 0) throw new GeneratorError('no merge keys were specified, Merge requires at least one');
  const children = generators.map((entry, index) => {
    const where = { ...context, field: `${context.field}.generators[${index}]` };
    const sets = prefixed(
      `error getting param sets from generators: error getting params from generator ${index + 1} of ${generators.length}`,
      () => child(entry, 'merge', where),
    );
    return byMergeKey(sets, mergeKeys);
  });
  const [base, ...overrides] = children as [Map<string, Params>, ...Map<string, Params>[]];
  for (const override of overrides) {
    for (const [key, params] of override) {
      const under = base.get(key);
      if (under === undefined) continue;
      base.set(key, context.templating.go ? (deepMerge(under, params) as Params) : { ...under, ...params });
    }
  }
  // Upstream's order is that of a Go map, so any one may be relied on: this one never changes.
  return [...base].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, params]) => params);
}

function byMergeKey(sets: readonly Params[], mergeKeys: readonly string[]): Map<string, Params> {
  const result = new Map<string, Params>();
  for (const params of sets) {
    const key = canonicalJson(Object.fromEntries(mergeKeys.map((name) => [name, params[name] ?? null])));
    if (result.has(key)) {
      throw new GeneratorError(
        `error getting param sets by merge key: the parameters from a generator were not unique by the given mergeKeys, Merge requires all param sets to be unique. Duplicate key was ${key}`,
      );
    }
    result.set(key, params);
  }
  return result;
}
