import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { withGlobalProjects } from '../../engine/stages/sync/app-project/global-projects.ts';
import { shapeErrors } from '../../engine/stages/sync/app-project/project-shape.ts';
import { matchingWindows, type SyncWindow } from '../../engine/stages/sync/app-project/sync-window.ts';
import { SETTINGS_NAME } from '../../engine/stages/sync/application/settings.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import type { Invocation } from '../command.ts';
import { diskFileSystem } from '../disk-files.ts';
import { CliError } from '../errors.ts';
import { nearestName } from '../suggest.ts';

/** A project as far as its windows go. */
export interface WindowProject {
  name: string;
  windows: readonly SyncWindow[];
}

export interface WindowApplication {
  name: string;
  project: string;
  destination: { server?: string; name?: string; namespace?: string };
  isAutomated: boolean;
}

export interface WindowWorld {
  /** Where it was read, for people. */
  origin: string;
  projects: readonly WindowProject[];
  applications: readonly WindowApplication[];
}

/**
 * Projects and Applications: of the named files, of the engine with --live, else of the repository's tree as it is on
 * disk, where ApplicationSets are expanded.
 */
export async function readWindowWorld({ options, session }: Invocation): Promise<WindowWorld> {
  const files = options.texts('file');
  if (files.length > 0) return worldOf(files.flatMap(documentsOf), files.join(', '));
  if (options.flag('live')) {
    const api = await session.api();
    const [projects, applications, settings] = await Promise.all([
      api.list('AppProject.argoproj.io'),
      api.list('Application.argoproj.io'),
      api.find('ConfigMap', 'argocd', SETTINGS_NAME),
    ]);
    const objects = [...projects.items, ...applications.items, ...(settings === undefined ? [] : [settings])];
    return worldOf(objects as unknown as Manifest[], 'the running engine');
  }
  return treeWorld(session.repository());
}

interface Manifest {
  kind?: string;
  metadata?: { name?: string };
  spec?: Record<string, unknown>;
  data?: Record<string, string>;
}

async function treeWorld(repository: string): Promise<WindowWorld> {
  const [{ openTree }, { expandSet }] = await Promise.all([
    import('../../check/model/tree.ts'),
    import('../../check/model/expand-set.ts'),
  ]);
  const files = diskFileSystem(repository);
  const folder = files.readDirectory('pern-gitops') === undefined ? '' : 'pern-gitops';
  const tree = openTree(files, { folder, repositories: [], expandSet });
  const applications = tree.deployments.flatMap(({ application }) => (application === undefined ? [] : [application]));
  const objects = [...tree.byKind('AppProject.argoproj.io'), ...tree.byKind('ConfigMap'), ...applications].map(
    ({ value }) => value as Manifest,
  );
  return worldOf(objects, `the files of ${repository}`);
}

function documentsOf(file: string): Manifest[] {
  let text: string;
  try {
    text = readFileSync(resolve(file), 'utf8');
  } catch (error) {
    throw new CliError({ what: `cannot read ${file}`, why: (error as Error).message, fix: 'name a YAML file' });
  }
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      const at = problem.linePos?.[0];
      const where = at === undefined ? file : `${file}:${at.line}:${at.col}`;
      throw new CliError({ what: `${file} is not YAML`, where, why: problem.message.split('\n')[0] ?? '' });
    }
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
}

function worldOf(objects: readonly Manifest[], origin: string): WindowWorld {
  const named = (kind: string) => {
    const all = objects.filter((object) => object.kind === kind);
    return [...new Map(all.map((object) => [object.metadata?.name ?? '', object])).entries()].sort(([left], [right]) =>
      left < right ? -1 : 1,
    );
  };
  const projects = named('AppProject');
  const find = (name: string) => projects.find(([known]) => known === name)?.[1] as KubeObject | undefined;
  const settings = named('ConfigMap').find(([name]) => name === SETTINGS_NAME)?.[1].data?.globalProjects;
  return {
    origin,
    projects: projects.map(([name, project]) => ({ name, windows: windowsOf(project, settings, origin, find) })),
    applications: named('Application').map(([name, { spec }]) => ({
      name,
      project: typeof spec?.project === 'string' && spec.project !== '' ? spec.project : 'default',
      destination: (spec?.destination ?? {}) as WindowApplication['destination'],
      isAutomated: isAutomated(spec?.syncPolicy),
    })),
  };
}

/** With what it inherits. Throws CliError for windows that are not of their type. */
function windowsOf(
  project: Manifest,
  settings: string | undefined,
  where: string,
  find: (name: string) => KubeObject | undefined,
): readonly SyncWindow[] {
  const spec = withGlobalProjects(project as KubeObject, settings, find);
  const [problem] = shapeErrors({ syncWindows: spec.syncWindows });
  if (problem === undefined) return spec.syncWindows ?? [];
  throw new CliError({ what: `project ${project.metadata?.name}: ${problem}`, where, fix: 'correct the AppProject' });
}

function isAutomated(policy: unknown): boolean {
  const automated = (policy as { automated?: { enabled?: boolean } | null } | undefined)?.automated;
  return automated !== undefined && automated !== null && automated.enabled !== false;
}

/** The windows about one Application. */
export function windowsAbout(
  world: WindowWorld,
  { name, project, destination }: WindowApplication,
): readonly SyncWindow[] {
  const windows = world.projects.find((candidate) => candidate.name === project)?.windows;
  return matchingWindows(windows, { name, destination });
}

/**
 * The Application of --app: one there is (an environment's name will do), or with --project one that could be, in the
 * --namespace and --cluster given.
 */
export function chooseApplication(world: WindowWorld, { options }: Invocation): WindowApplication {
  const name = options.text('app') ?? '';
  const known = world.applications.find(
    (application) => application.name === name || application.name.endsWith(`-${name}`),
  );
  const project = options.text('project');
  if (known !== undefined && project === undefined) return known;
  if (project !== undefined) {
    if (!world.projects.some((candidate) => candidate.name === project)) throw unknownProject(world, project);
    const [namespace, cluster] = [options.text('namespace'), options.text('cluster')];
    const destination = {
      ...known?.destination,
      ...(namespace === undefined ? {} : { namespace }),
      ...(cluster === undefined ? {} : { name: cluster, server: cluster }),
    };
    return { name, project, destination, isAutomated: known?.isAutomated ?? true };
  }
  const names = world.applications.map((application) => application.name);
  const near = nearestName(name, names);
  throw new CliError({
    what: `there is no Application "${name}" in ${world.origin}`,
    fix:
      near === undefined
        ? `use one of: ${names.join(', ') || '(there are none)'}; or give --project for one that could be`
        : `did you mean ${near}? Or give --project for one that could be`,
  });
}

export function unknownProject(world: WindowWorld, name: string): CliError {
  const names = world.projects.map((project) => project.name).join(', ');
  return new CliError({
    what: `there is no AppProject "${name}" in ${world.origin}`,
    fix: `use one of: ${names || '(none)'}`,
  });
}
