import type { Manifest } from '#kube/object.ts';
import type { ApplicationConfig } from '../application/config.ts';
import { resolveDestination } from '../application/spec.ts';
import type { ApplicationSpec } from '../application/types.ts';
import type { ClusterSecret } from './inputs.ts';
import type { ApplicationSet } from './types.ts';

export type SetConfig = Pick<ApplicationConfig, 'clusters' | 'controlPlaneNamespace'>;

/** What an Application is validated against. */
export interface Grounds {
  set: ApplicationSet;
  config: SetConfig;
  clusters: readonly ClusterSecret[];
  projects: Pick<ReadonlySet<string>, 'has'>;
}

/** Which of the generated Applications can be written; one that cannot does not affect the others (argo-cd.md §2.2 step 6). */
export function validate(
  observation: Grounds,
  generated: readonly Manifest[],
): { valid: Map<string, Manifest>; errors: Map<string, string> } {
  const errors = new Map<string, string>();
  const valid = new Map<string, Manifest>();
  for (const application of generated) {
    const name = application.metadata.name ?? '';
    const problem = problemOf(observation, application, valid.has(name) || errors.has(name));
    if (problem !== undefined) errors.set(name, problem);
    else valid.set(name, application);
  }
  return { valid, errors };
}

function problemOf(
  { set, config, projects, clusters }: Grounds,
  application: Manifest,
  duplicate: boolean,
): string | undefined {
  const { name = '' } = application.metadata;
  const spec = application.spec as ApplicationSpec;
  if (name === '') {
    return `ApplicationSet ${set.metadata.name} contains an application with no name; a name must be set in the template's metadata.name or via a templatePatch (generateName is not supported)`;
  }
  if (duplicate) return `ApplicationSet ${set.metadata.name} contains applications with duplicate name: ${name}`;
  if (!projects.has(spec.project ?? 'default')) {
    return `application references project ${spec.project} which does not exist`;
  }
  const known = { ...config, clusters: [...config.clusters, ...clusters] };
  const destination = resolveDestination({ spec }, known);
  return 'error' in destination ? `application destination spec is invalid: ${destination.error}` : undefined;
}
