import { parse } from 'yaml';
import { isRecord } from '#core/json.ts';
import { applyMergePatch } from '#kube/merge-patch.ts';
import type { Manifest } from '#kube/object.ts';
import { generate } from './generators.ts';
import type { Ask } from './git-generator.ts';
import { deepMerge, renderText, renderTexts, type Templating, templatingOf } from './templating.ts';
import {
  type ApplicationSetSpec,
  type ApplicationTemplate,
  GeneratorError,
  type Params,
  TemplateError,
} from './types.ts';

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

/**
 * The Applications of a set, in the order of generators and parameters. Throws PendingError while answers are missing,
 * GeneratorError or TemplateError when nothing may be touched.
 * @param namespace The set's own: generated Applications live beside it.
 */
export function expandApplicationSet(spec: ApplicationSetSpec, namespace: string, ask: Ask): Manifest[] {
  const foreign = Object.keys(spec).find((field) => !SPEC_FIELDS.has(field));
  if (foreign !== undefined) throw new GeneratorError(`spec.${foreign}: not reproduced`);
  if (spec.strategy?.type !== undefined && spec.strategy.type !== '' && spec.strategy.type !== 'AllAtOnce') {
    throw new GeneratorError(`spec.strategy.type: ${spec.strategy.type} is not reproduced`);
  }
  const templating = templatingOf(spec);
  return (spec.generators ?? []).flatMap((entry, index) =>
    generate(entry, `spec.generators[${index}]`, templating, ask).flatMap(({ params, template }) => {
      const merged =
        template === undefined ? spec.template : (mergeTemplate(spec.template, template) as ApplicationTemplate);
      return params.map((set) => renderApplication(spec, merged ?? {}, set, templating, namespace));
    }),
  );
}

/** A generator's template over the set's: what is empty in the former is taken from the latter. */
function mergeTemplate(under: unknown, over: unknown): unknown {
  if (over === undefined || over === null || over === '') return under;
  if (!isRecord(over) || !isRecord(under)) return over;
  const filled = Object.entries(over).map(([key, value]) => [key, mergeTemplate(under[key], value)]);
  return deepMerge(under, Object.fromEntries(filled));
}

function renderApplication(
  spec: ApplicationSetSpec,
  template: ApplicationTemplate,
  params: Params,
  templating: Templating,
  namespace: string,
): Manifest {
  const unchanged = !templating.go && Object.keys(params).length === 0;
  const rendered = unchanged ? template : renderTexts(template, params, templating);
  const { metadata = {} } = rendered;
  const finalizers = metadata.finalizers ?? [];
  const cascade = finalizers.length === 0 && spec.syncPolicy?.preserveResourcesOnDeletion !== true && !unchanged;
  const application: Manifest = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: metadata.name ?? '',
      namespace,
      ...(metadata.labels ? { labels: metadata.labels } : {}),
      ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
      ...(cascade ? { finalizers: [RESOURCES_FINALIZER] } : finalizers.length > 0 ? { finalizers } : {}),
    },
    spec: withProject(rendered.spec ?? {}),
  };
  return spec.templatePatch === undefined ? application : patched(application, spec.templatePatch, params, templating);
}

function withProject(spec: Record<string, unknown>): Record<string, unknown> {
  return spec.project === undefined || spec.project === '' ? { ...spec, project: 'default' } : spec;
}

/** templatePatch: rendered as one text, laid over the Application; it cannot change the project (case cd/A36). */
function patched(application: Manifest, template: string, params: Params, templating: Templating): Manifest {
  const text = renderText(template, params, templating);
  let patch: unknown;
  try {
    patch = parse(text);
  } catch (error) {
    throw new TemplateError(`invalid templatePatch '${text}': ${(error as Error).message.split('\n')[0]}`);
  }
  if (patch === null || patch === undefined) return application;
  if (!isRecord(patch)) throw new TemplateError(`invalid templatePatch '${text}': not a mapping`);
  const result = applyMergePatch(application, patch) as Manifest;
  const { project } = application.spec as Record<string, unknown>;
  return { ...result, spec: { ...(result.spec as Record<string, unknown>), project } };
}
