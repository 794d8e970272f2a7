/** Reads patches: decides between strategic merge and JSON 6902, checks both. */
import { fail, KustomizeError, type Position } from '../errors.ts';
import type { Patch, Selector } from '../kustomization/types.ts';
import { Resource } from '../resource.ts';
import { isList, isMap, isNull, type Json, type JsonMap } from '../types.ts';
import { offsetOf, type ParsedDocument, type SourceText } from '../yaml/parser.ts';
import type { JsonPatchOperation, LoadedPatch } from './model.ts';
import { parseObjects } from './resources.ts';

type At = Position & { source?: string };

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

/**
 * Reads one patch entry. `text` is the inline patch or the content of `path`; `parse` may keep what it returns, so
 * nothing of it is changed. Throws KustomizeError.
 */
export function loadPatch(
  patch: Patch,
  text: SourceText,
  at: At,
  parse: (text: SourceText) => ParsedDocument[] = parseObjects,
): LoadedPatch {
  const documents = parsePatch(text, at, parse).filter((document) => !isNull(document.value));
  const [first] = documents;
  const common = {
    at,
    target: patch.target,
    allowNameChange: patch.options?.allowNameChange === true,
    allowKindChange: patch.options?.allowKindChange === true,
  };
  if (!first) return { ...common, merges: [], operations: undefined };
  if (isList(first.value)) {
    const operations = readOperations(first);
    requireTarget(patch.target, at);
    return { ...common, merges: [], operations };
  }
  const merges = documents.flatMap((document) => readMerge(document));
  if (patch.target && merges.length > 1) {
    const message = `one entry with a target holds ${merges.length} strategic merge patches`;
    fail(at, { code: 'invalid-patch', message, fix: 'use one entry per patch, or remove the target' });
  }
  return { ...common, merges, operations: undefined };
}

function parsePatch(
  text: SourceText,
  at: At,
  parse: (text: SourceText) => ParsedDocument[],
): readonly ParsedDocument[] {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof KustomizeError) || text.file !== at.file) throw error;
    const relocated = error.diagnostics.map((finding) => ({
      ...finding,
      line: at.line,
      column: at.column,
      source: at.source,
      message: `in the inline patch, line ${finding.line}, column ${finding.column}: ${finding.message}`,
    }));
    throw new KustomizeError(relocated);
  }
}

function requireTarget(target: Selector | undefined, at: At): void {
  if (target) return;
  const why = 'a JSON 6902 patch does not name the object it changes';
  fail(at, {
    code: 'missing-field',
    message: 'this JSON 6902 patch has no target',
    why,
    fix: 'add target: {kind, name}',
  });
}

/** The older form of a JSON 6902 patch, `patchesJson6902`, is for objects of one name. Throws KustomizeError. */
export function requireTargetName(target: Selector | undefined, at: At): void {
  if (target?.name) return;
  fail(at, {
    code: 'missing-field',
    message: 'this JSON 6902 patch has no target name',
    fix: 'add target.name, or move the patch to `patches`, where a target may select by kind alone',
  });
}

function readMerge(document: ParsedDocument): Resource[] {
  const at = positionOf(document, []);
  if (!isMap(document.value)) {
    const why = 'a strategic merge patch is a map, a JSON 6902 patch is a list of operations';
    fail(at, { code: 'invalid-patch', message: 'this is neither kind of patch', why, fix: 'write one of the two' });
  }
  const resource = new Resource(document.value, at);
  if (resource.kind === '') {
    fail(at, {
      code: 'invalid-patch',
      message: 'this strategic merge patch has no kind',
      fix: 'add apiVersion and kind',
    });
  }
  if (resource.name === '') {
    const fix = 'add metadata.name (with a target any name will do)';
    fail(at, { code: 'invalid-patch', message: 'this strategic merge patch has no metadata.name', fix });
  }
  return [resource];
}

function readOperations(document: ParsedDocument): JsonPatchOperation[] {
  const list = isList(document.value) ? document.value : [];
  return list.map((item, index) => readOperation(item, positionOf(document, [index])));
}

function readOperation(item: Json, at: At): JsonPatchOperation {
  if (!isMap(item)) {
    return fail(at, {
      code: 'invalid-patch',
      message: 'a JSON 6902 operation must be a map',
      fix: 'write {op, path, value}',
    });
  }
  const op = textOf(item, 'op', at);
  if (!OPERATIONS.includes(op)) {
    fail(at, {
      code: 'invalid-patch',
      message: `unknown operation "${op}"`,
      fix: `use one of ${OPERATIONS.join(', ')}`,
    });
  }
  const path = textOf(item, 'path', at);
  if (op === 'move' || op === 'copy') return { op, path, from: textOf(item, 'from', at) };
  if (op !== 'remove' && !Object.hasOwn(item, 'value')) {
    fail(at, { code: 'invalid-patch', message: `the operation ${op} ${path} has no value`, fix: 'add value' });
  }
  return { op, path, value: item.value };
}

function textOf(item: JsonMap, field: string, at: At): string {
  const value = item[field];
  if (typeof value === 'string') return value;
  return fail(at, { code: 'invalid-patch', message: `this operation has no ${field}`, fix: `add ${field}` });
}

function positionOf(document: ParsedDocument, path: readonly (string | number)[]): At {
  return document.source.at(offsetOf(document.node, path));
}
