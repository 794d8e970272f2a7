import { isRecord } from '#core/json.ts';
import type { ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import {
  type Causes,
  eachOf,
  label1035Problem,
  labelProblem,
  labelValueProblem,
  pathSegmentProblem,
  qualifiedNameProblem,
  subdomainProblem,
} from './causes.ts';

const ANNOTATION_BYTES_MAX = 256 * 1024;

function nameProblem(kind: ResourceKind, name: string): string | undefined {
  if (kind.group === 'rbac.authorization.k8s.io') return pathSegmentProblem(name);
  if (kind.id === 'Namespace') return labelProblem(name);
  if (kind.id === 'Service') return label1035Problem(name);
  return subdomainProblem(name);
}

/** Names, labels, annotations, owners and finalizers: the same rules for every kind. */
export function validateMetadata(kind: ResourceKind, object: KubeObject, causes: Causes): void {
  const { name, labels, annotations, ownerReferences, finalizers } = object.metadata;
  const problem = nameProblem(kind, name);
  if (problem !== undefined) causes.invalid('metadata.name', name, problem);
  validateLabels(labels, 'metadata.labels', causes);
  validateAnnotations(annotations, 'metadata.annotations', causes);
  for (const [owner, path] of eachOf(ownerReferences, 'metadata.ownerReferences')) {
    for (const key of ['apiVersion', 'kind', 'name', 'uid']) {
      if (typeof owner[key] !== 'string' || owner[key] === '')
        causes.invalid(`${path}.${key}`, '', 'must not be empty');
    }
  }
  if ((ownerReferences ?? []).filter((owner) => owner.controller === true).length > 1) {
    causes.invalid('metadata.ownerReferences', ownerReferences, 'Only one reference can have Controller set to true');
  }
  for (const [index, finalizer] of (finalizers ?? []).entries()) {
    const bad = qualifiedNameProblem(finalizer);
    if (bad !== undefined) causes.invalid(`metadata.finalizers[${index}]`, finalizer, bad);
  }
}

export function validateLabels(labels: unknown, path: string, causes: Causes): void {
  if (!isRecord(labels)) return;
  for (const [key, value] of Object.entries(labels)) {
    const badKey = qualifiedNameProblem(key);
    if (badKey !== undefined) causes.invalid(path, key, badKey);
    const badValue = typeof value === 'string' ? labelValueProblem(value) : 'must be a string';
    if (badValue !== undefined) causes.invalid(path, value, badValue);
  }
}

export function validateAnnotations(annotations: unknown, path: string, causes: Causes): void {
  if (!isRecord(annotations)) return;
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    const badKey = qualifiedNameProblem(key.toLowerCase());
    if (badKey !== undefined) causes.invalid(path, key, badKey);
    if (typeof value !== 'string') causes.invalid(path, value, 'must be a string');
    else bytes += key.length + value.length;
  }
  if (bytes > ANNOTATION_BYTES_MAX) causes.tooLong(path, ANNOTATION_BYTES_MAX);
}
