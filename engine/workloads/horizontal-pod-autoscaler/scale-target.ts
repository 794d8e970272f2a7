import { parseLabelSelector } from '#api/selection.ts';
import { selectorText } from '#api/tables/cells.ts';
import { isRecord, valueAt } from '#core/json.ts';
import { KINDS, type ObjectRef, resourceName } from '#kube/kinds.ts';
import { groupOf, type KubeObject } from '#kube/object.ts';
import type { LabelSelectorRequirement } from '#kube/selector.ts';
import type { Reader } from '#store/store.ts';

/** What an autoscaler sees and writes of what it scales: the scale subresource of any kind that has one. */
export interface ScaleTarget {
  ref: ObjectRef;
  uid: string;
  /** spec.replicas, 1 when not set. */
  replicas: number;
  /** The path of spec.replicas. */
  replicasPath: readonly string[];
  /** As text, for messages; empty when the target has none. */
  selector: string;
  requirements: readonly LabelSelectorRequirement[];
}

/** The target a reference names, or why there is no scale to be had, in the API's words. */
export function readScaleTarget(
  reference: { apiVersion?: string; kind?: string; name?: string },
  namespace: string | undefined,
  objects: Reader,
): ScaleTarget | string {
  const group = groupOf(reference.apiVersion ?? 'v1');
  const kind = KINDS.find((one) => one.group === group && one.kind === reference.kind);
  if (kind === undefined) return `no matches for kind "${reference.kind ?? ''}" in group "${group}"`;
  if (kind.scale === undefined) return 'the server could not find the requested resource';
  const name = reference.name ?? '';
  const object = objects.get(kind.id, namespace, name) as KubeObject | undefined;
  if (object === undefined) return `${resourceName(kind)} "${name}" not found`;
  const replicasPath = steps(kind.scale.specReplicas);
  const replicas = valueAt(object, replicasPath);
  const selector = selectorOf(object, steps(kind.scale.selector));
  return {
    ref: { kind: kind.id, namespace, name },
    uid: object.metadata.uid,
    replicas: typeof replicas === 'number' ? replicas : 1,
    replicasPath,
    selector,
    requirements: selector === '' ? [] : parseLabelSelector(selector),
  };
}

/** A status field holds text; the selector of a built-in workload is an object. */
function selectorOf(object: KubeObject, path: readonly string[]): string {
  const found = valueAt(object, path);
  if (typeof found === 'string') return found;
  const declared = valueAt(object, ['spec', 'selector']);
  return isRecord(declared) && object.apiVersion.startsWith('apps/') ? selectorText(declared) : '';
}

function steps(path: string): string[] {
  return path.split('.').filter((step) => step !== '');
}
