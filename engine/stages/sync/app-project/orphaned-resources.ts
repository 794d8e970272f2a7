import { compileGlob } from '../../render/glob.ts';
import { isKindPermitted, type ProjectSpec } from './permissions.ts';

/** `spec.orphanedResources` of a project (argo-cd.md §1.10). */
export interface OrphanedResources {
  warn?: boolean;
  ignore?: readonly { group?: string; kind?: string; name?: string }[];
}

export interface Resource {
  group: string;
  kind: string;
  namespace: string;
  name: string;
}

/** What the project says about orphans; undefined when they are not looked for. */
export function orphanMonitoring({ orphanedResources }: ProjectSpec): OrphanedResources | undefined {
  return (orphanedResources ?? undefined) as OrphanedResources | undefined;
}

/**
 * Whether an unmanaged top-level object of a destination namespace counts as orphaned. Kinds the project does not
 * permit, what every namespace has, and what the project ignores do not.
 */
export function isOrphan(project: ProjectSpec, resource: Resource): boolean {
  if (resource.namespace === '' || !isKindPermitted(project, resource, true)) return false;
  if (isInEveryNamespace(resource)) return false;
  return !(orphanMonitoring(project)?.ignore ?? []).some(({ group = '', kind = '', name = '' }) => {
    if (kind !== '' && !compileGlob(kind)(resource.kind)) return false;
    // An empty group is the core group and nothing else; empty kinds and names are any.
    return compileGlob(group)(resource.group) && (name === '' || compileGlob(name)(resource.name));
  });
}

function isInEveryNamespace({ group, kind, namespace, name }: Resource): boolean {
  if (group !== '') return false;
  if (kind === 'Service') return namespace === 'default' && name === 'kubernetes';
  return (kind === 'ServiceAccount' && name === 'default') || (kind === 'ConfigMap' && name === 'kube-root-ca.crt');
}

/** The condition's text; upstream warns only when `warn` is set to true, whatever its documentation says. */
export function orphanWarning(project: ProjectSpec, count: number): string | undefined {
  if (orphanMonitoring(project)?.warn !== true || count === 0) return undefined;
  return `Application has ${count} orphaned resources`;
}
