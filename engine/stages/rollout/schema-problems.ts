import { Rollout as RolloutModel } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/Rollout';
import { isRecord } from '#core/json.ts';
import { type FieldError, invalid } from './field-error.ts';
import type { Rollout } from './types.ts';

interface SchemaError {
  /** `/spec/strategy/canary/steps/0`. */
  instancePath: string;
  keyword: string;
  message?: string;
}

/**
 * Members of the wrong type, by the schema of the custom resource: in a cluster the API server refuses them, so nothing behind
 * this point has to expect a list where a text stands.
 */
export function schemaProblems({ apiVersion, kind, metadata, spec }: Rollout): FieldError[] {
  const known = verdicts.get(spec);
  if (known !== undefined) return known;
  const { name, namespace } = metadata;
  const object = { apiVersion, kind, metadata: { name, namespace }, spec };
  const problems = errorsOf(object)
    .filter(({ keyword }) => keyword === 'type')
    .map(({ instancePath, message = '' }) => invalid(fieldPath(instancePath), valueAt(object, instancePath), message));
  if (Object.isFrozen(spec)) verdicts.set(spec, problems);
  return problems;
}

const verdicts = new WeakMap<object, FieldError[]>();

function errorsOf(object: object): readonly SchemaError[] {
  try {
    new RolloutModel(object as ConstructorParameters<typeof RolloutModel>[0]).validate();
    return [];
  } catch (error) {
    const { errors } = error as { errors?: readonly SchemaError[] };
    if (errors === undefined) throw error;
    return errors;
  }
}

function parts(instancePath: string): string[] {
  return instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function fieldPath(instancePath: string): string {
  return parts(instancePath)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .slice(1);
}

function valueAt(object: unknown, instancePath: string): unknown {
  let value = object;
  for (const part of parts(instancePath)) {
    if (!isRecord(value) && !Array.isArray(value)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
