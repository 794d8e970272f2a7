import { isRecord } from '#core/json.ts';
import type { Manifest } from '#kube/object.ts';
import { PARAMETER_SETS_MAX } from './combination.ts';
import { generate } from './generators.ts';
import type { GeneratorInputs } from './inputs.ts';
import { compilePatch } from './template-patch.ts';
import { type Compiled, compileTexts, deepMerge, type Templating, templatingOf } from './templating.ts';
import { type ApplicationSetSpec, type ApplicationTemplate, GeneratorError } from './types.ts';

export const RESOURCES_FINALIZER = 'resources-finalizer.argocd.argoproj.io';

const SPEC_FIELDS = new Set([
  'goTemplate',
  'goTemplateOptions',
  'generators',
  'template',
  'templatePatch',
  'syncPolicy',
  'strategy',
  'preservedFields',
  'ignoreApplicationDifferences',
  'applyNestedSelectors',
]);

const STRATEGIES = new Set(['', 'AllAtOnce', 'RollingSync']);

/**
 * The Applications of a set, in the order of generators and parameters. Throws PendingError while answers are missing,
 * GeneratorError or TemplateError when nothing may be touched.
 * @param namespace The set's own: generated Applications live beside it.
 */
export function expandApplicationSet(spec: ApplicationSetSpec, namespace: string, inputs: GeneratorInputs): Manifest[] {
  const foreign = Object.keys(spec).find((field) => !SPEC_FIELDS.has(field));
  if (foreign !== undefined) throw new GeneratorError(`spec.${foreign}: not reproduced`);
  const strategy = spec.strategy?.type ?? '';
  if (!STRATEGIES.has(strategy)) throw new GeneratorError(`spec.strategy.type: unknown strategy ${strategy}`);
  const templating = templatingOf(spec);
  const project = fixedProject(spec);
  const applications: Manifest[] = [];
  for (const [index, entry] of (spec.generators ?? []).entries()) {
    for (const { params, template } of generate(entry, `spec.generators[${index}]`, templating, {
      ...inputs,
      project,
    })) {
      const merged = template === undefined ? spec.template : mergeTemplate(spec.template, template);
      const render = compileApplication(spec, (merged ?? {}) as ApplicationTemplate, templating, namespace);
      for (const set of params) applications.push(render(set));
    }
    if (applications.length > PARAMETER_SETS_MAX) {
      throw new GeneratorError(`spec.generators: more than ${PARAMETER_SETS_MAX} Applications`);
    }
  }
  return applications;
}

/** The project whose repositories the generators use; undefined when the template decides it (argo-cd.md §2.4). */
function fixedProject({ template }: ApplicationSetSpec): string | undefined {
  const project = template?.spec?.project;
  if (project === undefined || project === '') return 'default';
  return typeof project === 'string' && !project.includes('{{') ? project : undefined;
}

/** A generator's template over the set's: what is empty in the former is taken from the latter. */
function mergeTemplate(under: unknown, over: unknown): unknown {
  if (over === undefined || over === null || over === '') return under;
  if (!isRecord(over) || !isRecord(under)) return over;
  const filled = Object.entries(over).map(([key, value]) => [key, mergeTemplate(under[key], value)]);
  return deepMerge(under, Object.fromEntries(filled));
}

function compileApplication(
  spec: ApplicationSetSpec,
  template: ApplicationTemplate,
  templating: Templating,
  namespace: string,
): Compiled<Manifest> {
  // Made ready with the first set of parameters: without any, nobody looks at the template.
  let fill: Compiled<ApplicationTemplate> | undefined;
  let patch: ReturnType<typeof compilePatch> | undefined;
  const preserves = spec.syncPolicy?.preserveResourcesOnDeletion === true;
  return (params) => {
    // Upstream renders nothing for an empty set of parameters, and adds no finalizer then.
    const isEmpty = Object.keys(params).length === 0;
    if (!isEmpty) fill ??= compileTexts(template, templating, 'spec.template');
    const filled = isEmpty || fill === undefined ? template : fill(params);
    const application = applicationOf(filled, namespace, !preserves && !isEmpty);
    if (spec.templatePatch === undefined) return application;
    patch ??= compilePatch(spec.templatePatch, templating);
    return patch(application, params);
  };
}

function applicationOf(template: ApplicationTemplate, namespace: string, cascades: boolean): Manifest {
  const { name = '', labels, annotations, finalizers = [] } = template.metadata ?? {};
  const kept = finalizers.length === 0 && cascades ? [RESOURCES_FINALIZER] : finalizers;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(kept.length === 0 ? {} : { finalizers: kept }),
    },
    spec: normaliseSpec(template.spec ?? {}),
  };
}

const SOURCE_TYPES = ['helm', 'kustomize', 'directory', 'plugin'];

/** Argo CD's normal form of an Application's spec: a project by name, no empty blocks. */
export function normaliseSpec(spec: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = { ...spec };
  if (result.project === undefined || result.project === '') result.project = 'default';
  if (isEmptyRecord(result.syncPolicy)) delete result.syncPolicy;
  if (isRecord(result.source)) result.source = normaliseSource(result.source);
  if (Array.isArray(result.sources)) {
    result.sources = result.sources.map((source: unknown) => (isRecord(source) ? normaliseSource(source) : source));
  }
  return result;
}

function normaliseSource(source: Record<string, unknown>): Record<string, unknown> {
  if (!SOURCE_TYPES.some((type) => type in source && isEmptyRecord(source[type]))) return source;
  return Object.fromEntries(
    Object.entries(source).filter(([key, value]) => !(SOURCE_TYPES.includes(key) && isEmptyRecord(value))),
  );
}

function isEmptyRecord(value: unknown): boolean {
  return value === null || (isRecord(value) && Object.keys(value).length === 0);
}
