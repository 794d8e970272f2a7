import { parse } from 'yaml';
import { isRecord } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import { matchesSelector } from '#kube/selector.ts';
import type { ProjectSpec } from './permissions.ts';

/** One entry of `globalProjects` in argocd-cm: what the projects a selector finds inherit. */
interface GlobalProject {
  projectName: string;
  labelSelector: Record<string, unknown>;
}

/** Fields whose entries are added to those of the inheriting project. */
const INHERITED = [
  'clusterResourceWhitelist',
  'clusterResourceBlacklist',
  'namespaceResourceWhitelist',
  'namespaceResourceBlacklist',
  'syncWindows',
  'sourceRepos',
  'destinations',
  'destinationServiceAccounts',
] as const;

/**
 * A project's spec with what it inherits from global projects, in the order of argocd-cm. A setting that cannot be read
 * counts for nothing, as upstream has it.
 */
export function withGlobalProjects(
  project: KubeObject,
  settings: string | undefined,
  find: (name: string) => KubeObject | undefined,
): ProjectSpec {
  const own = (project.spec ?? {}) as ProjectSpec;
  if (settings === undefined || settings.trim() === '') return own;
  let spec: ProjectSpec = own;
  for (const { projectName, labelSelector } of parseGlobalProjects(settings)) {
    if (projectName === project.metadata.name) continue;
    if (!matchesSelector(labelSelector, project.metadata.labels ?? {})) continue;
    const global = find(projectName)?.spec as Record<string, unknown> | undefined;
    if (global === undefined) break;
    const added = INHERITED.flatMap((field) => {
      const theirs = Array.isArray(global[field]) ? (global[field] as unknown[]) : [];
      return theirs.length === 0 ? [] : [[field, [...((spec[field] as unknown[] | undefined) ?? []), ...theirs]]];
    });
    spec = { ...spec, ...Object.fromEntries(added) };
  }
  return spec;
}

function parseGlobalProjects(settings: string): GlobalProject[] {
  let value: unknown;
  try {
    value = parse(settings);
  } catch {
    return [];
  }
  return (Array.isArray(value) ? value : []).flatMap((entry): GlobalProject[] => {
    if (!isRecord(entry) || typeof entry.projectName !== 'string') return [];
    return [
      { projectName: entry.projectName, labelSelector: isRecord(entry.labelSelector) ? entry.labelSelector : {} },
    ];
  });
}
