import { findKind, kindIdOf, type ObjectRef, type ResourceKind, resourceName } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Request } from '#lib/rbac/enforcer.ts';
import type { ProjectWithRoles } from '#lib/rbac/project-roles.ts';
import { type Decision, deniedText, parseRbacConfig, Rbac } from '#lib/rbac/rbac.ts';
import type { Reader } from '#store/store.ts';
import { ApiError } from '../errors.ts';
import {
  type AccessSettings,
  applicationName,
  applicationNeeds,
  applicationSetName,
  applicationSetNeeds,
  projectNeeds,
} from './argo-needs.ts';
import type { Identity } from './identity.ts';
import { managedBy } from './managed-by.ts';
import { both, closed, type Needs, need } from './needs.ts';
import { actionNeed, changeNeeds, type ManagedResource, pathNeed } from './resource-needs.ts';

const CONFIG_MAP = 'argocd-rbac-cm';
const SETTINGS = 'argocd-cm';

/** What a client is about to do. */
export interface Act {
  verb: 'create' | 'update' | 'delete' | 'evict' | 'scale' | 'log';
  kind: ResourceKind;
  namespace: string | undefined;
  name: string;
  before: KubeObject | undefined;
  /** What would be stored; undefined for deletions and logs. */
  after: KubeObject | undefined;
}

/**
 * Who may do what at the API: requests on objects are mapped to Argo CD's resources and actions and decided by `argocd-rbac-cm`
 * and the roles of AppProjects. The bearer of the engine's own token is asked nothing. docs/decisions/0003-who-may-do-what.md.
 */
export class Access {
  readonly #reader: Reader;
  readonly #controlPlane: string;
  #known: { source: unknown; rbac: Rbac } | undefined;

  constructor(reader: Reader, controlPlaneNamespace = 'argocd') {
    this.#reader = reader;
    this.#controlPlane = controlPlaneNamespace;
  }

  /** The decision about one request of Argo CD's vocabulary. */
  decide(identity: Identity, request: Request): Decision {
    if (identity.claims === undefined)
      return { allowed: true, because: "the bearer of the engine's own token may do everything" };
    return this.#rbac().decide(identity.claims, request);
  }

  /** Throws ApiError Forbidden that names the line which denied, or the nearest one. Returns what allowed it. */
  require(identity: Identity, needs: Needs): string {
    const { claims } = identity;
    if (claims === undefined) return "the bearer of the engine's own token may do everything";
    const reasons: string[] = [];
    for (const request of needs.all) {
      const { allowed, because } = this.decide(identity, request);
      if (!allowed) throw new ApiError('Forbidden', deniedText(claims, request, because));
      reasons.push(because);
    }
    if (needs.closed === undefined) return reasons.join('; ');
    throw new ApiError('Forbidden', `permission denied: sub: ${identity.username}; ${needs.closed}`);
  }

  /** Throws ApiError Forbidden; returns the lines that allowed the act. */
  authorise(identity: Identity, act: Act): string {
    if (identity.claims === undefined) return this.require(identity, { all: [] });
    return this.require(identity, this.needsOf(act));
  }

  mayRead(identity: Identity, object: KubeObject): boolean {
    if (identity.claims === undefined) return true;
    const needs = this.readNeeds(object);
    return needs.closed === undefined && needs.all.every((request) => this.decide(identity, request).allowed);
  }

  /** Throws ApiError Forbidden. What does not exist is refused like what may not be seen. */
  authoriseRead(identity: Identity, ref: ObjectRef, object: KubeObject | undefined): void {
    if (identity.claims === undefined) return;
    if (object !== undefined) {
      this.require(identity, this.readNeeds(object));
      return;
    }
    const kind = findKind(ref.kind);
    const what = kind === undefined ? ref.kind : resourceName(kind);
    throw new ApiError(
      'Forbidden',
      `permission denied: ${what} "${ref.name}", sub: ${identity.username}; there is no such object, or no policy lets you see it`,
    );
  }

