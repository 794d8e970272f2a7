import { isRecord } from '#core/json.ts';
import type { ProjectSpec } from './permissions.ts';

/** A type of the project's definition: a scalar, a list of one type, or named fields. */
type Shape = 'string' | 'boolean' | readonly [Shape] | { readonly [field: string]: Shape };

const NAMES: Shape = ['string'];
const SHAPES: Readonly<Record<string, Shape>> = {
  syncWindows: [
    {
      kind: 'string',
      schedule: 'string',
      duration: 'string',
      applications: NAMES,
      namespaces: NAMES,
      clusters: NAMES,
      manualSync: 'boolean',
      timeZone: 'string',
      andOperator: 'boolean',
      description: 'string',
      syncOverrun: 'boolean',
    },
  ],
  signatureKeys: [{ keyID: 'string' }],
  sourceIntegrity: { git: { policies: [{ repos: [{ url: 'string' }], gpg: { mode: 'string', keys: NAMES } }] } },
  orphanedResources: { warn: 'boolean', ignore: [{ group: 'string', kind: 'string', name: 'string' }] },
};

/**
 * Values of a project's rules that are of another type than their definition says, by path. A cluster's API would have
 * refused them; a rule that cannot be read must not count as one that is not there. Unknown fields are none of this.
 */
export function shapeErrors(spec: ProjectSpec): string[] {
  return Object.entries(SHAPES).flatMap(([field, shape]) => mismatches(spec[field], shape, `spec.${field}`));
}

function mismatches(value: unknown, shape: Shape, path: string): string[] {
  if (value === undefined || value === null) return [];
  if (typeof shape === 'string') {
    return typeof value === shape ? [] : [`${path}: must be a ${shape}, and is ${kindOf(value)}`];
  }
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${path}: must be a list, and is ${kindOf(value)}`];
    return value.flatMap((item, index) =>
      item === null
        ? [`${path}[${index}]: must not be empty`]
        : mismatches(item, shape[0] as Shape, `${path}[${index}]`),
    );
  }
  if (!isRecord(value)) return [`${path}: must be an object, and is ${kindOf(value)}`];
  return Object.entries(shape).flatMap(([field, inner]) =>
    mismatches(value[field], inner as Shape, `${path}.${field}`),
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
