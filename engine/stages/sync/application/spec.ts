import type { KubeObject } from '#kube/object.ts';
import {
  type Destination,
  isDestinationPermitted,
  isSourcePermitted,
  type ProjectSpec,
} from '../app-project/permissions.ts';
import type { ApplicationConfig } from './config.ts';
import { compileIgnoreDifferences, type IgnoreRule } from './ignore-differences.ts';
import { optionErrors } from './sync-options.ts';
import type { Application, ApplicationCondition, ApplicationSource } from './types.ts';

/** An Application's spec after all checks that need neither the repository nor the cluster's objects. */
export interface CheckedSpec {
  /** InvalidSpecError conditions; with one of them nothing else here is used. */
  errors: Pick<ApplicationCondition, 'type' | 'message'>[];
  source: ApplicationSource;
  destination: Destination;
  projectName: string;
  project: ProjectSpec;
  ignore: IgnoreRule[];
  syncOptions: readonly string[];
}

/** Fields of a source that are passed on to the renderer; any other is refused by name. */
const SOURCE_FIELDS = new Set(['repoURL', 'path', 'targetRevision', 'kustomize', 'directory']);

/** Checks an Application against its project and against what is reproduced (argo-cd.md §1.11). */
export function checkSpec(
  application: Application,
  project: KubeObject | undefined,
  config: ApplicationConfig,
): CheckedSpec {
  const { spec } = application;
  const projectName = spec.project === undefined || spec.project === '' ? 'default' : spec.project;
  const source = spec.source ?? {};
  const ignore = compileIgnoreDifferences(spec.ignoreDifferences);
  const destination = resolveDestination(application, config);
  const projectSpec = (project?.spec ?? {}) as ProjectSpec;
  const messages = [
    ...sourceErrors(application, source),
    ...('error' in destination ? [destination.error] : []),
    ...ignore.errors,
    ...optionErrors('spec.syncPolicy.syncOptions', spec.syncPolicy?.syncOptions),
    ...(project === undefined ? [`Application referencing project ${projectName} which does not exist`] : []),
  ];
  const place = 'error' in destination ? NOWHERE : destination;
  if (messages.length === 0) messages.push(...projectErrors(application, source, place, projectName, projectSpec));
  return {
    errors: messages.map((message) => ({ type: 'InvalidSpecError', message })),
    source,
    destination: place,
    projectName,
    project: projectSpec,
    ignore: ignore.rules,
    syncOptions: spec.syncPolicy?.syncOptions ?? [],
  };
}

const NOWHERE: Destination = { server: '', name: '', namespace: '' };

/** Problems of a source by field, whether it is the Application's or an operation's. */
export function sourceErrors(application: Pick<Application, 'spec'>, source: ApplicationSource): string[] {
  const errors: string[] = [];
  if ((application.spec.sources ?? []).length > 0) errors.push('spec.sources: multiple sources are not reproduced');
  if (application.spec.sourceHydrator !== undefined) errors.push('spec.sourceHydrator: not reproduced');
  if (errors.length > 0) return errors;
  for (const field of Object.keys(source).sort()) {
    if (source[field] !== undefined && !SOURCE_FIELDS.has(field)) errors.push(`spec.source.${field}: not reproduced`);
  }
  if (!source.repoURL || !source.path) {
    errors.push('spec.source.repoURL and either spec.source.path or spec.source.chart are required');
  }
  return errors;
}

/** Rules that would keep something from happening. One that is not enforced must not look as if it were. */
const UNENFORCED_RULES = ['syncWindows', 'signatureKeys', 'sourceIntegrity', 'destinationServiceAccounts'] as const;

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
  source: ApplicationSource,
  destination: Destination,
  projectName: string,
  project: ProjectSpec,
): string[] {
  const errors = unenforcedRules(projectName, project);
  if (!isSourcePermitted(project, source.repoURL ?? '')) {
    errors.push(`application repo ${source.repoURL} is not permitted in project '${projectName}'`);
  }
  if (!isDestinationPermitted(project, destination, [destination])) {
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
