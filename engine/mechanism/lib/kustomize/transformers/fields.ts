/** The transformers that set fields by tables: namespace, labels, annotations, prefix, suffix, replicas, images. */

import { compileRegex, type Regex } from '../../regex/regex.ts';
import { fail, nearestName, type Position } from '../errors.ts';
import { mergeSpecs } from '../fieldspecs/merge.ts';
import type { FieldTables } from '../fieldspecs/tables.ts';
import { applyFieldSpec } from '../fieldspecs/walker.ts';
import type { FieldSpec, Image, Label, Replica } from '../kustomization/types.ts';
import { formatId, isSelected, type Resource } from '../resource.ts';
import { isList, isMap, isNull, type Json, scalarText, setField } from '../types.ts';

type At = Position & { source?: string };

/** Which subjects of role bindings get the namespace. */
export type SubjectMode = 'defaultOnly' | 'allServiceAccounts' | 'none';

export interface NamespaceMode {
  /** Fill only fields that hold nothing. */
  unsetOnly: boolean;
  subjects: SubjectMode;
}

/** Sets the namespace of every namespaced object and what follows from it (spec §5.3). */
export function setNamespace(
  resources: readonly Resource[],
  namespace: string,
  specs: readonly FieldSpec[],
  at: At,
  mode: NamespaceMode = { unsetOnly: false, subjects: 'defaultOnly' },
): void {
  const change = (value: Json) => (mode.unsetOnly && scalarText(value ?? undefined) !== '' ? value : namespace);
  for (const resource of resources) {
    if (!resource.object) continue;
    resource.storePreviousId();
    const isBinding = resource.kind === 'RoleBinding' || resource.kind === 'ClusterRoleBinding';
    if (!resource.isClusterScoped) resource.setMetadata('namespace', change(resource.metadata('namespace')));
    if (isBinding) setSubjects(resource, mode.subjects, change);
    for (const spec of specs) {
      if (spec.path === 'metadata/namespace' || (isBinding && spec.path === 'subjects/namespace')) continue;
      if (spec.path === 'metadata/name' && resource.apiVersion !== 'v1') continue;
      applyFieldSpec(resource, spec, 'scalar', change);
    }
  }
  refuseConflicts(resources, at);
}

/** Sets the namespace of the subjects of a role binding that the mode chooses. */
export function setSubjects(resource: Resource, mode: SubjectMode, change: (value: Json) => Json): void {
  const subjects = resource.object?.subjects;
  if (!isList(subjects) || mode === 'none') return;
  for (const subject of subjects) {
    if (!isMap(subject)) continue;
    const chosen = mode === 'defaultOnly' ? subject.name === 'default' : subject.kind === 'ServiceAccount';
    if (chosen) subject.namespace = change(subject.namespace);
  }
}

function refuseConflicts(resources: readonly Resource[], at: At): void {
  const seen = new Map<string, Resource>();
  for (const resource of resources) {
    if (!resource.object) continue;
    const id = formatId(resource.currentId);
    const other = seen.get(id);
    if (other) {
      const why = `they come from ${other.at.file}:${other.at.line} and ${resource.at.file}:${resource.at.line}`;
      fail(at, {
        code: 'duplicate-id',
        message: `setting the namespace makes two objects the same: ${id}`,
        why,
        fix: 'rename one',
      });
    }
    seen.set(id, resource);
  }
}

/** Adds string entries (labels or annotations) at every selected field. */
export function setEntries(
  resources: readonly Resource[],
  entries: Readonly<Record<string, string>>,
  specs: readonly FieldSpec[],
): void {
  const keys = Object.keys(entries).sort();
  if (keys.length === 0) return;
  for (const resource of resources) {
    for (const spec of specs) {
      applyFieldSpec(resource, spec, 'map', (value) => {
        const map = isNull(value) ? {} : value;
        if (!isMap(map)) return map;
        for (const key of keys) setField(map, key, entries[key] ?? '');
        return map;
      });
    }
  }
}

/** The field specs of one `labels` entry (spec §5.1). */
export function labelSpecs(label: Label, tables: FieldTables, at: At): readonly FieldSpec[] {
  let specs = mergeSpecs(label.fields ?? [], tables.labels, at);
  if (label.includeSelectors) return mergeSpecs(specs, tables.commonLabels, at);
  if (label.includeTemplates) specs = mergeSpecs(specs, tables.templateLabels, at);
  return mergeSpecs(specs, [{ path: 'metadata/labels', create: true }], at);
}

const UNNAMED = [
  { kind: 'CustomResourceDefinition' },
  { group: 'apiregistration.k8s.io', kind: 'APIService' },
  { kind: 'Namespace' },
];

