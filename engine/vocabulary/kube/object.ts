/** The shape all state has: Kubernetes objects. Stored objects are deeply frozen; make a copy to change one. */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Metadata as the store returns it: the server-filled fields are present. */
export interface ObjectMeta {
  name: string;
  /** Absent on cluster-scoped objects. */
  namespace?: string;
  generateName?: string;
  uid: string;
  resourceVersion: string;
  /** Absent on kinds that have no generation (ConfigMap, Secret, Service, …). */
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: unknown[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
  [field: string]: unknown;
}

/** A manifest: what a person or a controller sends; the server fills in the rest of the metadata. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: Partial<ObjectMeta> & { name?: string };
  [field: string]: unknown;
}

/** A kubernetes-models interface as the store returns it: metadata filled, spec present where the kind has one. */
export type Stored<T> = Omit<T, 'metadata' | 'spec'> & { metadata: ObjectMeta } & (T extends { spec?: infer Spec }
    ? { spec: NonNullable<Spec> }
    : unknown);

/** `namespace/name`, or `name` for cluster-scoped objects: the key of a work queue. */
export function objectKey(object: { metadata: { namespace?: string; name?: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? `${name}` : `${namespace}/${name}`;
}

export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The owner that controls this object, if any. */
export function controllerOf(object: { metadata: { ownerReferences?: OwnerReference[] } }): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** The reference a controller puts on what it creates. */
export function controllerReference(owner: { apiVersion: string; kind: string; metadata: ObjectMeta }): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function isDeleting(object: { metadata: { deletionTimestamp?: string } }): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
