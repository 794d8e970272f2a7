/** ValueAddTransformer: one value written to a field of every selected object, or into a file path that a field holds. */
import { fail, type Position } from '../errors.ts';
import type { Selector } from '../kustomization/types.ts';
import { formatId, type Resource } from '../resource.ts';
import { selectResources } from '../selectors.ts';
import {
  getField,
  isList,
  isMap,
  isNull,
  type Json,
  type JsonList,
  type JsonMap,
  scalarText,
  setField,
} from '../types.ts';
import { resolvePlain } from '../yaml/scalars.ts';
import { FieldPathError, splitBracket } from './field-path.ts';
import { setSubjects } from './fields.ts';

/** One entry of `targets`, by the names of the configuration. */
export interface ValueAddTarget {
  selector?: Selector;
  /** `/` separates, `\/` stands for a slash in a key, `[name=web]` selects or makes an element. */
  fieldPath?: string;
  /** 0: the value replaces the field; else where in the field's path it is inserted, counted from 1. */
  filePathPosition?: number;
}

/** Writes `value` to every target, making fields that are missing. Throws KustomizeError. */
export function addValue(
  resources: readonly Resource[],
  value: string,
  targets: readonly ValueAddTarget[],
  at: Position,
): void {
  if (targets.length === 0) {
    fail(at, { code: 'missing-field', message: 'this ValueAddTransformer has no targets', fix: 'add targets' });
  }
  for (const target of targets) requireUsable(target, at);
  for (const { selector, fieldPath = '', filePathPosition = 0 } of targets) {
    const selected = selector ? selectResources(resources, selector, at) : resources;
    for (const resource of selected) {
      if (!resource.object) continue;
      if (fieldPath === 'metadata/namespace') moveToNamespace(resource, value);
      else addTo(resource, { value, fieldPath, filePathPosition }, at);
    }
  }
}

function requireUsable({ fieldPath, filePathPosition = 0 }: ValueAddTarget, at: Position): void {
  if (!fieldPath) {
    fail(at, { code: 'missing-field', message: 'a target has no fieldPath', fix: 'add fieldPath: spec/…' });
  }
  if (filePathPosition < 0) {
    const message = `filePathPosition ${filePathPosition} is negative`;
    fail(at, { code: 'wrong-value', message, fix: 'use 0 to replace the field, 1 or more to insert into its path' });
  }
}

/** The namespace goes where `namespace` would put it: not on cluster-scoped objects, and on subjects named default. */
function moveToNamespace(resource: Resource, namespace: string): void {
  if (!resource.isClusterScoped) resource.setMetadata('namespace', namespace);
  const isBinding = resource.kind === 'RoleBinding' || resource.kind === 'ClusterRoleBinding';
  if (isBinding) setSubjects(resource, 'defaultOnly', () => namespace);
}

function addTo(
  resource: Resource,
  { value, fieldPath, filePathPosition }: { value: string; fieldPath: string; filePathPosition: number },
  at: Position,
): void {
  const parts = fieldPath
    .split(/(?<!\\)\//)
    .map((part) => part.replaceAll('\\/', '/').trim())
    .filter((part) => part !== '');
  try {
    const { read, write } = makeField(resource.object ?? {}, parts);
    const current = read();
    if (typeof current === 'object' && !isNull(current)) throw new FieldPathError('the field holds no scalar');
    const text =
      filePathPosition > 0 ? insertPathPart(scalarText(current ?? undefined), filePathPosition - 1, value) : value;
    write(typeof current === 'string' ? text : resolvePlain(text, 'resource'));
  } catch (error) {
    if (!(error instanceof FieldPathError)) throw error;
    const message = `${formatId(resource.currentId)}: ${fieldPath}: ${error.message}`;
    fail(at, { code: 'no-match', message, fix: 'correct fieldPath, or narrow the selector' });
  }
}

interface Field {
  read: () => Json;
  write: (value: Json) => void;
}

/** The place at the end of a path; maps, lists and elements on the way are made when they are missing. */
function makeField(root: JsonMap, parts: readonly string[]): Field {
  let field: Field = { read: () => root, write: () => undefined };
  for (const part of parts) {
    const needsList = isBracketed(part) || /^(-|\d+)$/.test(part);
    if (isNull(field.read())) field.write(needsList ? [] : {});
    const value = field.read();
    if (needsList && isList(value)) field = elementOf(value, part);
    else if (!needsList && isMap(value)) field = fieldOf(value, part);
    else throw new FieldPathError(`"${part}" needs a ${needsList ? 'list' : 'map'}`);
  }
  return field;
}

function fieldOf(map: JsonMap, key: string): Field {
  return { read: () => getField(map, key), write: (value) => setField(map, key, value) };
}

function elementOf(list: JsonList, part: string): Field {
  const index = isBracketed(part) ? findOrAppend(list, part) : part === '-' ? list.length - 1 : Number(part);
  if (index < 0 || index >= list.length) throw new FieldPathError(`there is no element ${part} in ${list.length}`);
  return {
    read: () => list[index],
    write: (value) => {
      list[index] = value;
    },
  };
}

function findOrAppend(list: JsonList, part: string): number {
  const [name, text] = splitBracket(part);
  const index = list.findIndex((item) => {
    if (name === '') return scalarText(item) === text;
    return isMap(item) && Object.hasOwn(item, name) && scalarText(item[name]) === text;
  });
  if (index >= 0) return index;
  const value = resolvePlain(text, 'resource');
  return list.push(name === '' ? value : { [name]: value }) - 1;
}

function isBracketed(part: string): boolean {
  return part.startsWith('[') && part.endsWith(']');
}

/** `a/b` with `x` at 1 → `a/x/b`; an absolute path stays one, and a position beyond the end appends. */
function insertPathPart(path: string, position: number, part: string): string {
  const isAbsolute = path.startsWith('/');
  const parts = path.split('/').filter((text) => text !== '' && text !== '.');
  parts.splice(Math.min(position, parts.length), 0, part);
  return `${isAbsolute ? '/' : ''}${parts.join('/')}`;
}
