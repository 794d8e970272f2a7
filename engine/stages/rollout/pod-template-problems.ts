import { Causes, type Members } from '#api/validation/causes.ts';
import { validateTemplate } from '#api/validation/pods.ts';
import { defaultTemplate } from '#kube/defaults/pod.ts';
import { schemaOfKind } from '#kube/schema/schema.ts';
import { readTyped } from '#kube/schema/typed.ts';
import type { FieldError } from './field-error.ts';

/**
 * What the API server would refuse a ReplicaSet with this pod template for, with the field's path under `path`; empty when it
 * would take it. Upstream asks the same rules before it makes ReplicaSets.
 */
export function podTemplateProblems(template: object, path: string): FieldError[] {
  const mistyped = typeProblems(template, path);
  if (mistyped.length > 0) return mistyped;
  const causes = new Causes();
  validateTemplate(defaultTemplate(template as Members), path, causes);
  return causes.list.map(({ field, message }) => `${field}: ${message}`);
}

function typeProblems(template: object, path: string): FieldError[] {
  const schema = schemaOfKind('apps/v1', 'ReplicaSet');
  if (schema === undefined) return [];
  const object = { apiVersion: 'apps/v1', kind: 'ReplicaSet', spec: { template } };
  return readTyped(object, schema).mistyped.map(
    ({ path: at, expected, found }) =>
      `${at.replace(/^spec\.template/, path)}: Invalid value: "${found}": must be of type ${expected}`,
  );
}