  /** What reading an object needs. */
  readNeeds(object: KubeObject): Needs {
    const id = kindIdOf(object);
    switch (id) {
      case 'Application.argoproj.io':
        return { all: [need('applications', 'get', applicationName(object, this.#settings()))] };
      case 'ApplicationSet.argoproj.io':
        return { all: [need('applicationsets', 'get', applicationSetName(object, this.#settings()))] };
      case 'AppProject.argoproj.io':
        return { all: [need('projects', 'get', object.metadata.name)] };
      case 'Secret':
        return closed('secrets are read by the administrator of the cluster only');
    }
    if (object.kind === 'Event') return this.#eventNeeds(object);
    const application = managedBy(object, this.#reader, this.#controlPlane);
    if (application === undefined) return closed(unmanaged(object.kind, object.metadata.name));
    return { all: [need('applications', 'get', applicationName(application, this.#settings()))] };
  }

  #eventNeeds(event: KubeObject): Needs {
    const uid = (event.involvedObject as { uid?: string } | undefined)?.uid;
    const about = uid === undefined ? undefined : this.#reader.byUid(uid);
    if (about === undefined || about.kind === 'Event') return closed(unmanaged('Event', event.metadata.name));
    return this.readNeeds(about);
  }

  /** What an act needs. */
  needsOf(act: Act): Needs {
    const { kind, before, after } = act;
    if (before === undefined && act.verb !== 'create')
      return closed(`there is no ${kind.kind} "${act.name}", or no policy lets you see it`);
    const settings = this.#settings();
    switch (kind.id) {
      case 'Application.argoproj.io':
        return applicationNeeds(before, after, settings);
      case 'ApplicationSet.argoproj.io':
        return applicationSetNeeds(before, after, settings);
      case 'AppProject.argoproj.io':
        return projectNeeds(before, after);
      case 'Secret':
        return closed('secrets are written by the administrator of the cluster only');
    }
    return this.#resourceNeeds(act, settings);
  }

  #resourceNeeds(act: Act, settings: AccessSettings): Needs {
    const { kind, namespace, name, before, after, verb } = act;
    if (before === undefined) {
      return closed(`a ${kind.kind} is created by committing it and syncing its Application, or by the administrator`);
    }
    const owner = managedBy(before, this.#reader, this.#controlPlane);
    if (owner === undefined) return closed(unmanaged(kind.kind, name));
    const application = applicationName(owner, settings);
    const resource: ManagedResource = { kind, namespace, name, application };
    switch (verb) {
      case 'log':
        return both(this.readNeeds(before), { all: [need('logs', 'get', application)] });
      case 'delete':
      case 'evict':
        return pathNeed('delete', resource, settings.inheritance);
      case 'scale':
        return kind.id === 'Deployment.apps' || kind.id === 'StatefulSet.apps'
          ? actionNeed(resource, ['scale'])
          : pathNeed('update', resource, settings.inheritance);
      default:
        return after === undefined
          ? pathNeed('update', resource, settings.inheritance)
          : changeNeeds(resource, before, after, settings.inheritance);
    }
  }

  /** The AppProject of a name, for its roles and tokens. */
  project(name: string): (KubeObject & ProjectWithRoles) | undefined {
    const project = this.#reader.get('AppProject.argoproj.io', this.#controlPlane, name);
    return project as unknown as (KubeObject & ProjectWithRoles) | undefined;
  }

  /** Rules are read again when the ConfigMap is another object; objects are frozen, so that is when it was written. */
  #rbac(): Rbac {
    const source = this.#reader.get('ConfigMap', this.#controlPlane, CONFIG_MAP);
    if (this.#known !== undefined && this.#known.source === source) return this.#known.rbac;
    const rbac = new Rbac({
      config: parseRbacConfig((source?.data ?? {}) as Record<string, string>, CONFIG_MAP),
      project: (name) => this.project(name),
    });
    this.#known = { source, rbac };
    return rbac;
  }

  #settings(): AccessSettings {
    const data = (this.#reader.get('ConfigMap', this.#controlPlane, SETTINGS)?.data ?? {}) as Record<string, string>;
    return {
      controlPlaneNamespace: this.#controlPlane,
      rollbackAction: data['server.rbac.rollback.enforce.enable'] === 'true',
      overrideForRevision: data['application.sync.requireOverridePrivilegeForRevisionSync'] === 'true',
      inheritance: data['server.rbac.disableApplicationFineGrainedRBACInheritance'] === 'false',
    };
  }
}

function unmanaged(kind: string, name: string): string {
  return `${kind} "${name}" belongs to no Application; the administrator of the cluster may use it`;
}
