import { readAmount } from '#kube/canonical-quantity.ts';
import type { KubeObject } from '#kube/object.ts';
import { type Causes, eachOf, type Members, mapOf } from './causes.ts';
import { validateQuantity } from './pods.ts';

const LIMIT_TYPES = ['Container', 'PersistentVolumeClaim', 'Pod'];
/** Pairs of which the first may not be greater than the second. */
const ORDERED: readonly [lower: string, upper: string][] = [
  ['min', 'max'],
  ['min', 'defaultRequest'],
  ['min', 'default'],
  ['defaultRequest', 'default'],
  ['defaultRequest', 'max'],
  ['default', 'max'],
];

/** Bounds and defaults of a LimitRange: quantities, and in order. */
export function validateLimitRange(object: KubeObject, causes: Causes): void {
  for (const [limit, path] of eachOf(mapOf(object.spec).limits, 'spec.limits')) {
    if (typeof limit.type !== 'string') causes.required(`${path}.type`);
    else if (!LIMIT_TYPES.includes(limit.type) && !limit.type.includes('/')) {
      causes.unsupported(`${path}.type`, limit.type, LIMIT_TYPES);
    }
    for (const field of ['min', 'max', 'default', 'defaultRequest', 'maxLimitRequestRatio']) {
      validateAmounts(mapOf(limit[field]), `${path}.${field}`, causes);
    }
    validateOrder(limit, path, causes);
  }
}

/** One cause a resource: what upstream reports of a contradiction that several pairs share. */
function validateOrder(limit: Members, path: string, causes: Causes): void {
  const names = [...new Set(ORDERED.flatMap(([lower]) => Object.keys(mapOf(limit[lower]))))].sort();
  for (const name of names) {
    for (const [lower, upper] of ORDERED) {
      const low = mapOf(limit[lower])[name];
      const high = mapOf(limit[upper])[name];
      const [lowAmount, highAmount] = [low, high].map((value) => (value === undefined ? undefined : readAmount(value)));
      if (lowAmount === undefined || highAmount === undefined || lowAmount.nano <= highAmount.nano) continue;
      const words = { min: 'min', max: 'max', default: 'default limit', defaultRequest: 'default request' } as Members;
      const detail = `${words[lower]} value ${String(low)} is greater than ${words[upper]} value ${String(high)}`;
      causes.invalid(`${path}.${lower}[${name}]`, String(low), detail);
      break;
    }
  }
}

const SCOPES = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
];

/** A ResourceQuota: quantities, and scopes the engine can judge. */
export function validateQuota(object: KubeObject, causes: Causes): void {
  const spec = mapOf(object.spec);
  validateAmounts(mapOf(spec.hard), 'spec.hard', causes);
  const scopes = Array.isArray(spec.scopes) ? spec.scopes : [];
  for (const [index, scope] of scopes.entries()) {
    if (!SCOPES.includes(String(scope))) causes.unsupported(`spec.scopes[${index}]`, scope, SCOPES);
  }
  for (const [term, path] of eachOf(
    mapOf(spec.scopeSelector).matchExpressions,
    'spec.scopeSelector.matchExpressions',
  )) {
    if (!SCOPES.includes(String(term.scopeName))) causes.unsupported(`${path}.scopeName`, term.scopeName, SCOPES);
  }
}

function validateAmounts(list: Members, path: string, causes: Causes): void {
  for (const [name, value] of Object.entries(list)) validateQuantity(value, `${path}[${name}]`, causes);
}
