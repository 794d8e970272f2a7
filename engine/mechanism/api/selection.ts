import { valueAt } from '#core/json.ts';
import type { ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import { type LabelSelectorRequirement, matchesRequirement } from '#kube/selector.ts';
import { ApiError } from './errors.ts';

/** Which objects a list or watch speaks of. */
export type Selection = (object: KubeObject) => boolean;

/**
 * The selection that the `labelSelector` and `fieldSelector` parameters describe (kubernetes-api.md §9.5).
 * Throws ApiError BadRequest for text that does not parse and for fields the kind does not offer.
 */
export function parseSelection(kind: ResourceKind, labelSelector: string, fieldSelector: string): Selection {
  const labels = parseLabelSelector(labelSelector);
  const fields = parseFieldSelector(kind, fieldSelector);
  return (object) =>
    fields.every((matches) => matches(object)) &&
    labels.every((requirement) => matchesRequirement(requirement, object.metadata.labels));
}

const SET_BASED = /^\s*([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)\s*$/;
const EQUALITY = /^\s*([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)\s*$/;
const EXISTS = /^\s*(!?)\s*([^\s!=,()]+)\s*$/;

/** `a=b,c!=d,e in (x,y),f notin (z),g,!h` as requirements. */
export function parseLabelSelector(text: string): LabelSelectorRequirement[] {
  return splitOutsideParentheses(text).map((part) => {
    const set = SET_BASED.exec(part);
    if (set !== null) {
      const values = (set[3] as string).split(',').map((value) => value.trim());
      return { key: set[1] as string, operator: set[2] === 'in' ? 'In' : 'NotIn', values };
    }
    const equality = EQUALITY.exec(part);
    if (equality !== null) {
      return {
        key: equality[1] as string,
        operator: equality[2] === '!=' ? 'NotIn' : 'In',
        values: [equality[3] as string],
      };
    }
    const exists = EXISTS.exec(part);
    if (exists === null)
      throw new ApiError('BadRequest', `unable to parse requirement: "${part.trim()}" is not a label requirement`);
    return { key: exists[2] as string, operator: exists[1] === '!' ? 'DoesNotExist' : 'Exists' };
  });
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index <= text.length; index++) {
    const character = text[index];
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (index === text.length || (character === ',' && depth === 0)) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return parts.filter((part) => part.trim() !== '');
}

const INVOLVED = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Fields that may be selected by, besides name and namespace. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  Event: [...INVOLVED.map((field) => `involvedObject.${field}`), 'reason', 'reportingComponent', 'source', 'type'],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  Secret: ['type'],
  'Job.batch': ['status.successful'],
};

const FIELD = /^\s*([^\s!=]+)\s*(==|=|!=)\s*(.*?)\s*$/;

function parseFieldSelector(kind: ResourceKind, text: string): Selection[] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const match = FIELD.exec(part);
      if (match === null) {
        throw new ApiError('BadRequest', `invalid selector: '${part}'; can't understand '${part}'`);
      }
      const [, field, operator, wanted] = match as unknown as [string, string, string, string];
      checkSelectable(kind, field);
      const isEqual = (object: KubeObject) => fieldValue(object, field) === wanted;
      return operator === '!=' ? (object: KubeObject) => !isEqual(object) : isEqual;
    });
}

function checkSelectable(kind: ResourceKind, field: string): void {
  if (field === 'metadata.name' || field === 'metadata.namespace') return;
  const fields = SELECTABLE[kind.id];
  if (fields?.includes(field)) return;
  throw new ApiError(
    'BadRequest',
    fields === undefined
      ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${field}`,
  );
}

function fieldValue(object: KubeObject, field: string): string {
  if (object.kind === 'Event' && field === 'source') return text(valueAt(object, ['source', 'component']));
  if (field === 'status.successful') return text(valueAt(object, ['status', 'succeeded']) ?? 0);
  if (field === 'spec.unschedulable') return text(valueAt(object, ['spec', 'unschedulable']) ?? false);
  return text(valueAt(object, field.split('.')));
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}
