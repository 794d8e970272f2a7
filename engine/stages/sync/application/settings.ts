import { parseDocument } from 'yaml';
import { isRecord } from '#core/json.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { compileGlob } from '../../render/glob.ts';
import { compileIgnoreDifferences, type IgnoreRule } from './ignore-differences.ts';
import { DEFAULT_TRACKING, type Tracking, type TrackingMethod } from './tracking.ts';
import type { Health, IgnoreDifference } from './types.ts';

/** What `argocd-cm` says about Applications (argo-cd.md §3.3, §3.4, §3.10); keys of other features are not read here. */
export interface Settings {
  tracking: Tracking;
  /** True for kinds that no Application manages: `resource.exclusions` and `resource.inclusions`. */
  isExcluded: (subject: { group: string; kind: string }) => boolean;
  /** `resource.customizations.ignoreDifferences.*`. */
  ignore: readonly IgnoreRule[];
  /** Kinds whose health a script decides, and what it finds. Undefined: the built-in check. */
  healthOf: (subject: { group: string; kind: string }) => HealthCheck | undefined;
  /** What of it cannot be obeyed. Nothing is deployed under a setting that is not enforced. */
  errors: readonly string[];
}

export type HealthCheck = (object: KubeObject) => Pick<Health, 'status' | 'message'> | undefined;

export const SETTINGS_NAME = 'argocd-cm';
const CLUSTER = 'https://kubernetes.default.svc';
/** Never managed, whatever the ConfigMap says. */
const EXCLUDED_ALWAYS: readonly ResourceFilter[] = [
  { apiGroups: ['events.k8s.io', 'metrics.k8s.io'] },
  { apiGroups: [''], kinds: ['Event'] },
  { apiGroups: ['coordination.k8s.io'], kinds: ['Lease'] },
];

const NONE: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: SETTINGS_NAME } as KubeObject['metadata'],
};
const KNOWN = new WeakMap<KubeObject, Settings>();

/** The settings in force; read again only when the ConfigMap has changed. */
export function settingsOf(objects: Reader, controlPlaneNamespace: string): Settings {
  const map = (objects.get('ConfigMap', controlPlaneNamespace, SETTINGS_NAME) ?? NONE) as KubeObject;
  const known = KNOWN.get(map);
  if (known !== undefined) return known;
  const settings = parseSettings((map.data ?? {}) as Record<string, string>);
  KNOWN.set(map, settings);
  return settings;
}

/** Reads the data of `argocd-cm`. Never throws: what is wrong is in `errors`, by key. */
export function parseSettings(data: Readonly<Record<string, string>>): Settings {
  const errors: string[] = [];
  const customizations = customizationsOf(data, errors);
  const filters = {
    exclusions: [...EXCLUDED_ALWAYS, ...resourceFilters(data, 'resource.exclusions', errors)],
    inclusions: resourceFilters(data, 'resource.inclusions', errors),
  };
  const ignore = compileIgnoreDifferences(customizations.ignore, 'argocd-cm');
  errors.push(...ignore.errors, ...statusFieldErrors(data));
  return {
    tracking: trackingOf(data, errors),
    isExcluded: (subject) =>
      filters.exclusions.some((filter) => filterMatches(filter, subject)) ||
      (filters.inclusions.some(namesCluster) && !filters.inclusions.some((filter) => filterMatches(filter, subject))),
    ignore: ignore.rules,
    healthOf: ({ group, kind }) => healthCheckOf(customizations.health, group, kind),
    errors,
  };
}

const METHODS: readonly string[] = ['annotation', 'label', 'annotation+label'];

function trackingOf(data: Readonly<Record<string, string>>, errors: string[]): Tracking {
  const method = data['application.resourceTrackingMethod'] || DEFAULT_TRACKING.method;
  if (!METHODS.includes(method)) {
    errors.push(`argocd-cm application.resourceTrackingMethod: "${method}" is not one of ${METHODS.join(', ')}`);
  }
  return {
    method: (METHODS.includes(method) ? method : DEFAULT_TRACKING.method) as TrackingMethod,
    labelKey: data['application.instanceLabelKey'] || DEFAULT_TRACKING.labelKey,
    installationId: data.installationID || undefined,
  };
}

interface ResourceFilter {
  apiGroups?: string[];
  kinds?: string[];
  clusters?: string[];
}

function resourceFilters(data: Readonly<Record<string, string>>, key: string, errors: string[]): ResourceFilter[] {
  const value = parseYaml(data[key], key, errors);
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isFilter)) return value;
  errors.push(`argocd-cm ${key}: must be a list of {apiGroups, kinds, clusters}`);
  return [];
}

function isFilter(value: unknown): value is ResourceFilter {
  const isList = (list: unknown) => list === undefined || list === null || Array.isArray(list);
  return isRecord(value) && [value.apiGroups, value.kinds, value.clusters].every(isList);
}

/** Globs without separators; an absent list matches everything, as upstream's resource filters do. */
function filterMatches(filter: ResourceFilter, { group, kind }: { group: string; kind: string }): boolean {
  return anyOf(filter.apiGroups, group) && anyOf(filter.kinds, kind) && namesCluster(filter);
}

function namesCluster(filter: ResourceFilter): boolean {
  return anyOf(filter.clusters, CLUSTER);
}

