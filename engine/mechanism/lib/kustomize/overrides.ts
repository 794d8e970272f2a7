/** `spec.source.kustomize` of an Argo CD Application, applied as Argo CD does: by editing the root kustomization. */
import { KustomizeError } from './errors.ts';
import type { Image, Kustomization, Patch, Replica } from './kustomization/types.ts';

/** Argo CD's ApplicationSourceKustomize (3.x). */
export interface KustomizeOverrides {
  namePrefix?: string;
  nameSuffix?: string;
  namespace?: string;
  /** `old=new:tag`, `name:tag`, `name@digest` */
  images?: readonly string[];
  replicas?: readonly { name: string; count: number | string }[];
  commonLabels?: Readonly<Record<string, string>>;
  commonAnnotations?: Readonly<Record<string, string>>;
  labelWithoutSelector?: boolean;
  labelIncludeTemplates?: boolean;
  /** Allow commonLabels and commonAnnotations to change what the kustomization sets. */
  forceCommonLabels?: boolean;
  forceCommonAnnotations?: boolean;
  patches?: readonly Patch[];
  components?: readonly string[];
}

/** Every override this library applies; any other is refused. */
const APPLIED: Readonly<Record<keyof KustomizeOverrides, true>> = {
  namePrefix: true,
  nameSuffix: true,
  namespace: true,
  images: true,
  replicas: true,
  commonLabels: true,
  commonAnnotations: true,
  labelWithoutSelector: true,
  labelIncludeTemplates: true,
  forceCommonLabels: true,
  forceCommonAnnotations: true,
  patches: true,
  components: true,
};

/** An edit of a kustomization. Throws KustomizeError for an override that cannot be applied. */
export function applyOverrides(overrides: KustomizeOverrides): (spec: Kustomization) => void {
  const known = new Set(Object.keys(APPLIED));
  for (const [name, value] of Object.entries(overrides)) {
    if (!known.has(name) && value !== undefined) failOverride(`${name} is not supported`);
  }
  return (spec) => {
    if (overrides.namePrefix) spec.namePrefix = overrides.namePrefix;
    if (overrides.nameSuffix) spec.nameSuffix = overrides.nameSuffix;
    if (overrides.namespace) spec.namespace = overrides.namespace;
    if (overrides.images?.length) spec.images = setImages(spec.images, overrides.images);
    if (overrides.replicas?.length) spec.replicas = mergeByName(spec.replicas, overrides.replicas.map(parseReplica));
    addLabels(spec, overrides);
    if (overrides.commonAnnotations)
      spec.commonAnnotations = { ...spec.commonAnnotations, ...overrides.commonAnnotations };
    if (overrides.patches?.length) spec.patches = [...(spec.patches ?? []), ...overrides.patches];
    if (overrides.components?.length) spec.components = [...(spec.components ?? []), ...overrides.components];
  };
}

function addLabels(spec: Kustomization, overrides: KustomizeOverrides): void {
  const pairs = overrides.commonLabels;
  if (!pairs || Object.keys(pairs).length === 0) return;
  if (!overrides.labelWithoutSelector) {
    spec.commonLabels = addEntries('label', spec.commonLabels, pairs, overrides.forceCommonLabels);
    return;
  }
  const includeTemplates = overrides.labelIncludeTemplates === true;
  spec.labels = [...(spec.labels ?? []), { pairs: { ...pairs }, includeSelectors: false, includeTemplates }];
}

/** `kustomize edit add`: an entry that exists already is changed only by force. */
function addEntries(
  what: string,
  existing: Readonly<Record<string, string>> | undefined,
  added: Readonly<Record<string, string>>,
  force: boolean | undefined,
): Record<string, string> {
  const taken = Object.keys(added).find((key) => existing !== undefined && Object.hasOwn(existing, key));
  if (taken !== undefined && !force) failOverride(`${what} ${taken} is already in the kustomization file`);
  return { ...existing, ...added };
}

/** `kustomize edit set`: an entry with the same name is replaced, a new one added; the list is sorted by name. */
function mergeByName<T extends { name?: string }>(existing: readonly T[] | undefined, changes: readonly T[]): T[] {
  const byName = new Map((existing ?? []).map((entry) => [entry.name ?? '', entry]));
  for (const change of changes) byName.set(change.name ?? '', change);
  return [...byName.values()].sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
}

/** A part given as `*` keeps what the kustomization has. */
function setImages(existing: readonly Image[] | undefined, texts: readonly string[]): Image[] {
  const changes = texts.map(parseImage).map((change) => {
    const known = existing?.find((image) => image.name === change.name);
    const keep = (field: 'newName' | 'newTag' | 'digest') => (change[field] === '*' ? known?.[field] : change[field]);
    return { name: change.name, newName: keep('newName'), newTag: keep('newTag'), digest: keep('digest') };
  });
  return mergeByName(existing, changes);
}

/** `name=newName:tag`, `name:tag`, `name@digest`, `name=newName@digest`, `name=newName` */
function parseImage(text: string): Image {
  const equals = text.indexOf('=');
  const target = equals < 0 ? text : text.slice(equals + 1);
  const { name, tag, digest } = splitTarget(target);
  if (name === '' || equals === 0) failOverride(`image "${text}" is not of the form name=newName:tag`);
  const image: Image = { name: equals < 0 ? name : text.slice(0, equals) };
  if (equals >= 0 && name !== image.name) image.newName = name;
  if (tag) image.newTag = tag;
  if (digest) image.digest = digest;
  if (equals < 0 && !tag && !digest) failOverride(`image "${text}" sets nothing`);
  return image;
}

function splitTarget(target: string): { name: string; tag?: string; digest?: string } {
  const at = target.indexOf('@');
  const digest = at < 0 ? undefined : target.slice(at + 1);
  const rest = at < 0 ? target : target.slice(0, at);
  const colon = rest.lastIndexOf(':');
  if (colon <= rest.lastIndexOf('/')) return { name: rest, digest };
  return { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
}

function parseReplica(replica: { name: string; count: number | string }): Replica {
  const count = Number(replica.count);
  if (!Number.isInteger(count) || count < 0)
    failOverride(`replicas of "${replica.name}": "${replica.count}" is no count`);
  return { name: replica.name, count };
}

function failOverride(message: string): never {
  const fix = 'correct spec.source.kustomize of the Application';
  throw new KustomizeError([{ file: 'spec.source.kustomize', line: 1, column: 1, code: 'wrong-value', message, fix }]);
}
