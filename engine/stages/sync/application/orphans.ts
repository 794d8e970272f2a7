import { KINDS } from '#kube/kinds.ts';
import { groupOf, type KubeObject, objectKey } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { isOrphan, orphanMonitoring, orphanWarning, type Resource } from '../app-project/orphaned-resources.ts';
import { isDestinationPermitted, isKindPermitted, type ProjectSpec } from '../app-project/permissions.ts';
import type { ApplicationConfig } from './config.ts';
import { type Settings, settingsOf } from './settings.ts';
import type { CheckedSpec } from './spec.ts';
import { keyOfInstance, trackedInstance } from './tracking.ts';
import type { Application } from './types.ts';

/** Kept by Kubernetes beside every Service; the settings Argo CD is installed with exclude them. */
const KEPT_BY_KUBERNETES = new Set(['Endpoints', 'EndpointSlice.discovery.k8s.io']);

interface Surroundings {
  objects: Reader;
  config: Pick<ApplicationConfig, 'controlPlaneNamespace'>;
  settings: Settings;
  checked: Pick<CheckedSpec, 'project' | 'destination' | 'errors'>;
  /** Live objects that the Application manages. */
  tracked: readonly KubeObject[];
}

/**
 * What nobody manages in an Application's destination namespace, and what that has brought forth (argo-cd.md §1.10).
 * Empty when the project does not ask for it. Sorted.
 */
export function findOrphans(around: Surroundings): readonly Resource[] {
  const { checked, objects } = around;
  const { namespace } = checked.destination;
  if (checked.errors.length > 0 || namespace === '' || orphanMonitoring(checked.project) === undefined) return [];
  const managed = new Set(around.tracked.map(({ metadata }) => metadata.uid));
  const present = KINDS.filter((kind) => kind.namespaced && !KEPT_BY_KUBERNETES.has(kind.id)).flatMap(
    (kind) => objects.list(kind.id, namespace) as readonly KubeObject[],
  );
  const byOwner = Map.groupBy(present, (object) => object.metadata.ownerReferences?.[0]?.uid ?? '');
  const found: KubeObject[] = (byOwner.get('') ?? []).filter(
    (object) => !managed.has(object.metadata.uid) && isTopOrphan(around, object),
  );
  for (const object of found) {
    found.push(...(byOwner.get(object.metadata.uid) ?? []).filter((child) => isPermitted(around, child)));
  }
  return found.map(resourceOf).sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

function isTopOrphan(around: Surroundings, object: KubeObject): boolean {
  const resource = resourceOf(object);
  if (around.settings.isExcluded(resource)) return false;
  return isOrphan(around.checked.project, resource) && isPermitted(around, object);
}

/** Neither another Application's, nor of a kind or in a place that the project has nothing to do with. */
function isPermitted({ checked, config, objects, settings }: Surroundings, object: KubeObject): boolean {
  const instance = trackedInstance(object, settings.tracking);
  if (instance !== undefined) {
    const [namespace, name = ''] = keyOfInstance(instance, config.controlPlaneNamespace).split('/');
    if (objects.get('Application.argoproj.io', namespace, name) !== undefined) return false;
  }
  const resource = resourceOf(object);
  const place = { ...checked.destination, namespace: resource.namespace };
  return isKindPermitted(checked.project, resource, true) && isDestinationPermitted(checked.project, place, [place]);
}

function resourceOf({ apiVersion, kind, metadata }: KubeObject): Resource {
  return { group: groupOf(apiVersion), kind, namespace: metadata.namespace ?? '', name: metadata.name };
}

function keyOf({ group, kind, namespace, name }: Resource): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

export function orphanConditions(
  project: ProjectSpec,
  orphans: readonly Resource[],
): { type: string; message: string }[] {
  const message = orphanWarning(project, orphans.length);
  return message === undefined ? [] : [{ type: 'OrphanedResourceWarning', message }];
}

/** Applications that look for orphans in the namespace of an object that nobody manages. */
export function orphanWatchers(object: KubeObject, objects: Reader, controlPlaneNamespace: string): string[] {
  const { namespace } = object.metadata;
  if (namespace === undefined || settingsOf(objects, controlPlaneNamespace).isExcluded(resourceOf(object))) return [];
  const monitored = new Set(
    (objects.list('AppProject.argoproj.io', controlPlaneNamespace) as readonly KubeObject[])
      .filter((project) => orphanMonitoring((project.spec ?? {}) as ProjectSpec) !== undefined)
      .map((project) => project.metadata.name),
  );
  if (monitored.size === 0) return [];
  return (objects.list('Application.argoproj.io') as readonly Application[])
    .filter(({ spec }) => spec.destination?.namespace === namespace && monitored.has(spec.project || 'default'))
    .map(objectKey);
}