/** Adds a prefix or a suffix to names (spec §5.2). */
export function affixNames(
  resources: readonly Resource[],
  affix: string,
  where: 'prefix' | 'suffix',
  specs: readonly FieldSpec[],
): void {
  for (const resource of resources) {
    const id = resource.originalId;
    if (!resource.object || UNNAMED.some((selector) => isSelected(id, selector))) continue;
    for (const spec of specs) {
      if (!isSelected(id, spec)) continue;
      if (spec.path === 'metadata/name' && affix !== '') {
        (where === 'prefix' ? resource.prefixes : resource.suffixes).push(affix);
        resource.storePreviousId();
      }
      applyFieldSpec(resource, spec, 'scalar', (value) =>
        where === 'prefix' ? affix + scalarText(value) : scalarText(value) + affix,
      );
    }
  }
}

/** Sets `spec/replicas` of the named workloads. Throws when none matches (spec §5.5). */
export function setReplicas(
  resources: readonly Resource[],
  replica: Replica,
  specs: readonly FieldSpec[],
  at: At,
): void {
  let found = false;
  for (const spec of specs) {
    for (const resource of resources) {
      const matches = resource.object && resource.allIds.some((id) => id.name === replica.name && isSelected(id, spec));
      if (!matches) continue;
      found = true;
      applyFieldSpec(resource, spec, 'scalar', () => replica.count ?? 0);
    }
  }
  if (found) return;
  const kinds = [...new Set(specs.map((spec) => spec.kind ?? 'any kind'))];
  const scalable = resources
    .filter((resource) => kinds.includes(resource.kind))
    .map((resource) => resource.originalId.name);
  const nearest = nearestName(replica.name ?? '', scalable);
  const other = resources.find(
    (resource) => resource.originalId.name === replica.name || resource.name === replica.name,
  );
  fail(at, {
    code: 'no-match',
    message: `no ${kinds.join(', ')} is named "${replica.name ?? ''}"`,
    why: other ? `${formatId(other.currentId)} is of another kind, which \`replicas\` does not change` : undefined,
    fix: nearest ? `did you mean "${nearest}"?` : other ? 'use a patch' : 'correct the name or remove the entry',
  });
}

/** Changes matching image references (spec §5.4). Custom resource definitions are left alone. */
export function setImages(resources: readonly Resource[], image: Image, specs: readonly FieldSpec[], at: At): void {
  const pattern = compileImage(image, at);
  for (const resource of resources) {
    if (!resource.object || resource.kind === 'CustomResourceDefinition') continue;
    changeContainerImages(resource.object, image, pattern);
    for (const spec of specs) applyFieldSpec(resource, spec, 'none', (value) => changeImage(value, image, pattern));
  }
}

/** Upstream changes `image` of every element of any list called containers or initContainers, then the table's fields. */
function changeContainerImages(value: Json, image: Image, pattern: Regex): void {
  if (isList(value)) for (const item of value) changeContainerImages(item, image, pattern);
  if (!isMap(value)) return;
  for (const key of Object.keys(value)) {
    const child = value[key];
    changeContainerImages(child, image, pattern);
    if ((key !== 'containers' && key !== 'initContainers') || !isList(child)) continue;
    for (const item of child) {
      if (isMap(item) && Object.hasOwn(item, 'image')) item.image = changeImage(item.image, image, pattern);
    }
  }
}

function compileImage(image: Image, at: At): Regex {
  try {
    return compileRegex(`^${image.name ?? ''}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`);
  } catch {
    const why = 'the name is read as a regular expression';
    return fail(at, {
      code: 'wrong-value',
      message: `"${image.name}" is not a valid image name`,
      why,
      fix: 'correct it',
    });
  }
}

function changeImage(value: Json, image: Image, pattern: Regex): Json {
  if (typeof value !== 'string' || !pattern.test(value)) return value;
  let { name, tag, digest } = splitImage(value);
  if (image.newName) name = image.newName;
  if (image.newTag || image.digest) [tag, digest] = [image.newTag ?? '', image.digest ?? ''];
  else if (image.tagSuffix) [tag, digest] = [tag + image.tagSuffix, ''];
  return name + (tag === '' ? '' : `:${tag}`) + (digest === '' ? '' : `@${digest}`);
}

/** `[[host[:port]/]component/]component[:tag][@digest]`: a colon counts only after the first slash. */
function splitImage(image: string): { name: string; tag: string; digest: string } {
  const start = Math.max(0, image.indexOf('/'));
  const at = image.indexOf('@', start);
  const colon = image.indexOf(':', start);
  const digest = at < 0 ? '' : image.slice(at + 1);
  if (colon < 0 || (at >= 0 && at < colon)) return { name: at < 0 ? image : image.slice(0, at), tag: '', digest };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1, at < 0 ? undefined : at), digest };
}
