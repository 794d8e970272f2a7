/** Replacements (spec §8.3): copy a value from one object into fields of others. */
import { type Diagnostic, fail } from '../errors.ts';
import type { FieldOptions, ReplacementSource, ReplacementTarget, Selector } from '../kustomization/types.ts';
import type { LoadedReplacement } from '../loader/model.ts';
import { formatId, isSelected, type Resource, type ResourceId } from '../resource.ts';
import { compileSelector } from '../selectors.ts';
import { cloneJson, countNodes, isList, isMap, isNull, type Json, scalarText } from '../types.ts';
import { resolvePlain } from '../yaml/scalars.ts';
import { FieldPathError, findSlots, type LeafKind, lookUp, type Slot, splitFieldPath } from './field-path.ts';
import { setInText } from './structured-text.ts';

const SIZE_MAX = 1_000_000;

type At = LoadedReplacement['at'];
type Finding = Pick<Diagnostic, 'message' | 'why' | 'fix'>;

/** Applies every replacement in order. Throws KustomizeError. */
export function applyReplacements(resources: readonly Resource[], replacements: readonly LoadedReplacement[]): void {
  for (const { at, replacement } of replacements) {
    const { source, sourceValue, targets } = replacement;
    if ((source === undefined && sourceValue === undefined) || !targets) {
      report(at, { message: 'a replacement needs a source and at least one target', fix: 'add source and targets' });
    }
    if (source !== undefined && sourceValue !== undefined) {
      report(at, { message: 'source and sourceValue exclude each other', fix: 'remove one of the two' });
    }
    const value = source ? readSource(resources, source, at) : resolvePlain(sourceValue ?? '', 'resource');
    const text = source ? scalarText(value) : (sourceValue ?? '');
    requireSmall(typeof value === 'object' ? countNodes(value) : text.length, at);
    for (const target of targets) writeTarget(resources, target, { value, text }, at);
  }
}

/** A field that is copied into itself doubles with every replacement. */
function requireSmall(size: number, at: At): void {
  if (size <= SIZE_MAX) return;
  const message = `the value to copy has grown to ${size} characters or values`;
  report(at, { message, why: `the limit is ${SIZE_MAX}`, fix: 'do not copy a field into itself' }, 'too-large');
}

/** A value to copy, and its text when it is a scalar. */
interface Copied {
  value: Json;
  text: string;
}

function report(at: At, finding: Finding, code: Diagnostic['code'] = 'wrong-value'): never {
  return fail(at, { code, ...finding });
}

/** All ids with the namespace as written: the current one may have none. */
function rawIds(resource: Resource): ResourceId[] {
  return [{ ...resource.gvk, name: resource.name, namespace: resource.namespace }, ...resource.previousIds];
}

function readSource(resources: readonly Resource[], source: ReplacementSource, at: At): Json {
  const matches = resources.filter(
    (resource) => resource.object && rawIds(resource).some((id) => isSource(id, source)),
  );
  const [match] = matches;
  const wanted = describeSelector(source);
  if (!match) {
    const have = resources.map((resource) => formatId(resource.currentId)).slice(0, 12);
    report(
      at,
      { message: `nothing selected by ${wanted}`, why: `there are ${have.join('; ')}`, fix: 'correct the source' },
      'no-match',
    );
  }
  if (matches.length > 1) {
    const why = matches.map((resource) => formatId(resource.currentId)).join('; ');
    report(
      at,
      { message: `multiple matches for selector ${wanted}`, why, fix: 'make the source more precise' },
      'no-match',
    );
  }
  const path = source.fieldPath || 'metadata.name';
  const value = attempt(at, match, () => lookUp(match.object, splitFieldPath(path)));
  if (isNull(value) || value === '') {
    const message = `fieldPath \`${path}\` is missing for replacement source ${formatId(match.currentId)}`;
    report(at, { message, fix: 'correct fieldPath' }, 'no-match');
  }
  return refine(value, source.options, at);
}

function isSource(id: ResourceId, source: ReplacementSource): boolean {
  const namespace = (text: string) => text || 'default';
  return (
    (!source.name || source.name === id.name) &&
    (!source.namespace || namespace(source.namespace) === namespace(id.namespace)) &&
    isSelected(id, source)
  );
}

function refine(value: Json, options: FieldOptions | undefined, at: At): Json {
  if (!options?.delimiter) return value;
  if (typeof value === 'object')
    report(at, { message: 'options.delimiter needs a scalar source', fix: 'remove delimiter' });
  const parts = scalarText(value).split(options.delimiter);
  const index = options.index ?? 0;
  const part = parts[index];
  if (index < 0 || part === undefined) {
    report(at, {
      message: `options.index ${index} is out of bounds for value ${scalarText(value)}`,
      fix: `use 0 to ${parts.length - 1}`,
    });
  }
  return typeof value === 'string' ? part : resolvePlain(part, 'resource');
}

