import { validateRoles } from '../../engine/mechanism/lib/rbac/project-roles.ts';
import {
  isDestinationPermitted,
  isKindPermitted,
  isSourcePermitted,
  type ProjectSpec,
} from '../../engine/stages/sync/app-project/permissions.ts';
import { validateProject } from '../../engine/stages/sync/app-project/validation.ts';
import { findKind, type ObjectOf } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import type { Api } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { type DeclaredProject, type ProjectFile, readProjects } from '../policy-files.ts';
import { nearestName } from '../suggest.ts';
import { span } from '../view/lines.ts';
import { type ProjectRow, projectLines, projectListLines } from '../view/project-text.ts';
import { noteNothing, printObjects } from './output.ts';

export const PROJECT = 'AppProject.argoproj.io';
export const CONTROL_PLANE = 'argocd';
const LOCAL_SERVER = 'https://kubernetes.default.svc';

export type Project = ObjectOf<typeof PROJECT>;

export async function runProjList({ session, options, terminal }: Invocation): Promise<ExitCode> {
  const { items } = await (await session.api()).list(PROJECT);
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide') await printObjects(terminal, format, items as KubeObject[], false);
  else if (items.length === 0) noteNothing(terminal, findKind(PROJECT)!, undefined);
  else terminal.lines(projectListLines(items as unknown as ProjectRow[], format === 'wide'));
  terminal.note('Next: pern proj get PROJECT');
  return EXIT_CODES.ok;
}

export async function runProjGet({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const project = await findProject(await session.api(), words[0] ?? '');
  const format = options.text('output') ?? '';
  if (format !== '' && format !== 'wide') {
    await printObjects(terminal, format, [project as KubeObject], true);
    return EXIT_CODES.ok;
  }
  const problems = projectProblems(project as unknown as DeclaredProject);
  terminal.lines(projectLines(project as unknown as ProjectRow, problems));
  terminal.note(`Next: pern proj role list ${project.metadata.name}`);
  return problems.length === 0 ? EXIT_CODES.ok : EXIT_CODES.finding;
}

/** Everything that is wrong with a project, in Argo CD's words. */
export function projectProblems({ metadata, spec }: DeclaredProject): string[] {
  return [...validateProject(spec ?? {}), ...validateRoles(metadata.name, spec?.roles ?? [])];
}

/** Throws CliError with the nearest name. */
export async function findProject(api: Api, name: string): Promise<Project> {
  const found = await api.find(PROJECT, CONTROL_PLANE, name);
  if (found !== undefined) return found;
  const { items } = await api.list(PROJECT);
  throw unknownProject(
    name,
    items.map(({ metadata }) => metadata.name),
  );
}

function unknownProject(name: string, known: readonly string[]): CliError {
  const near = nearestName(name, known);
  return new CliError({
    what: `there is no project "${name}"`,
    fix: near === undefined ? `use one of: ${known.join(', ') || '(none)'}` : `did you mean "${near}"?`,
  });
}

/** The file of the repository that declares a project. Throws CliError when none does. */
export function findProjectFile(repository: string, name: string): ProjectFile {
  const files = readProjects(repository);
  const found = files.find(({ project }) => project.metadata.name === name);
  if (found !== undefined) return found;
  throw unknownProject(
    name,
    files.map(({ project }) => project.metadata.name),
  );
}

export async function runProjCan(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const [name = '', what = '', ...values] = words;
  const project = options.flag('live')
    ? ((await findProject(await session.api(), name)) as unknown as DeclaredProject)
    : findProjectFile(session.repository(), name).project;
  const { permitted, question } = ask(project.spec ?? {}, what, values, options.flag('cluster-scoped'));
  terminal.line([
    span(permitted ? 'Yes' : 'No', permitted ? 'ok' : 'bad'),
    span(`: project ${name} ${permitted ? 'permits' : 'does not permit'} ${question}`),
  ]);
  if (!permitted) terminal.note(`Next: pern proj get ${name}, or add a line to the project's file and commit it`);
  return permitted ? EXIT_CODES.ok : EXIT_CODES.finding;
}

function ask(
  spec: ProjectSpec,
  what: string,
  values: readonly string[],
  isClusterScoped: boolean,
): { permitted: boolean; question: string } {
  const [first = '', second] = values;
  switch (what) {
    case 'source':
      return { permitted: isSourcePermitted(spec, first), question: `the source ${first}` };
    case 'destination': {
      const server = second ?? LOCAL_SERVER;
      const permitted = isDestinationPermitted(spec, { server, name: '', namespace: first });
      return { permitted, question: `namespace ${first} of ${server}` };
    }
    case 'kind': {
      const slash = first.indexOf('/');
      if (slash < 0)
        throw new CliError({
          what: `"${first}" is not GROUP/KIND`,
          fix: 'write batch/CronJob, or /ConfigMap for the core group',
        });
      const resource = { group: first.slice(0, slash), kind: first.slice(slash + 1), name: second ?? '' };
      const known = findKind(resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`);
      const isNamespaced = known === undefined ? !isClusterScoped : known.namespaced;
      const permitted = isKindPermitted(spec, resource, isNamespaced);
      return {
        permitted,
        question: `${isNamespaced ? 'namespaced' : 'cluster-scoped'} ${first}${second === undefined ? '' : ` named ${second}`}`,
      };
    }
    default:
      throw new CliError({
        what: `"${what}" is none of source, destination, kind`,
        fix: 'pern proj can PROJECT kind batch/CronJob',
      });
  }
}