function anyOf(patterns: readonly string[] | null | undefined, text: string): boolean {
  return (
    patterns === undefined ||
    patterns === null ||
    patterns.length === 0 ||
    patterns.some((one) => compileGlob(String(one))(text))
  );
}

interface Customizations {
  ignore: IgnoreDifference[];
  /** `GROUP/KIND` with wildcards → Lua text. */
  health: Map<string, string>;
}

/** Both forms: one key an aspect (`resource.customizations.health.apps_Deployment`), and the old single map. */
function customizationsOf(data: Readonly<Record<string, string>>, errors: string[]): Customizations {
  const found: Customizations = { ignore: [], health: new Map() };
  for (const key of Object.keys(data).sort()) {
    const match = /^resource\.customizations\.(ignoreDifferences|health)\.(.+)$/.exec(key);
    if (match === null) continue;
    const [, aspect, suffix = ''] = match;
    const { group, kind } = kindOfSuffix(suffix);
    if (aspect === 'health') found.health.set(`${group}/${kind}`, data[key] as string);
    else addIgnored(found, parseYaml(data[key], key, errors), group, kind, key, errors);
  }
  const old = parseYaml(data['resource.customizations'], 'resource.customizations', errors);
  for (const [name, body] of Object.entries(isRecord(old) ? old : {})) {
    if (!isRecord(body)) continue;
    const [group, kind] = name.includes('/') ? (name.split('/') as [string, string]) : ['', name];
    if (typeof body['health.lua'] === 'string') found.health.set(`${group}/${kind}`, body['health.lua']);
    if (typeof body.ignoreDifferences !== 'string') continue;
    const key = `resource.customizations ${name} ignoreDifferences`;
    addIgnored(found, parseYaml(body.ignoreDifferences, key, errors), group, kind, key, errors);
  }
  return found;
}

/** `apps_Deployment`, `ConfigMap`, `*.example.com_*`, `all`. */
function kindOfSuffix(suffix: string): { group: string; kind: string } {
  if (suffix === 'all') return { group: '*', kind: '*' };
  const underscore = suffix.lastIndexOf('_');
  if (underscore < 0) return { group: '', kind: suffix };
  return { group: suffix.slice(0, underscore).replaceAll('_', '*'), kind: suffix.slice(underscore + 1) };
}

function addIgnored(
  found: Customizations,
  value: unknown,
  group: string,
  kind: string,
  key: string,
  errors: string[],
): void {
  if (value === undefined || value === null) return;
  if (!isRecord(value)) {
    errors.push(`argocd-cm ${key}: must be a mapping with jsonPointers, jqPathExpressions or managedFieldsManagers`);
    return;
  }
  found.ignore.push({ ...(value as IgnoreDifference), group, kind });
}

/** The status of every object is left out of comparisons, which is upstream's default and `all`. */
function statusFieldErrors(data: Readonly<Record<string, string>>): string[] {
  const errors: string[] = [];
  const options = parseYaml(data['resource.compareoptions'], 'resource.compareoptions', errors);
  if (!isRecord(options)) return errors;
  const field = options.ignoreResourceStatusField;
  if (field !== undefined && field !== 'all') {
    errors.push(`argocd-cm resource.compareoptions: ignoreResourceStatusField: "${String(field)}" is not reproduced`);
  }
  return errors;
}

function parseYaml(text: string | undefined, key: string, errors: string[]): unknown {
  if (text === undefined || text.trim() === '') return undefined;
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem === undefined) return document.toJS({ maxAliasCount: 100 }) as unknown;
  const at = problem.linePos?.[0];
  errors.push(`argocd-cm ${key}:${at?.line ?? 1}:${at?.col ?? 1}: invalid YAML: ${problem.message.split('\n')[0]}`);
  return undefined;
}

/** The script of Argo CD's documentation that gives Applications a health, whatever its layout. */
const APPLICATION_SCRIPT =
  'hs={}hs.status="Progressing"hs.message=""ifobj.status~=nilthenifobj.status.health~=nilthenhs.status=obj.status.health.statusifobj.status.health.message~=nilthenhs.message=obj.status.health.messageendendendreturnhs';

function healthCheckOf(scripts: ReadonlyMap<string, string>, group: string, kind: string): HealthCheck | undefined {
  const exact = scripts.get(`${group}/${kind}`);
  const script =
    exact ?? [...scripts].find(([pattern]) => pattern.includes('*') && compileGlob(pattern)(`${group}/${kind}`))?.[1];
  if (script === undefined) return undefined;
  if (script.replace(/--.*$/gm, '').replace(/\s+/g, '').replaceAll("'", '"') === APPLICATION_SCRIPT)
    return reportedHealth;
  const message = `the health script of argocd-cm for ${group}/${kind} is not reproduced: Lua is not run`;
  return () => ({ status: 'Unknown', message });
}

/** What that script does: the health the object itself reports, Progressing until it reports one. */
function reportedHealth(object: KubeObject): Pick<Health, 'status' | 'message'> {
  const health = isRecord(object.status) && isRecord(object.status.health) ? object.status.health : {};
  const status = typeof health.status === 'string' ? (health.status as Health['status']) : 'Progressing';
  return {
    status,
    ...(typeof health.message === 'string' && health.message !== '' ? { message: health.message } : {}),
  };
}
