import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { withGlobalProjects } from '../app-project/global-projects.ts';
import type { ProjectSpec } from '../app-project/permissions.ts';
import { clustersOfProject } from '../app-project/project-clusters.ts';
import { SETTINGS_NAME } from './settings.ts';

export { isClusterSecret } from '../app-project/project-clusters.ts';

/** A project with what it inherits from the global projects of argocd-cm; undefined when there is none of the name. */
export function effectiveProject(objects: Reader, namespace: string, name: string): KubeObject | undefined {
  const find = (wanted: string) => objects.get('AppProject.argoproj.io', namespace, wanted) as KubeObject | undefined;
  const project = find(name);
  if (project === undefined) return undefined;
  const spec = withGlobalProjects(project, globalProjects(objects, namespace), find);
  return spec === project.spec ? project : { ...project, spec: spec as KubeObject['spec'] };
}

function globalProjects(objects: Reader, namespace: string): string | undefined {
  return objects.get('ConfigMap', namespace, SETTINGS_NAME)?.data?.globalProjects;
}

/** Whether an Application of `project` (empty: `default`) must look again when the project `changed` does. */
export function inheritsFrom(
  objects: Reader,
  namespace: string,
  project: string | undefined,
  changed: string,
): boolean {
  return (project || 'default') === changed || (globalProjects(objects, namespace) ?? '').includes(changed);
}

/** The clusters that belong to the project; looked up only when it permits no others. */
export function scopedClusters(
  objects: Reader,
  namespace: string,
  project: KubeObject | undefined,
): { server: string; name: string }[] {
  const spec = (project?.spec ?? {}) as ProjectSpec;
  if (project === undefined || spec.permitOnlyProjectScopedClusters !== true) return [];
  return clustersOfProject(objects.list('Secret', namespace) as readonly KubeObject[], project.metadata.name);
}
