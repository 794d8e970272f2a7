import { isRecord } from '#core/json.ts';
import { applyDefaults } from '#kube/defaults/defaults.ts';
import { apiVersionOf, type ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import { schemaOfKind } from '#kube/schema/schema.ts';
import { readTyped } from '#kube/schema/typed.ts';
import type { Reader } from '#store/store.ts';
import { ApiError, invalid } from './errors.ts';
import { allocateClusterAddress, assertServiceNetwork } from './service-address.ts';
import { Causes, mapOf } from './validation/causes.ts';
import { VALIDATIONS } from './validation/kinds.ts';
import { validateMetadata } from './validation/metadata.ts';
import { UPDATE_RULES } from './validation/updates.ts';

/**
 * What happens to an object between the client and the store: defaults are filled in, addresses allocated, invalid
 * objects refused with ApiError. Pure but for reading the store.
 */
export interface Admission {
  /** `live` is undefined on create. Returns the object to store; throws ApiError to refuse it. */
  admit(object: KubeObject, live: KubeObject | undefined, kind: ResourceKind, objects: Reader): KubeObject;
}

/** Runs several admissions in order. */
export function chain(...parts: readonly Admission[]): Admission {
  return {
    admit: (object, live, kind, objects) =>
      parts.reduce((current, part) => part.admit(current, live, kind, objects), object),
  };
}

/**
 * The admission of kube-apiserver for the kinds the engine serves: type checks, defaults (kubernetes-api.md §5),
 * addresses of Services, validation, immutable fields (§6). `serviceNetwork` is the first two octets of the range that
 * Services get addresses from, such as `127.30`.
 */
export function builtInAdmission(config: { serviceNetwork: string }): Admission {
  assertServiceNetwork(config.serviceNetwork);
  return {
    admit: (object, live, kind, objects) => {
      checkVersion(object, kind);
      checkTypes(object, live, kind);
      // A status write leaves the very same spec in place: nothing to fill in or to check again.
      const isStatusWrite = live !== undefined && object.spec === live.spec && live.spec !== undefined;
      const causes = new Causes();
      const admitted = isStatusWrite ? object : complete(object, live, kind, objects, config.serviceNetwork, causes);
      validateMetadata(kind, admitted, causes);
      if (!isStatusWrite) {
        VALIDATIONS[kind.id]?.(admitted, causes);
        if (live !== undefined) UPDATE_RULES[kind.id]?.(admitted, live, causes);
      }
      if (causes.list.length > 0) throw invalid(kind, admitted.metadata.name, causes.list);
      return admitted;
    },
  };
}

function checkVersion(object: KubeObject, kind: ResourceKind): void {
  if (object.apiVersion === apiVersionOf(kind)) return;
  throw new ApiError(
    'BadRequest',
    `no matches for kind "${object.kind}" in version "${object.apiVersion}": the engine serves ${apiVersionOf(kind)}`,
  );
}

/** 400 in kube-apiserver's words when a member of a built-in object has the wrong type. */
function checkTypes(object: KubeObject, live: KubeObject | undefined, kind: ResourceKind): void {
  const schema = schemaOfKind(object.apiVersion, object.kind);
  if (schema === undefined) {
    if (object.spec !== undefined && !isRecord(object.spec)) throw mistyped(kind, 'spec', 'object', typeof object.spec);
    return;
  }
  const fresh = live !== undefined && object.spec === live.spec ? { ...object, spec: undefined } : object;
  const [first] = readTyped(fresh, schema).mistyped;
  if (first !== undefined) throw mistyped(kind, first.path, first.expected, first.found);
}

function mistyped(kind: ResourceKind, path: string, expected: string, found: string): ApiError {
  return new ApiError(
    'BadRequest',
    `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: json: cannot unmarshal ${found} into field ${path} of type ${expected}`,
  );
}

function complete(
  object: KubeObject,
  live: KubeObject | undefined,
  kind: ResourceKind,
  objects: Reader,
  serviceNetwork: string,
  causes: Causes,
): KubeObject {
  const filled = applyDefaults(withoutNulls(object));
  if (kind.id === 'Service') return allocateClusterAddress(filled, live, objects, serviceNetwork, causes);
  if (kind.id === 'Job.batch' && live === undefined) return withJobSelector(filled);
  return filled;
}

/** `creationTimestamp: null` and its like in what clients send carry no meaning in a typed object. */
function withoutNulls(object: KubeObject): KubeObject {
  const schema = schemaOfKind(object.apiVersion, object.kind);
  return schema === undefined ? object : (dropNulls(object) as KubeObject);
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(dropNulls);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isRecord(value)) return value;
  let changed = false;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item === null || item === undefined) {
      changed = true;
      continue;
    }
    const kept = dropNulls(item);
    if (kept !== item) changed = true;
    result[key] = kept;
  }
  return changed ? result : value;
}

/** The server tells a Job's pods by the Job's uid, unless the author chose a selector. */
function withJobSelector(job: KubeObject): KubeObject {
  const spec = mapOf(job.spec);
  if (spec.manualSelector === true || !isRecord(spec.template)) return job;
  const { uid, name } = job.metadata;
  const metadata = mapOf(spec.template.metadata);
  const labels = {
    ...mapOf(metadata.labels),
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  return {
    ...job,
    spec: {
      ...spec,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
      template: { ...spec.template, metadata: { ...metadata, labels } },
    },
  };
}
