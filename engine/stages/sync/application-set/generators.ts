import { parse } from 'yaml';
import { canonicalJson, isRecord } from '#core/json.ts';
import { matchesSelector } from '#kube/selector.ts';
import { type Ask, generateFromGit } from './git-generator.ts';
import { deepMerge, flatten, renderTexts, type Templating } from './templating.ts';
import { type ApplicationTemplate, type Generator, GeneratorError, type ListGenerator, type Params } from './types.ts';

/** The parameter sets of one generator, with the template that generator lays over the set's own. */
export interface Generated {
  params: Params[];
  template: ApplicationTemplate | undefined;
}

const TYPES = ['list', 'git', 'matrix', 'merge'] as const;
type GeneratorType = (typeof TYPES)[number];

/** Expands one entry of `spec.generators`; an entry with several generator keys gives several results (argo-cd.md §2.4). */
export function generate(entry: Generator, field: string, templating: Templating, ask: Ask): Generated[] {
  return typesOf(entry, field).map((type) => ({
    params: select(entry, expand(entry, type, { field, templating, ask })),
    template: entry[type]?.template,
  }));
}

interface Context {
  field: string;
  templating: Templating;
  ask: Ask;
}

function typesOf(entry: Generator, field: string): GeneratorType[] {
  const keys = Object.keys(entry).filter(
    (key) => key !== 'selector' && entry[key] !== undefined && entry[key] !== null,
  );
  const foreign = keys.find((key) => !(TYPES as readonly string[]).includes(key));
  if (foreign !== undefined) throw new GeneratorError(`${field}.${foreign}: this generator is not reproduced`);
  return keys as GeneratorType[];
}

function expand(entry: Generator, type: GeneratorType, context: Context): Params[] {
  switch (type) {
    case 'list':
      return generateFromList(entry.list as ListGenerator, context.templating);
    case 'git':
      return generateFromGit(entry.git as NonNullable<Generator['git']>, context.templating, context.ask);
    case 'matrix':
      return generateMatrix(entry.matrix?.generators ?? [], context);
    case 'merge':
      return generateMerge(entry.merge as NonNullable<Generator['merge']>, context);
  }
}

function select(entry: Generator, params: Params[]): Params[] {
  if (entry.selector === undefined) return params;
  return params.filter((set) => matchesSelector(entry.selector, flatten(set)));
}

function generateFromList(list: ListGenerator, templating: Templating): Params[] {
  const written: unknown = list.elementsYaml === undefined ? [] : parse(list.elementsYaml);
  if (!Array.isArray(written)) throw new GeneratorError('elementsYaml is no list');
  const elements = [...(list.elements ?? []), ...(written as Record<string, unknown>[])];
  return templating.go ? elements : elements.map(flatElement);
}

/** Without Go templates elements are texts; `values` is a map of texts (cases cd/A01, cd/A02). */
function flatElement(element: Record<string, unknown>): Params {
  const result: Record<string, string> = {};
  for (const [key, value] of Object.entries(element)) {
    if (key === 'values' && isRecord(value)) {
      for (const [name, text] of Object.entries(value)) {
        if (typeof text !== 'string') throw new GeneratorError(`error parsing value as string: values.${name}`);
        result[`values.${name}`] = text;
      }
    } else if (typeof value === 'string') result[key] = value;
    else throw new GeneratorError(`error parsing value as string: ${key}`);
  }
  return result;
}

/** One entry of a matrix or merge: exactly one generator. */
function generateChild(entry: Generator, kind: string, context: Context): Params[] {
  const types = typesOf(entry, context.field);
  if (types.length > 1) throw new GeneratorError(`found more than one generator in ${kind}.Generators`);
  const [type] = types;
  if (type === undefined) throw new GeneratorError(`${context.field}: no generator in ${kind}.Generators`);
  return select(entry, expand(entry, type, context));
}

/** Every set of the first child with every set of the second, which may use the first one's parameters (A21-A25). */
function generateMatrix(children: readonly Generator[], context: Context): Params[] {
  if (children.length < 2) throw new GeneratorError('found less than two generators, Matrix support only two');
  if (children.length > 2) throw new GeneratorError('found more than two generators, Matrix support only two');
  const [first, second] = children as [Generator, Generator];
  const outer = generateChild(first, 'matrix', { ...context, field: `${context.field}.matrix.generators[0]` });
  const field = `${context.field}.matrix.generators[1]`;
  return outer.flatMap((params) => {
    const { selector: _selector, ...unrendered } = second;
    const rendered = interpolate(unrendered, params, context.templating);
    const child = {
      ...rendered,
      ...(second.selector === undefined ? {} : { selector: interpolate(second.selector, params, context.templating) }),
    };
    return generateChild(child as Generator, 'matrix', { ...context, field }).map((inner) =>
      context.templating.go ? (deepMerge(inner, params) as Params) : combineTexts(params, inner),
    );
  });
}

/** Templates and values are the child's own business; what the first child does not know stays as it is. */
function interpolate<T>(value: T, params: Params, templating: Templating): T {
  if (!isRecord(value)) return renderTexts(value, params, templating);
  const entries = Object.entries(value).map(([key, member]) => [
    key,
    key === 'template' || key === 'values'
      ? member
      : isRecord(member)
        ? interpolate(member, params, templating)
        : renderTexts(member, params, templating),
  ]);
  return Object.fromEntries(entries) as T;
}

function combineTexts(left: Params, right: Params): Params {
  for (const [key, value] of Object.entries(right)) {
    if (key in left && left[key] !== value) {
      throw new GeneratorError(
        `found duplicate key ${key} with different value, a: ${String(left[key])} ,b: ${String(value)}`,
      );
    }
  }
  return { ...left, ...right };
}

/** The first child's sets, overridden by the later ones' where the keys agree (cases cd/A27-A32). */
function generateMerge(
  { generators = [], mergeKeys = [] }: NonNullable<Generator['merge']>,
  context: Context,
): Params[] {
  if (generators.length < 2) throw new GeneratorError('found less than two generators, Merge requires two or more');
  if (mergeKeys.length === 0) throw new GeneratorError('no merge keys were specified, Merge requires at least one');
  const children = generators.map((entry, index) =>
    byMergeKey(
      generateChild(entry, 'merge', { ...context, field: `${context.field}.merge.generators[${index}]` }),
      mergeKeys,
    ),
  );
  const [base, ...overrides] = children as [Map<string, Params>, ...Map<string, Params>[]];
  for (const override of overrides) {
    for (const [key, params] of override) {
      const under = base.get(key);
      if (under === undefined) continue;
      base.set(key, context.templating.go ? (deepMerge(under, params) as Params) : { ...under, ...params });
    }
  }
  return [...base].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, params]) => params);
}

function byMergeKey(sets: readonly Params[], mergeKeys: readonly string[]): Map<string, Params> {
  const result = new Map<string, Params>();
  for (const params of sets) {
    const key = canonicalJson(Object.fromEntries(mergeKeys.map((name) => [name, params[name] ?? null])));
    if (result.has(key)) {
      throw new GeneratorError(
        `the parameters from a generator were not unique by the given mergeKeys, Merge requires all param sets to be unique. Duplicate key was ${key}`,
      );
    }
    result.set(key, params);
  }
  return result;
}
