/** A value inside a Kubernetes object while it is built. `undefined` stands for a null that was written as nothing (`key:`). */
export type Json = string | number | boolean | null | undefined | JsonMap | JsonList;
export interface JsonMap {
  [key: string]: Json;
}
export type JsonList = Json[];

/** One rendered Kubernetes object: plain JSON, keys in the order in which `kustomize build` prints them. */
export interface KubeResource {
  apiVersion: string;
  kind: string;
  metadata: KubeMetadata;
  [field: string]: unknown;
}

export interface KubeMetadata {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  [field: string]: unknown;
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is JsonList {
  return Array.isArray(value);
}

export function isNull(value: Json): value is null | undefined {
  return value === null || value === undefined;
}

/** The text a YAML scalar would have; maps and lists have none. */
export function scalarText(value: Json): string {
  if (value === null) return 'null';
  if (value === undefined || typeof value === 'object') return '';
  return String(value);
}

export function cloneJson<T extends Json>(value: T): T {
  if (isList(value)) return value.map((item) => cloneJson(item)) as T;
  if (!isMap(value)) return value;
  const copy: JsonMap = {};
  for (const key of Object.keys(value)) setField(copy, key, cloneJson(value[key]));
  return copy as T;
}

/** How many maps, lists and scalars a value is made of. */
export function countNodes(value: Json): number {
  if (isList(value)) return value.reduce<number>((sum, item) => sum + countNodes(item), 1);
  if (!isMap(value)) return 1;
  return Object.keys(value).reduce((sum, key) => sum + countNodes(value[key]), 1);
}

/** Assigns a field; `__proto__` is an ordinary key here, as it is in YAML. */
export function setField(map: JsonMap, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key] = value;
}

/** Reads an own field; names such as `constructor` are not inherited from Object. */
export function getField(map: JsonMap, key: string): Json {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
