/** Follows a field spec into an object and changes what it finds (spec §5: `/` separates, lists are walked through). */
import { fail } from '../errors.ts';
import type { FieldSpec } from '../kustomization/types.ts';
import { isSelected, type Resource } from '../resource.ts';
import { getField, isList, isMap, isNull, type Json, type JsonList, type JsonMap, setField } from '../types.ts';

/** What to make when `create` is set and the field is missing. */
export type CreateKind = 'map' | 'scalar' | 'none';

/** Receives the value at the end of a path, returns the value to store there. */
export type Change = (value: Json) => Json;

/** Applies `change` to every field the spec selects in a resource. Throws KustomizeError when the path runs into a scalar. */
export function applyFieldSpec(resource: Resource, spec: FieldSpec, createKind: CreateKind, change: Change): void {
  if (!resource.object || !isSelected(resource.gvk, spec)) return;
  const walk = new Walk(resource, spec, createKind, change);
  walk.enter(resource.object, splitPath(spec.path));
}

/** `a/b\/c` → [`a`, `b/c`] */
export function splitPath(path: string): string[] {
  const known = SPLIT_CACHE.get(path);
  if (known) return known;
  const parts = path
    .replace(/^\//, '')
    .split(/(?<!\\)\//)
    .map((part) => part.replaceAll('\\/', '/'));
  if (SPLIT_CACHE.size < 5000) SPLIT_CACHE.set(path, parts);
  return parts;
}

const SPLIT_CACHE = new Map<string, string[]>();

class Walk {
  private readonly resource: Resource;
  private readonly spec: FieldSpec;
  private readonly createKind: CreateKind;
  private readonly change: Change;

  constructor(resource: Resource, spec: FieldSpec, createKind: CreateKind, change: Change) {
    this.resource = resource;
    this.spec = spec;
    this.createKind = createKind;
    this.change = change;
  }

  enter(value: JsonMap, path: readonly string[]): void {
    this.visitMap(value, path);
  }

  private visit(value: Json, path: readonly string[]): Json {
    if (path.length === 0) return this.change(value);
    if (isNull(value)) return value;
    if (isList(value)) this.visitList(value, path);
    else if (isMap(value)) this.visitMap(value, path);
    else this.fail(path);
    return value;
  }

  private visitList(list: JsonList, path: readonly string[]): void {
    list.forEach((item, index) => {
      list[index] = this.visit(item, path);
    });
  }

  private visitMap(map: JsonMap, path: readonly string[]): void {
    const [part = '', ...rest] = path;
    const name = part.endsWith('[]') ? part.slice(0, -2) : part;
    const creates = this.spec.create === true && this.createKind !== 'none' && name === part;
    let value = getField(map, name);
    if (isNull(value)) {
      if (!creates) {
        if (Object.hasOwn(map, name) && rest.length === 0) setField(map, name, this.visit(value, rest));
        return;
      }
      value = rest.length > 0 || this.createKind === 'map' ? {} : undefined;
    }
    setField(map, name, this.visit(value, rest));
  }

  private fail(path: readonly string[]): never {
    const { kind, name } = this.resource;
    fail(this.resource.at, {
      code: 'wrong-type',
      message: `${kind} ${name}: the path ${this.spec.path} runs into a scalar before "${path.join('/')}"`,
      why: 'the setting expects a map or a list there',
      fix: 'correct the object, or the field spec in `configurations`',
    });
  }
}
