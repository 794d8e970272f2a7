import { isRecord } from '#core/json.ts';
import type { Manifest } from '#kube/object.ts';
import { schemaOfKind, type TypeSchema } from '#kube/schema/schema.ts';
import { applyStrategicMerge, StrategicMergeError } from '#kube/strategic-merge.ts';
import { compileText, type Templating } from './templating.ts';
import { type Params, TemplateError } from './types.ts';
import { parseYaml } from './yaml-text.ts';

/**
 * `templatePatch`: rendered as one text, then laid over the Application as a strategic merge patch. Maps merge, lists are
 * replaced but for the finalizers, and the project stays what it was (case cd/A36).
 */
export function compilePatch(
  template: string,
  templating: Templating,
): (application: Manifest, params: Params) => Manifest {
  const render = compileText(template, templating, 'spec.templatePatch');
  return (application, params) => {
    const text = render(params);
    const patch = parsePatch(text);
    if (patch === undefined) return application;
    const result = applied(application, patch, text);
    const { project } = application.spec as Record<string, unknown>;
    const { namespace } = application.metadata;
    return {
      ...result,
      metadata: { ...result.metadata, namespace },
      spec: { ...(result.spec as Record<string, unknown>), project },
    };
  };
}

function applied(application: Manifest, patch: Record<string, unknown>, text: string): Manifest {
  try {
    return applyStrategicMerge(application, patch, APPLICATION) as unknown as Manifest;
  } catch (error) {
    if (!(error instanceof StrategicMergeError)) throw error;
    throw new TemplateError(`error while applying templatePatch template to json ${shown(text)}: ${error.message}`);
  }
}

/** An Application as far as strategic merge needs to know it: its metadata is that of every object. */
const METADATA = schemaOfKind('v1', 'ConfigMap')?.fields.get('metadata');
const APPLICATION: TypeSchema = {
  name: 'Application',
  fields: new Map(METADATA === undefined ? [] : [['metadata', METADATA]]),
  wire: new Map(),
};

function parsePatch(text: string): Record<string, unknown> | undefined {
  const patch = parseYaml(text, (problem) => {
    return new TemplateError(`error while converting template to json ${shown(text)}: ${problem} (spec.templatePatch)`);
  });
  if (patch === null || patch === undefined) return undefined;
  const problem = problemOf(patch);
  if (problem === undefined) return patch as Record<string, unknown>;
  throw new TemplateError(`invalid templatePatch ${shown(text)}: ${problem} (spec.templatePatch)`);
}

const SHOWN_CHARS_MAX = 300;

function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text);
}

/** Why a value cannot be part of an Application, as far as its types tell. */
function problemOf(patch: unknown): string | undefined {
  if (!isRecord(patch)) return 'it is no mapping';
  for (const field of ['metadata', 'spec', 'operation', 'status']) {
    const value = patch[field];
    if (value !== undefined && value !== null && !isRecord(value)) return `${field} is no mapping`;
  }
  const metadata = (patch.metadata ?? {}) as Record<string, unknown>;
  for (const field of ['labels', 'annotations']) {
    const map = metadata[field];
    if (map === undefined || map === null) continue;
    if (!isRecord(map)) return `metadata.${field} is no mapping`;
    const key = Object.keys(map).find((name) => map[name] !== null && typeof map[name] !== 'string');
    if (key !== undefined) return `metadata.${field}.${key} is no text`;
  }
  if (metadata.name !== undefined && typeof metadata.name !== 'string') return 'metadata.name is no text';
  const spec = (patch.spec ?? {}) as Record<string, unknown>;
  for (const field of ['source', 'destination', 'syncPolicy']) {
    const value = spec[field];
    if (value !== undefined && value !== null && !isRecord(value)) return `spec.${field} is no mapping`;
  }
  if (spec.sources !== undefined && spec.sources !== null && !Array.isArray(spec.sources)) {
    return 'spec.sources is no list';
  }
  return undefined;
}
