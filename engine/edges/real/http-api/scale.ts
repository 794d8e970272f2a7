import { ApiError, invalid, notFound } from '#api/errors.ts';
import type { WriteOptions } from '#api/resources.ts';
import { selectorText } from '#api/tables/cells.ts';
import { isRecord, valueAt } from '#core/json.ts';
import type { ObjectRef, ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { ClientResources } from './guarded-resources.ts';

/** The Scale of an object (kubernetes-api.md §4.5). */
export function scaleOf(kind: ResourceKind, object: KubeObject): KubeObject {
  const paths = pathsOf(kind, object.metadata.name);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = valueAt(object, stepsOf(paths.specReplicas));
  const current = valueAt(object, stepsOf(paths.statusReplicas));
  const statusSelector = valueAt(object, stepsOf(paths.selector));
  const selector =
    typeof statusSelector === 'string' ? statusSelector : selectorText(valueAt(object, ['spec', 'selector']));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: typeof replicas === 'number' ? replicas : 1 },
    status: { replicas: typeof current === 'number' ? current : 0, selector },
  };
}

/** Writes `scale.spec.replicas` into the target. A resourceVersion in the Scale is a precondition. */
export function writeScale(
  resources: ClientResources,
  kind: ResourceKind,
  ref: ObjectRef,
  scale: Record<string, unknown>,
  options: WriteOptions,
): KubeObject {
  const paths = pathsOf(kind, ref.name);
  const replicas = valueAt(scale, ['spec', 'replicas']) ?? 0;
  if (!Number.isInteger(replicas)) throw new ApiError('BadRequest', 'Scale: spec.replicas must be a whole number');
  if ((replicas as number) < 0) {
    const message = `Invalid value: ${String(replicas)}: must be greater than or equal to 0`;
    throw invalid({ ...kind, group: 'autoscaling', kind: 'Scale' }, ref.name, [
      { reason: 'FieldValueInvalid', message, field: 'spec.replicas' },
    ]);
  }
  const metadata = isRecord(scale.metadata) ? scale.metadata : {};
  const expected = typeof metadata.resourceVersion === 'string' ? { resourceVersion: metadata.resourceVersion } : {};
  const patch = stepsOf(paths.specReplicas).reduceRight<unknown>((inner, step) => ({ [step]: inner }), replicas);
  const object = resources.patch(
    ref,
    { type: 'merge', patch: { ...(patch as Record<string, unknown>), metadata: expected } },
    options,
  );
  return scaleOf(kind, object);
}

function pathsOf(kind: ResourceKind, name: string): NonNullable<ResourceKind['scale']> {
  if (kind.scale === undefined) throw notFound(kind, name);
  return kind.scale;
}

/** `.spec.replicas` → `spec`, `replicas`. */
function stepsOf(path: string): string[] {
  return path.split('.').filter((step) => step !== '');
}
