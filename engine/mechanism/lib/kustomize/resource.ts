/** One object of a build, with the identities it has had. */
import { fail, type Position } from './errors.ts';
import { isClusterScoped } from './schema/schemas.ts';
import { cloneJson, getField, isMap, isNull, type Json, type JsonMap, scalarText, setField } from './types.ts';

export interface Gvk {
  group: string;
  version: string;
  kind: string;
}

export interface ResourceId extends Gvk {
  name: string;
  /** The effective namespace: `default` for none, NO_NAMESPACE for a cluster-scoped kind. */
  namespace: string;
}

/** The effective namespace of cluster-scoped objects. */
export const NO_NAMESPACE = '_non_namespaceable_';

export type Behavior = 'create' | 'replace' | 'merge';

interface PreviousId {
  name: string;
  namespace: string;
  kind: string;
}

export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** An object under construction. `object` is changed in place; undefined once a patch has deleted it. */
export class Resource {
  object: JsonMap | undefined;
  readonly at: Position;
  previous: PreviousId[] = [];
  prefixes: string[] = [];
  suffixes: string[] = [];
  needsHash = false;
  behavior: Behavior = 'create';
  origin: Origin | undefined;
  transformations: Origin[] = [];

  constructor(object: JsonMap, at: Position) {
    this.object = object;
    this.at = at;
  }

  get apiVersion(): string {
    return this.text('apiVersion');
  }

  get kind(): string {
    return this.text('kind');
  }

  get name(): string {
    return scalarText(this.metadata('name'));
  }

  get namespace(): string {
    return scalarText(this.metadata('namespace') ?? undefined);
  }

  get isClusterScoped(): boolean {
    return isClusterScoped(this.apiVersion, this.kind);
  }

  private text(field: string): string {
    return this.object ? scalarText(getField(this.object, field)) : '';
  }

  metadata(field: string): Json {
    const metadata = this.object ? getField(this.object, 'metadata') : undefined;
    return isMap(metadata) ? getField(metadata, field) : undefined;
  }

  setMetadata(field: string, value: Json): void {
    if (!this.object) return;
    let metadata = getField(this.object, 'metadata');
    if (!isMap(metadata)) this.object.metadata = metadata = {};
    if (value === undefined) delete metadata[field];
    else setField(metadata, field, value);
  }

  get gvk(): Gvk {
    return { ...parseApiVersion(this.apiVersion), kind: this.kind };
  }

  get effectiveNamespace(): string {
    if (this.isClusterScoped) return NO_NAMESPACE;
    return this.namespace === '' ? 'default' : this.namespace;
  }

  get currentId(): ResourceId {
    return { ...this.gvk, name: this.name, namespace: this.effectiveNamespace };
  }

  get previousIds(): ResourceId[] {
    const groupVersion = parseApiVersion(this.apiVersion);
    return this.previous.map((id) => ({ ...groupVersion, ...id }));
  }

  get originalId(): ResourceId {
    return this.previousIds[0] ?? this.currentId;
  }

  get allIds(): ResourceId[] {
    return [...this.previousIds, this.currentId];
  }

  storePreviousId(): void {
    this.previous.push({ name: this.name, namespace: this.effectiveNamespace, kind: this.kind });
  }

  labels(): Record<string, string> {
    return stringMap(this.metadata('labels'));
  }

  annotations(): Record<string, string> {
    return stringMap(this.metadata('annotations'));
  }

  clone(): Resource {
    const copy = new Resource(cloneJson(this.object ?? {}), this.at);
    copy.object = this.object ? copy.object : undefined;
    copy.previous = this.previous.map((id) => ({ ...id }));
    copy.prefixes = [...this.prefixes];
    copy.suffixes = [...this.suffixes];
    copy.needsHash = this.needsHash;
    copy.behavior = this.behavior;
    copy.origin = this.origin;
    copy.transformations = [...this.transformations];
    return copy;
  }
}

/** Where a resource came from (`buildMetadata: [originAnnotations]`). */
export interface Origin {
  path?: string;
  configuredIn?: string;
  configuredBy?: { apiVersion: string; kind: string; name?: string; namespace?: string };
}

export function stringMap(value: Json): Record<string, string> {
  const result: Record<string, string> = {};
  if (isMap(value)) for (const key of Object.keys(value)) result[key] = scalarText(value[key]);
  return result;
}

export function sameId(a: ResourceId, b: ResourceId): boolean {
  return a.name === b.name && a.namespace === b.namespace && sameGvk(a, b);
}

export function sameGvk(a: Gvk, b: Gvk): boolean {
  return a.kind === b.kind && a.group === b.group && a.version === b.version;
}

/** True when every part that the selector gives equals the id's. */
export function isSelected(id: Gvk, selector: Partial<Gvk>): boolean {
  return (
    (!selector.kind || selector.kind === id.kind) &&
    (!selector.group || selector.group === id.group) &&
    (!selector.version || selector.version === id.version)
  );
}

/** An id in words, for messages: `Deployment (apps/v1) web in namespace shop`. */
export function formatId(id: ResourceId): string {
  const namespace = id.namespace === NO_NAMESPACE ? '' : ` in namespace ${id.namespace}`;
  const group = id.group ? `${id.group}/` : '';
  return `${id.kind} (${group}${id.version || 'no version'}) ${id.name}${namespace}`;
}

/** Turns a parsed document into a resource. Throws KustomizeError when it is no Kubernetes object. */
export function makeResource(value: JsonMap, at: Position): Resource {
  const resource = new Resource(value, at);
  if (resource.kind === '' || isNull(getField(value, 'kind'))) {
    fail(at, {
      code: 'invalid-resource',
      message: 'this object has no kind',
      fix: 'add apiVersion, kind and metadata.name',
    });
  }
  if (!resource.kind.endsWith('List') && resource.name === '') {
    fail(at, {
      code: 'invalid-resource',
      message: `this ${resource.kind} has no metadata.name`,
      fix: 'add metadata.name',
    });
  }
  return resource;
}
