import type { Access, Act } from '#api/access/access.ts';
import type { Identity } from '#api/access/identity.ts';
import type { AuditEntry, AuditSink } from '#api/audit/record.ts';
import { ApiError } from '#api/errors.ts';
import type { Patch } from '#api/patch.ts';
import type { DeleteOptions, Resources, WriteOptions } from '#api/resources.ts';
import { isRecord, valueAt } from '#core/json.ts';
import { findKind, kindIdOf, type ObjectRef, type ResourceKind } from '#kube/kinds.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { type ProjectRole, validateRoles } from '#lib/rbac/project-roles.ts';
import type { ProjectSpec } from '../../../stages/sync/app-project/permissions.ts';
import { validateProject } from '../../../stages/sync/app-project/validation.ts';

/** Reads and writes as one client may do them. */
export type ClientResources = Pick<Resources, 'store' | 'get' | 'create' | 'replace' | 'patch' | 'delete'>;

/** One request: who sends it, and from where. */
export interface Requester {
  identity: Identity;
  /** `127.0.0.1:50123`. */
  source: string;
}

export interface GuardParts {
  resources: Resources;
  access: Access;
  audit: AuditSink;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** What kind of write a subresource stands for, where the write itself does not tell. */
export type SpecialVerb = 'scale' | 'evict';

/**
 * `Resources` for one request: what the identity may not do is refused, and every write and refusal is recorded. A write is decided
 * on the object before and after, in the same turn in which it is carried out, so nothing changes in between.
 */
export class GuardedResources implements ClientResources {
  readonly #parts: GuardParts;
  readonly #requester: Requester;
  readonly #verb: SpecialVerb | undefined;

  constructor(parts: GuardParts, requester: Requester, verb?: SpecialVerb) {
    this.#parts = parts;
    this.#requester = requester;
    this.#verb = verb;
  }

  get store(): Resources['store'] {
    return this.#parts.resources.store;
  }

  /** The same requester, writing through a subresource. */
  as(verb: SpecialVerb): GuardedResources {
    return new GuardedResources(this.#parts, this.#requester, verb);
  }

  get(ref: ObjectRef): KubeObject {
    const { access, resources } = this.#parts;
    this.#refusing('get', ref, () => access.authoriseRead(this.#requester.identity, ref, this.#find(ref)));
    return resources.get(ref);
  }

  /** Whether the client sees the object in lists and watches. */
  mayRead(object: KubeObject): boolean {
    return this.#parts.access.mayRead(this.#requester.identity, object);
  }

  create(manifest: Manifest, options: WriteOptions = {}): KubeObject {
    const { resources } = this.#parts;
    const ref = refOf(manifest);
    const own = this.#initiated(manifest as KubeObject);
    return this.#write('create', ref, options.dryRun === true, {
      preview: () => resources.create(own, { ...options, dryRun: true }),
      carryOut: () => resources.create(own, options),
    });
  }

