import { isRecord } from '#core/json.ts';
import { generateFromClusters } from './cluster-generator.ts';
import { generateMatrix, generateMerge, refuseTooMany } from './combination.ts';
import { generateFromGit } from './git-generator.ts';
import { type GeneratorContext, type GeneratorInputs, refuseOthers } from './inputs.ts';
import { generateFromPullRequests, generateFromScmProvider } from './scm-generators.ts';
import { selectParams } from './selection.ts';
import type { Templating } from './templating.ts';
import {
  type ApplicationTemplate,
  type Generator,
  GeneratorError,
  type ListGenerator,
  type Params,
  TemplateError,
} from './types.ts';
import { parseYaml } from './yaml-text.ts';

/** The parameter sets of one generator, with the template that generator lays over the set's own. */
export interface Generated {
  params: Params[];
  template: ApplicationTemplate | undefined;
}

/** Expands one child of a matrix or merge: exactly one generator, its selector applied. */
export type Generate = (entry: Generator, kind: 'matrix' | 'merge', context: GeneratorContext) => Params[];

const TYPES = ['list', 'clusters', 'git', 'scmProvider', 'pullRequest', 'matrix', 'merge'] as const;
type GeneratorType = (typeof TYPES)[number];

/** Nesting of matrix and merge that upstream's types have room for: one inside another. */
const DEPTH_MAX = 2;

/** Expands one entry of `spec.generators`; an entry with several generator keys gives several results (argo-cd.md §2.4). */
export function generate(
  entry: Generator,
  field: string,
  templating: Templating,
  inputs: GeneratorInputs & { project?: string | undefined },
): Generated[] {
  try {
    const context = { ...inputs, project: inputs.project, field, templating, depth: 0 };
    return typesOf(entry, field).map((type) => ({
      params: selectParams(entry.selector, expand(entry, type, context), `${field}.selector`),
      template: entry[type]?.template,
    }));
  } catch (error) {
    // To a generator, a template that cannot be rendered is one more way to fail.
    if (error instanceof TemplateError) throw new GeneratorError(`${field}: ${error.message}`);
    throw error;
  }
}

function typesOf(entry: Generator, field: string): GeneratorType[] {
  const keys = Object.keys(entry).filter(
    (key) => key !== 'selector' && entry[key] !== undefined && entry[key] !== null,
  );
  const foreign = keys.find((key) => !(TYPES as readonly string[]).includes(key));
  if (foreign !== undefined) throw new GeneratorError(`${field}.${foreign}: this generator is not reproduced`);
  const text = keys.find((key) => !isRecord(entry[key]));
  if (text !== undefined) throw new GeneratorError(`${field}.${text}: must be a mapping`);
  return TYPES.filter((type) => keys.includes(type));
}

function expand(entry: Generator, type: GeneratorType, outer: GeneratorContext): Params[] {
  const context = { ...outer, field: `${outer.field}.${type}` };
  switch (type) {
    case 'list':
      return generateFromList(entry.list as ListGenerator, context);
    case 'clusters':
      return generateFromClusters(entry.clusters as NonNullable<Generator['clusters']>, context);
    case 'git':
      return generateFromGit(entry.git as NonNullable<Generator['git']>, context);
    case 'scmProvider':
      return generateFromScmProvider(entry.scmProvider as NonNullable<Generator['scmProvider']>, context);
    case 'pullRequest':
      return generateFromPullRequests(entry.pullRequest as NonNullable<Generator['pullRequest']>, context);
    case 'matrix':
      return generateMatrix(entry.matrix as NonNullable<Generator['matrix']>, nested(context), generateChild);
    case 'merge':
      return generateMerge(entry.merge as NonNullable<Generator['merge']>, nested(context), generateChild);
  }
}

function nested(context: GeneratorContext): GeneratorContext {
  if (context.depth < DEPTH_MAX) return { ...context, depth: context.depth + 1 };
  throw new GeneratorError(`${context.field}: matrix and merge generators nest one level deep only`);
}

function generateChild(entry: Generator, kind: 'matrix' | 'merge', context: GeneratorContext): Params[] {
  const types = typesOf(entry, context.field);
  if (types.length > 1) throw new GeneratorError(`found more than one generator in ${kind}.Generators`);
  const [type] = types;
  if (type === undefined) {
    throw new GeneratorError(`${context.field}: child generator generated no parameters: it names no generator`);
  }
  return selectParams(entry.selector, expand(entry, type, context), `${context.field}.selector`);
}

function generateFromList(list: ListGenerator, { field, templating }: GeneratorContext): Params[] {
  refuseOthers(list, new Set(['elements', 'elementsYaml', 'template']), field);
  const elements: unknown[] = [...(list.elements ?? [])];
  if (list.elementsYaml !== undefined && list.elementsYaml !== '') {
    const written = parseYaml(list.elementsYaml, (problem) => {
      return new GeneratorError(
        `${field}.elementsYaml: error unmarshling decoded ElementsYaml error converting YAML to JSON: ${problem}`,
      );
    });
    if (!Array.isArray(written)) throw new GeneratorError(`${field}.elementsYaml: must be a list`);
    elements.push(...written);
  }
  refuseTooMany(elements.length, field);
  return elements.map((element, index) => {
    if (!isRecord(element)) throw new GeneratorError(`${field}: element ${index} must be a mapping`);
    return templating.go ? element : flatElement(element, `${field}: element ${index}`);
  });
}

/** Without Go templates elements are texts; `values` is a map of texts (cases cd/A01, cd/A02). */
function flatElement(element: Record<string, unknown>, where: string): Params {
  const result: Record<string, string> = {};
  for (const [key, value] of Object.entries(element)) {
    if (key === 'values') {
      if (!isRecord(value)) throw new GeneratorError(`${where}: error parsing values map`);
      for (const [name, text] of Object.entries(value)) {
        if (typeof text !== 'string')
          throw new GeneratorError(`${where}: error parsing value as string: values.${name}`);
        result[`values.${name}`] = text;
      }
    } else if (typeof value === 'string') result[key] = value;
    else throw new GeneratorError(`${where}: error parsing value as string: ${key}`);
  }
  return result;
}
