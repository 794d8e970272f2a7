/** The legacy `vars`: `$(NAME)` in known fields becomes the value of a field of an object. */
import { type Diagnostic, fail, type Position } from '../errors.ts';
import { applyFieldSpec } from '../fieldspecs/walker.ts';
import type { FieldSpec, Var } from '../kustomization/types.ts';
import { formatId, parseApiVersion, type Resource, type ResourceId, sameGvk } from '../resource.ts';
import { isList, isMap, isNull, type Json, setField } from '../types.ts';
import { FieldPathError, lookUp, splitFieldPath } from './field-path.ts';

type At = Position & { source?: string };

/** A var and the object it was bound to in the kustomization that declares it. */
export interface BoundVar {
  name: string;
  fieldPath: string;
  source: Resource | undefined;
  at: At;
}

/** Finds the object a var refers to. Throws KustomizeError when there are several, or when the name is taken. */
export function bindVar(resources: readonly Resource[], variable: Var, bound: readonly BoundVar[], at: At): BoundVar {
  const name = variable.name ?? '';
  const matches = resources.filter(
    (resource) => resource.object && resource.allIds.some((id) => isReferred(id, variable)),
  );
  if (matches.length > 1) {
    const why = matches.map((resource) => formatId(resource.currentId)).join('; ');
    fail(at, {
      code: 'no-match',
      message: `var "${name}" refers to several objects`,
      why,
      fix: 'add objref.namespace',
    });
  }
  const fieldPath = variable.fieldref?.fieldPath || 'metadata.name';
  return requireNewVar({ name, fieldPath, source: matches[0], at }, bound);
}

/** The var itself, unless its name is taken. Throws KustomizeError. */
export function requireNewVar(variable: BoundVar, bound: readonly BoundVar[]): BoundVar {
  const taken = bound.find((other) => other.name === variable.name);
  if (!taken) return variable;
  const why = `it is declared at ${taken.at.file}:${taken.at.line}`;
  const message = `var "${variable.name}" is already declared`;
  return fail(variable.at, { code: 'duplicate-id', message, why, fix: 'rename one of the two' });
}

function isReferred(id: ResourceId, { objref = {} }: Var): boolean {
  const { group = '', version = '' } = objref.apiVersion ? parseApiVersion(objref.apiVersion) : objref;
  if (id.name !== objref.name || !sameGvk(id, { group, version, kind: objref.kind ?? '' })) return false;
  return !objref.namespace || id.namespace === objref.namespace;
}

/** Replaces every use of every var. A var that is used nowhere is a warning. */
export function resolveVars(
  resources: readonly Resource[],
  vars: readonly BoundVar[],
  specs: readonly FieldSpec[],
): Diagnostic[] {
  if (vars.length === 0) return [];
  const values = new Map(vars.map((variable) => [variable.name, readVar(variable)]));
  const used = new Set<string>();
  const replace = (value: Json) => (typeof value === 'string' ? expand(value, values, used) : value);
  for (const resource of resources) {
    for (const spec of specs) applyFieldSpec(resource, spec, 'none', (value) => replaceIn(value, replace));
  }
  return vars
    .filter(({ name }) => !used.has(name))
    .map(({ name, at }) => ({ ...at, code: 'unused', message: `var "${name}" is never used`, fix: 'remove it' }));
}

function replaceIn(value: Json, replace: (value: Json) => Json): Json {
  if (isList(value)) return value.map(replace);
  if (!isMap(value)) return replace(value);
  for (const key of Object.keys(value)) setField(value, key, replace(value[key]));
  return value;
}

function readVar({ name, fieldPath, source, at }: BoundVar): Json {
  if (!source?.object) {
    return fail(at, { code: 'no-match', message: `var "${name}" refers to no object`, fix: 'correct objref' });
  }
  const path = splitFieldPath(fieldPath.replace(/\[(\d+)\]/g, '.$1'));
  let value: Json;
  try {
    value = lookUp(source.object, path);
  } catch (error) {
    if (!(error instanceof FieldPathError)) throw error;
  }
  if (!isNull(value) && typeof value !== 'object') return value;
  const message = `var "${name}": ${formatId(source.currentId)} has no scalar field ${fieldPath}`;
  return fail(at, { code: 'no-match', message, fix: 'correct fieldref.fieldPath' });
}

/** `$(NAME)` is replaced, `$$` is a dollar sign, anything else stays. A text that is one reference takes the type. */
function expand(text: string, values: ReadonlyMap<string, Json>, used: Set<string>): Json {
  if (!text.includes('$')) return text;
  const whole = /^\$\(([^)]*)\)$/.exec(text)?.[1];
  if (whole !== undefined && values.has(whole)) {
    used.add(whole);
    return values.get(whole);
  }
  return text.replace(/\$(\$|\(([^)]*)\))/g, (reference, _inner: string, name: string | undefined) => {
    if (reference === '$$') return '$';
    if (name === undefined || !values.has(name)) return reference;
    used.add(name);
    return String(values.get(name));
  });
}