  replace(manifest: Manifest, options: WriteOptions = {}): KubeObject {
    const { resources } = this.#parts;
    const own = this.#initiated(manifest as KubeObject);
    return this.#write('update', refOf(manifest), options.dryRun === true, {
      preview: () => resources.replace(own, { ...options, dryRun: true }),
      carryOut: () => resources.replace(own, options),
    });
  }

  patch(ref: ObjectRef, patch: Patch, options: WriteOptions = {}): KubeObject {
    const { resources } = this.#parts;
    const own = this.#initiatedPatch(ref, patch);
    return this.#write(this.#verb ?? 'update', ref, options.dryRun === true, {
      preview: () => resources.patch(ref, own, { ...options, dryRun: true }),
      carryOut: () => resources.patch(ref, own, options),
    });
  }

  delete(ref: ObjectRef, options: DeleteOptions = {}): KubeObject {
    const { resources } = this.#parts;
    return this.#write(this.#verb ?? 'delete', ref, options.dryRun === true, {
      preview: () => undefined,
      carryOut: () => resources.delete(ref, options),
    });
  }

  /** Reading a pod's log is a right of its own. */
  authoriseLog(ref: ObjectRef): void {
    const { access } = this.#parts;
    const before = this.#find(ref);
    this.#refusing('log', ref, () =>
      access.authorise(this.#requester.identity, { ...target(ref), verb: 'log', before, after: undefined }),
    );
  }

  #find(ref: ObjectRef): KubeObject | undefined {
    return this.store.get(ref.kind, ref.namespace, ref.name) as KubeObject | undefined;
  }

  #write(
    verb: Act['verb'],
    ref: ObjectRef,
    isDryRun: boolean,
    act: { preview: () => KubeObject | undefined; carryOut: () => KubeObject },
  ): KubeObject {
    const { access } = this.#parts;
    const { identity } = this.#requester;
    const before = this.#find(ref);
    const rule = this.#refusing(verb, ref, () => {
      // The administrator is asked nothing, so nothing has to be previewed.
      const after =
        identity.claims === undefined || verb === 'delete' || verb === 'evict' ? undefined : preview(act.preview);
      if (after instanceof ApiError) return this.#unpreviewed(ref, before, after);
      const allowedBy = access.authorise(identity, { ...target(ref), verb, before, after });
      if (after !== undefined && identity.claims !== undefined) requireValidProject(after);
      return allowedBy;
    });
    return isDryRun ? act.carryOut() : this.#recorded(verb, ref, rule, before, act.carryOut);
  }

  /** A write that cannot work is refused with its own fault to those who may see the object, as unseen to the others. */
  #unpreviewed(ref: ObjectRef, before: KubeObject | undefined, fault: ApiError): never {
    this.#parts.access.authoriseRead(this.#requester.identity, ref, before);
    throw fault;
  }

  #recorded(
    verb: string,
    ref: ObjectRef,
    rule: string,
    before: KubeObject | undefined,
    carryOut: () => KubeObject,
  ): KubeObject {
    const { audit } = this.#parts;
    const version = before?.metadata.resourceVersion;
    audit.begin(this.#entry(verb, ref, { outcome: 'allowed', rule, resourceVersion: { before: version } }));
    const stored = this.#reportingFaults(verb, ref, rule, carryOut);
    const { name, resourceVersion } = stored.metadata;
    const commit = commitOf(stored, before);
    audit.append(
      this.#entry(
        verb,
        { ...ref, name },
        {
          outcome: 'allowed',
          rule,
          resourceVersion: { ...(version === undefined ? {} : { before: version }), after: resourceVersion },
          ...(commit === undefined ? {} : { commit }),
        },
      ),
    );
    return stored;
  }

  /** Runs a write, and records it when it fails. */
  #reportingFaults(verb: string, ref: ObjectRef, rule: string, carryOut: () => KubeObject): KubeObject {
    try {
      return carryOut();
    } catch (error) {
      const message = error instanceof ApiError ? error.message : 'a fault of the engine';
      this.#parts.audit.append(this.#entry(verb, ref, { outcome: 'failed', rule, message }));
      throw error;
    }
  }

  /** Runs a check, and records it when it refuses. */
  #refusing<T>(verb: string, ref: ObjectRef, check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'Forbidden') {
        this.#parts.audit.append(this.#entry(verb, ref, { outcome: 'refused', rule: error.message }));
      }
      throw error;
    }
  }

  #entry(verb: string, ref: ObjectRef, rest: Pick<AuditEntry, 'outcome' | 'rule'> & Partial<AuditEntry>): AuditEntry {
    const object = `${ref.kind} ${ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`}`;
    return auditEntry(this.#requester, this.#parts.now(), { verb, object, ...rest });
  }

  /** An operation is begun in the name of whoever sends it: nobody may write another's, or the engine's. */
  #initiated(manifest: KubeObject): KubeObject {
    const { identity } = this.#requester;
    const { operation } = manifest as { operation?: unknown };
    if (identity.claims === undefined || !isRecord(operation)) return manifest;
    const live = this.#find(refOf(manifest));
    if (valueAt(live, ['operation', 'initiatedBy', 'username']) === valueAt(operation, ['initiatedBy', 'username']))
      return manifest;
    return { ...manifest, operation: { ...operation, initiatedBy: { username: identity.username } } } as KubeObject;
  }

  #initiatedPatch(ref: ObjectRef, patch: Patch): Patch {
    const { identity } = this.#requester;
    if (identity.claims === undefined || ref.kind !== 'Application.argoproj.io') return patch;
    const initiatedBy = { username: identity.username };
    if (patch.type === 'json') {
      const writes = patch.operations.some(
        ({ path }) => path === '' || path === '/operation' || path.startsWith('/operation/'),
      );
      if (!writes || patch.operations.every(({ op }) => op === 'remove' || op === 'test')) return patch;
      return {
        ...patch,
        operations: [...patch.operations, { op: 'add', path: '/operation/initiatedBy', value: initiatedBy }],
      };
    }
    const { operation } = patch.patch;
    if (!isRecord(operation)) return patch;
    return {
      ...patch,
      patch: { ...patch.patch, operation: { ...operation, initiatedBy: { ...initiatedBy, automated: null } } },
    };
  }
}

/** An audit entry for one requester. */
export function auditEntry(
  { identity, source }: Requester,
  nowMs: number,
  act: Pick<AuditEntry, 'verb' | 'object' | 'outcome' | 'rule'> & Partial<AuditEntry>,
): AuditEntry {
  const { username, groups, tokenId } = identity;
  return {
    time: new Date(nowMs).toISOString(),
    identity: username,
    groups,
    ...(tokenId === undefined ? {} : { tokenId }),
    source,
    ...act,
  };
}

/** Argo CD's API takes no project that is invalid. What the administrator applies, like what git does, is not looked at. */
function requireValidProject(object: KubeObject): void {
  if (kindIdOf(object) !== 'AppProject.argoproj.io') return;
  const spec = (isRecord(object.spec) ? object.spec : {}) as ProjectSpec & { roles?: readonly ProjectRole[] };
  const problems = [...validateProject(spec), ...validateRoles(object.metadata.name, spec.roles ?? [])];
  if (problems.length > 0)
    throw new ApiError('Invalid', `AppProject "${object.metadata.name}" is invalid: ${problems.join('; ')}`);
}

/** What would be stored, or why it would not be. */
function preview(run: () => KubeObject | undefined): KubeObject | undefined | ApiError {
  try {
    return run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

function refOf(manifest: Manifest): ObjectRef {
  const { namespace, name, generateName } = manifest.metadata;
  return { kind: kindIdOf(manifest), namespace, name: name ?? generateName ?? '' };
}

function target({ kind, namespace, name }: ObjectRef): Pick<Act, 'kind' | 'namespace' | 'name'> {
  return { kind: findKind(kind) as ResourceKind, namespace, name };
}

/** The commit that a requested sync asks for. */
function commitOf(stored: KubeObject, before: KubeObject | undefined): string | undefined {
  const revision = valueAt(stored, ['operation', 'sync', 'revision']);
  const isNew = revision !== valueAt(before, ['operation', 'sync', 'revision']);
  return isNew && typeof revision === 'string' && revision !== '' ? revision : undefined;
}
