import type { KubeObject } from '#kube/object.ts';
import {
  type Destination,
  isDestinationPermitted,
  isSourcePermitted,
  type ProjectSpec,
} from '../app-project/permissions.ts';
import { shapeErrors } from '../app-project/project-shape.ts';
import type { ApplicationConfig } from './config.ts';
import { compileIgnoreDifferences, type IgnoreRule } from './ignore-differences.ts';
import { type SourceSet, sourceSetErrors, sourceSetOf } from './sources.ts';
import { optionErrors } from './sync-options.ts';
import type { Application, ApplicationCondition, ApplicationSource } from './types.ts';

/** An Application's spec after all checks that need neither the repository nor the cluster's objects. */
export interface CheckedSpec {
  /** InvalidSpecError conditions; with one of them nothing else here is used. */
  errors: Pick<ApplicationCondition, 'type' | 'message'>[];
  /** The first source. */
  source: ApplicationSource;
  sources: SourceSet;
  destination: Destination;
  projectName: string;
  project: ProjectSpec;
  ignore: readonly IgnoreRule[];
  syncOptions: readonly string[];
}

/** Checks an Application against its project and against what is reproduced (argo-cd.md §1.11). */
export function checkSpec(
  application: Application,
  project: KubeObject | undefined,
  config: ApplicationConfig,
  projectClusters: readonly { server: string; name: string }[] = [],
): CheckedSpec {
  const { spec } = application;
  const projectName = spec.project === undefined || spec.project === '' ? 'default' : spec.project;
  const sources = sourceSetOf(spec) ?? NO_SOURCES;
  const ignore = compileIgnoreDifferences(spec.ignoreDifferences);
  const destination = resolveDestination(application, config);
  const projectSpec = (project?.spec ?? {}) as ProjectSpec;
  const messages = [
    ...(spec.sourceHydrator === undefined ? [] : ['spec.sourceHydrator: not reproduced']),
    ...sourceSetErrors(sources),
    ...('error' in destination ? [destination.error] : []),
    ...ignore.errors,
    ...optionErrors('spec.syncPolicy.syncOptions', spec.syncPolicy?.syncOptions),
    ...(project === undefined ? [`Application referencing project ${projectName} which does not exist`] : []),
  ];
  const place = 'error' in destination ? NOWHERE : destination;
  if (messages.length === 0)
    messages.push(...projectErrors(application, sources, place, projectName, projectSpec, projectClusters));
  return {
    errors: messages.map((message) => ({ type: 'InvalidSpecError', message })),
    source: sources.sources[0] ?? {},
    sources,
    destination: place,
    projectName,
    project: projectSpec,
    ignore: ignore.rules,
    syncOptions: spec.syncPolicy?.syncOptions ?? [],
  };
}

const NOWHERE: Destination = { server: '', name: '', namespace: '' };
const NO_SOURCES: SourceSet = { sources: [{}], isMultiple: false };

/** Rules that would keep something from happening. One that is not enforced must not look as if it were. */
const UNENFORCED_RULES = ['destinationServiceAccounts'] as const;

function unenforcedRules(projectName: string, project: ProjectSpec): string[] {
  return UNENFORCED_RULES.filter((field) => {
    const rule = project[field];
    return Array.isArray(rule) ? rule.length > 0 : rule !== undefined && rule !== null;
  }).map(
    (field) =>
      `project '${projectName}': spec.${field} is not reproduced, and nothing is deployed under a rule that is not enforced`,
  );
}

function projectErrors(
  application: Application,
  { sources }: SourceSet,
  destination: Destination,
  projectName: string,
  project: ProjectSpec,
  projectClusters: readonly { server: string; name: string }[],
): string[] {
  const errors = unenforcedRules(projectName, project);
  errors.push(...shapeErrors(project).map((text) => `project '${projectName}': ${text}`));
  for (const repoURL of new Set(sources.map((source) => source.repoURL ?? ''))) {
    if (isSourcePermitted(project, repoURL)) continue;
    errors.push(`application repo ${repoURL} is not permitted in project '${projectName}'`);
  }
  if (!isDestinationPermitted(project, destination, projectClusters)) {
    const named = application.spec.destination?.name;
    const where = named ? `name '${named}'` : `server '${destination.server}'`;
    errors.push(
      `application destination ${where} and namespace '${destination.namespace}' do not match any of the allowed destinations in project '${projectName}'`,
    );
  }
  return errors;
}

/** The cluster and namespace a spec names, or why there is none (argo-cd.md §1.11). */
export function resolveDestination(
  application: Pick<Application, 'spec'>,
  config: Pick<ApplicationConfig, 'clusters'>,
): Destination | { error: string } {
  const { server = '', name = '', namespace = '' } = application.spec.destination ?? {};
  if (server !== '' && name !== '') {
    return { error: `application destination can't have both name and server defined: ${name} ${server}` };
  }
  if (server === '' && name === '') return { error: 'application destination server or name must be defined' };
  const cluster = config.clusters.find((known) => (name === '' ? known.server === server : known.name === name));
  if (cluster !== undefined) return { ...cluster, namespace };
  return {
    error:
      name === ''
        ? `error getting cluster by server "${server}": cluster "${server}" not found`
        : `there are no clusters with this name: ${name}`,
  };
}
