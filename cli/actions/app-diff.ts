import { stringify } from 'yaml';
import { compareState, predict } from '../../engine/stages/sync/application/compare.ts';
import { compileIgnoreDifferences } from '../../engine/stages/sync/application/ignore-differences.ts';
import { parseSettings, SETTINGS_NAME } from '../../engine/stages/sync/application/settings.ts';
import { computeTargets } from '../../engine/stages/sync/application/targets.ts';
import { instanceName } from '../../engine/stages/sync/application/tracking.ts';
import { applyDefaults } from '../../engine/vocabulary/kube/defaults/defaults.ts';
import { assessHealth } from '../../engine/vocabulary/kube/health/health.ts';
import { kindIdOf } from '../../engine/vocabulary/kube/kinds.ts';
import { LAST_APPLIED } from '../../engine/vocabulary/kube/last-applied.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import type { RenderedSource } from '../../engine/vocabulary/machine/questions.ts';
import type { Api } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { EXIT_CODES, type ExitCode } from '../errors.ts';
import type { Application } from '../view/environments.ts';
import { type Line, span } from '../view/lines.ts';
import { unifiedDiff } from '../view/unified-diff.ts';
import { findApplication, refreshedApplication } from './app.ts';
import { findLive, liveResources } from './app-live.ts';
import { localManifests } from './app-local.ts';
import { asController, renderApplication } from './app-sources.ts';

const CONTROL_PLANE = 'argocd';
const CLUSTER = { server: 'https://kubernetes.default.svc', name: 'in-cluster' };

/** One object that a sync would change: live and as it would be. */
export interface ResourceDiff {
  group: string;
  kind: string;
  namespace: string;
  name: string;
  change: 'create' | 'update' | 'prune';
  live: KubeObject | undefined;
  desired: KubeObject | undefined;
  /** Why the API would refuse the object; then `desired` is not known. */
  refused?: string;
}

export async function runAppDiff(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const api = await session.api();
  let application = await findApplication(api, words[0] ?? '');
  if (options.flag('refresh') || options.flag('hard-refresh')) {
    application = await refreshedApplication(api, application, invocation, options.flag('hard-refresh'));
  }
  const local = options.text('local');
  const rendered: RenderedSource =
    local === undefined
      ? renderApplication(application, session.repository(), options.text('revision'))
      : { sourceType: 'Directory', manifests: localManifests(local), warnings: [] };
  for (const warning of rendered.warnings) terminal.note(`warning: ${warning}`);
  const diffs = await diffApplication(api, application, rendered);
  if (options.text('output') === 'json') {
    terminal.write(`${JSON.stringify(diffs.map(withMaskedSecrets), undefined, 2)}\n`);
  } else terminal.lines(diffs.flatMap(diffLines));
  const name = words[0] ?? '';
  if (diffs.length === 0) terminal.note(`${application.metadata.name} is as git declares it.`);
  else
    terminal.note(
      `${diffs.length} ${diffs.length === 1 ? 'object differs' : 'objects differ'}. Next: pern app sync ${name}`,
    );
  return diffs.length > 0 && options.text('exit-code') !== 'false' ? EXIT_CODES.finding : EXIT_CODES.ok;
}

/** The comparison that the controller makes, over what the API shows: same rules, same defaults, nothing written. */
export async function diffApplication(
  api: Api,
  application: Application,
  rendered: RenderedSource,
): Promise<ResourceDiff[]> {
  const { spec, metadata } = asController(application);
  const settings = parseSettings(await settingsData(api));
  const namespace = spec.destination?.namespace ?? '';
  const instance = instanceName(metadata, CONTROL_PLANE);
  const targets = computeTargets(rendered, instance, namespace, settings);
  const listed = await liveResources(api, application);
  const lives = new Map<string, KubeObject>();
  const keep = (live: KubeObject | undefined) => {
    if (live !== undefined) lives.set(keyOf(kindIdOf(live), live.metadata.namespace, live.metadata.name), live);
  };
  for (const { live } of listed) keep(live);
  for (const target of targets.resources) {
    if (!lives.has(keyOf(kindIdOf(target.manifest), target.namespace || undefined, target.name))) {
      keep(await findLive(api, target));
    }
  }
  const options = spec.syncPolicy?.syncOptions ?? [];
  const own = compileIgnoreDifferences(spec.ignoreDifferences);
  const input = {
    targets,
    tracked: listed.flatMap(({ live }) => (live === undefined ? [] : [live])),
    instance,
    projectName: spec.project ?? 'default',
    project: EVERYTHING,
    destination: { ...CLUSTER, namespace },
    ignore: [...settings.ignore, ...own.rules],
    respectIgnore: options.includes('RespectIgnoreDifferences=true'),
    managesNamespace:
      options.includes('CreateNamespace=true') && spec.syncPolicy?.managedNamespaceMetadata !== undefined,
    settings,
    objects: readerOf(lives),
    config: {
      normalise: (object: KubeObject) => applyDefaults(object) as KubeObject,
      assessHealth,
      controlPlaneNamespace: CONTROL_PLANE,
      clusters: [CLUSTER],
      syncWaveDelayMs: 0,
      selfHealBackoff: { firstMs: 0, factor: 1, capMs: 0 },
    },
  };
  return compareState(input).resources.flatMap((resource): ResourceDiff[] => {
    if (resource.status === 'Synced') return [];
    const { group, kind, name, live, target } = resource;
    const base = { group, kind, namespace: resource.namespace, name, live };
    if (target === undefined) return [{ ...base, change: 'prune', desired: undefined }];
    const change = live === undefined ? 'create' : 'update';
    if (!target.known) return [{ ...base, change, desired: target.manifest as KubeObject }];
    const { object, refused } = predict(input, target, live);
    return [{ ...base, change, desired: object, ...(refused === undefined ? {} : { refused: refused.message }) }];
  });
}

