import { orphanMonitoring, type Resource } from '../../engine/stages/sync/app-project/orphaned-resources.ts';
import type { ProjectSpec } from '../../engine/stages/sync/app-project/permissions.ts';
import { DEFAULT_CONFIG } from '../../engine/stages/sync/application/config.ts';
import { findOrphans } from '../../engine/stages/sync/application/orphans.ts';
import { effectiveProject } from '../../engine/stages/sync/application/project.ts';
import { settingsOf } from '../../engine/stages/sync/application/settings.ts';
import { resolveDestination } from '../../engine/stages/sync/application/spec.ts';
import { instanceName, trackedObjects } from '../../engine/stages/sync/application/tracking.ts';
import type { Application as ApplicationObject } from '../../engine/stages/sync/application/types.ts';
import { findKind, KINDS, kindIdOf } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { type Api, ApiFailure, objectPath } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { titledTable } from '../view/lines.ts';
import { findApplication } from './app.ts';

const { controlPlaneNamespace } = DEFAULT_CONFIG;

/** Lists what nobody manages in an application's namespace, by its project's rules, and with --prune deletes it. */
export async function runAppOrphans(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const api = await session.api();
  const application = (await findApplication(api, words[0] ?? '')) as unknown as ApplicationObject;
  const { name } = application.metadata;
  const orphans = await orphansOf(api, application);
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(orphans.map(plainOf), undefined, 2)}\n`);
  else if (orphans.length > 0) {
    const rows = orphans.map(({ group, kind, namespace, name: own }) => [group, kind, namespace, own]);
    terminal.lines(titledTable(['GROUP', 'KIND', 'NAMESPACE', 'NAME'], rows));
  }
  if (orphans.length === 0) {
    terminal.note(`No orphaned resources in the namespace of ${name}. Next: pern app get ${name}`);
    return EXIT_CODES.ok;
  }
  if (!options.flag('prune')) {
    terminal.note(
      `Next: commit what should stay, or delete all of it with "pern app orphans ${words[0]} --prune --yes"`,
    );
    return EXIT_CODES.finding;
  }
  if (!options.flag('yes')) {
    throw new CliError({
      what: `--prune would delete ${countOf(orphans)}`,
      fix: 'add --yes when that is what you want',
    });
  }
  const tops = orphans.filter(({ isTop }) => isTop);
  for (const orphan of tops) await remove(api, orphan);
  terminal.note(`Deleted ${countOf(tops)} and what they own. Next: pern app get ${name}`);
  return EXIT_CODES.ok;
}

type Orphan = Resource & { isTop: boolean; kindId: string };

const plainOf = ({ group, kind, namespace, name }: Orphan): Resource => ({ group, kind, namespace, name });
const countOf = (orphans: readonly unknown[]) => `${orphans.length} ${orphans.length === 1 ? 'object' : 'objects'}`;

async function orphansOf(api: Api, application: ApplicationObject): Promise<Orphan[]> {
  const destination = resolveDestination(application, DEFAULT_CONFIG);
  if ('error' in destination) throw new CliError({ what: destination.error });
  const objects = await copyOf(api, destination.namespace);
  const settings = settingsOf(objects, controlPlaneNamespace);
  const projectName = application.spec.project || 'default';
  const project = (effectiveProject(objects, controlPlaneNamespace, projectName)?.spec ?? {}) as ProjectSpec;
  if (orphanMonitoring(project) === undefined) {
    throw new CliError({
      what: `project ${projectName} does not look for orphaned resources`,
      fix: `set spec.orphanedResources of AppProject ${projectName}, for example to { warn: true }`,
    });
  }
  const tracked = trackedObjects(objects, instanceName(application.metadata, controlPlaneNamespace), settings.tracking);
  return findOrphans({
    objects,
    settings,
    config: { controlPlaneNamespace },
    checked: { project, destination, errors: [] },
    tracked,
  }).map((resource) => {
    const kind = KINDS.find((known) => known.group === resource.group && known.kind === resource.kind);
    const kindId = kind?.id ?? '';
    const live = objects.get(kindId, resource.namespace, resource.name) as KubeObject | undefined;
    return { ...resource, kindId, isTop: (live?.metadata.ownerReferences ?? []).length === 0 };
  });
}

type Reader = Parameters<typeof findOrphans>[0]['objects'];

/** The objects that the search looks at, to be read as the engine reads its own. */
async function copyOf(api: Api, namespace: string): Promise<Reader> {
  const kinds = KINDS.filter((kind) => kind.namespaced && kind.id !== 'Event');
  const control = ['Application.argoproj.io', 'AppProject.argoproj.io', 'ConfigMap'];
  const lists = await Promise.all([
    ...kinds.map((kind) => listOrNone(api, kind.id, namespace)),
    ...control.map((kind) => listOrNone(api, kind, controlPlaneNamespace)),
  ]);
  const objects = new Map(lists.flat().map((object) => [idOf(kindIdOf(object), object.metadata), object]));
  const list = (kind: string, from?: string) =>
    [...objects.values()].filter(
      (object) => kindIdOf(object) === kind && (from === undefined || object.metadata.namespace === from),
    );
  return {
    resourceVersion: 0,
    get: (kind: string, from: string | undefined, name: string) => objects.get(idOf(kind, { namespace: from, name })),
    list,
    ownedBy: () => [],
    byUid: (uid: string) => [...objects.values()].find(({ metadata }) => metadata.uid === uid),
    all: () => objects.values(),
  } as Reader;
}

function idOf(kindId: string, { namespace = '', name }: { namespace?: string | undefined; name: string }): string {
  return `${kindId} ${namespace}/${name}`;
}

/** A kind that a cluster does not serve has no objects. */
async function listOrNone(api: Api, kindId: string, namespace: string): Promise<readonly KubeObject[]> {
  try {
    return (await api.listKind(findKind(kindId)!, { namespace })).items;
  } catch (error) {
    if (error instanceof ApiFailure && (error.code === 404 || error.code === 405)) return [];
    throw error;
  }
}

async function remove(api: Api, { kindId, namespace, name }: Orphan): Promise<void> {
  const path = objectPath(findKind(kindId)!, namespace, name);
  await api.json({
    method: 'DELETE',
    path,
    contentType: 'application/json',
    body: '{"propagationPolicy":"Foreground"}',
  });
}