function writeTarget(resources: readonly Resource[], target: ReplacementTarget, copied: Copied, at: At): void {
  const { select } = target;
  if (!select) report(at, { message: 'a target must select resources', fix: 'add select' });
  const selects = compileSelector(select, at);
  const rejects = (target.reject ?? []).map((selector) => ({ selector, matcher: compileSelector(selector, at) }));
  for (const resource of resources) {
    if (!resource.object || !selects.metadata(resource)) continue;
    const ids = rawIds(resource);
    const rejected = rejects.some(({ selector, matcher }) => {
      const byText = Boolean(selector.labelSelector || selector.annotationSelector) && matcher.metadata(resource);
      return byText || (namesId(selector) && ids.some((id) => matchesId(matcher, id)));
    });
    if (rejected || !ids.some((id) => matchesId(selects, id))) continue;
    const paths = target.fieldPaths?.length ? target.fieldPaths : ['metadata.name'];
    for (const path of paths) writeField(resource, path, target.options, copied, at);
  }
}

function namesId(selector: Selector): boolean {
  const { group, version, kind, name, namespace } = selector;
  return Boolean(group || version || kind || name || namespace);
}

function matchesId(matcher: ReturnType<typeof compileSelector>, id: ResourceId): boolean {
  return matcher.gvk(id) && matcher.name(id.name) && matcher.namespace(id.namespace);
}

function writeField(resource: Resource, path: string, options: FieldOptions | undefined, copied: Copied, at: At): void {
  const create = options?.create ? leafKind(copied.value) : undefined;
  const parts = splitFieldPath(path);
  attempt(
    at,
    resource,
    () => {
      if (setInText(resource.object, parts, copied, create)) return;
      const root: Slot = { read: () => resource.object, write: () => undefined, created: false };
      const slots = findSlots(root, parts, create);
      if (slots.length === 0) throw new FieldPathError('no such field');
      for (const slot of slots) writeSlot(slot, options, copied, at);
    },
    path,
    create !== undefined,
  );
}

function leafKind(value: Json): LeafKind {
  if (isMap(value)) return 'map';
  return isList(value) ? 'list' : 'scalar';
}

function writeSlot(slot: Slot, options: FieldOptions | undefined, copied: Copied, at: At): void {
  const current = slot.read();
  if (typeof current === 'object' && current !== null) {
    if (options?.delimiter) report(at, { message: 'options.delimiter needs a scalar target', fix: 'remove delimiter' });
    slot.write(cloneJson(copied.value));
    return;
  }
  const text = options?.delimiter ? splice(scalarText(current), options, copied.text) : copied.text;
  if (typeof current === 'string') slot.write(text);
  else if (slot.created) slot.write(resolvePlain(text, 'resource'));
  else slot.write(keepType(current, text, at));
}

/** Only the text is copied: a number stays a number. */
function keepType(current: Json, text: string, at: At): Json {
  const value = resolvePlain(text, 'resource');
  if (typeof value === typeof current && isNull(value) === isNull(current)) return value;
  const message = `the value "${text}" does not fit the target, which holds ${isNull(current) ? 'null' : `the ${typeof current} ${String(current)}`}`;
  return report(at, { message, why: 'a scalar target keeps its type', fix: 'quote the target' });
}

/** Replaces one part of a delimited text; an index below zero prepends, one beyond the end appends. */
function splice(text: string, options: FieldOptions, part: string): string {
  const delimiter = options.delimiter ?? '';
  const parts = text.split(delimiter);
  const index = options.index ?? 0;
  if (index < 0) parts.unshift(part);
  else if (index >= parts.length) parts.push(part);
  else parts[index] = part;
  return parts.join(delimiter);
}

function attempt<T>(at: At, resource: Resource, step: () => T, path?: string, create = false): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof FieldPathError)) throw error;
    const verb = create ? 'find or create' : 'find';
    const message = path === undefined ? error.message : `unable to ${verb} field "${path}" in replacement target`;
    const why = `${formatId(resource.currentId)} (${resource.at.file}:${resource.at.line}): ${error.message}`;
    return report(at, { message, why, fix: 'correct the path, or set options.create: true' }, 'no-match');
  }
}

function describeSelector(selector: Selector): string {
  const parts = Object.entries(selector).filter(([, value]) => typeof value === 'string' && value !== '');
  return parts.map(([key, value]) => `${key}=${String(value)}`).join(', ') || 'an empty source';
}