/** What a project permits is decided by the sync, not by this view. */
const EVERYTHING = {
  sourceRepos: ['*'],
  destinations: [{ server: '*', namespace: '*' }],
  clusterResourceWhitelist: [{ group: '*', kind: '*' }],
};

async function settingsData(api: Api): Promise<Record<string, string>> {
  const map = await api.find('ConfigMap', CONTROL_PLANE, SETTINGS_NAME);
  return (map?.data ?? {}) as Record<string, string>;
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind} ${namespace ?? ''}/${name}`;
}

function readerOf(lives: ReadonlyMap<string, KubeObject>): Parameters<typeof compareState>[0]['objects'] {
  return {
    resourceVersion: 0,
    get: (kind, namespace, name) => lives.get(keyOf(kind, namespace, name)) as never,
    list: () => [],
    ownedBy: () => [],
    byUid: () => undefined,
    all: () => lives.values(),
  };
}

/** `===== GROUP/KIND NS/NAME ======` and a unified diff from live to desired, as `argocd app diff` prints it. */
export function diffLines(diff: ResourceDiff): Line[] {
  const { group, kind, namespace, name, refused } = diff;
  const title = `===== ${group}/${kind} ${namespace}/${name} ======`;
  const { live, desired } = withMaskedSecrets(diff);
  return [
    [span(title, 'strong')],
    ...(refused === undefined ? [] : [[span(`the API would refuse it: ${refused}`, 'bad')]]),
    ...(refused === undefined ? unifiedDiff(textOf(live), textOf(desired)) : []),
  ];
}

function textOf(object: KubeObject | undefined): string {
  return object === undefined ? '' : stringify(shown(object), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Without what the server fills in and no sync changes. */
function shown({ status: _status, ...object }: KubeObject): object {
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _created,
    generation: _generation,
    managedFields: _fields,
    annotations,
    ...metadata
  } = object.metadata;
  const { [LAST_APPLIED]: _applied, ...own } = annotations ?? {};
  return { ...object, metadata: { ...metadata, ...(Object.keys(own).length === 0 ? {} : { annotations: own }) } };
}

/** Values of Secrets never leave: only that they are there, and whether they change. */
export function withMaskedSecrets(diff: ResourceDiff): ResourceDiff {
  if (diff.kind !== 'Secret' || diff.group !== '') return diff;
  const dataOf = (object: KubeObject | undefined) => ({
    ...((object?.data ?? {}) as Record<string, unknown>),
    ...((object?.stringData ?? {}) as Record<string, unknown>),
  });
  const [live, desired] = [dataOf(diff.live), dataOf(diff.desired)];
  const masked = (
    object: KubeObject | undefined,
    own: Record<string, unknown>,
    other: Record<string, unknown>,
    mark: string,
  ) => {
    if (object === undefined) return undefined;
    const { stringData: _text, ...rest } = object;
    const data = Object.fromEntries(
      Object.keys(own).map((key) => [key, own[key] === other[key] || other[key] === undefined ? '++++++++' : mark]),
    );
    const { [LAST_APPLIED]: _applied, ...annotations } = object.metadata.annotations ?? {};
    return { ...rest, metadata: { ...object.metadata, annotations }, data };
  };
  return {
    ...diff,
    live: masked(diff.live, live, desired, '++++++++'),
    desired: masked(diff.desired, desired, live, '++++++++++++ (another value)'),
  };
}
