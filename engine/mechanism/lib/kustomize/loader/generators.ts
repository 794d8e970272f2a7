/** ConfigMap and Secret generators (spec §7.1): literals, files and env files into an object. */
import { fail, type Position } from '../errors.ts';
import type { Generator, GeneratorOptions } from '../kustomization/types.ts';
import { baseName } from '../paths.ts';
import { type Behavior, Resource } from '../resource.ts';
import { type JsonMap, setField } from '../types.ts';

type At = Position & { source?: string };
/** A file's content: text when it is valid UTF-8, else bytes. */
export type FileContent = string | Uint8Array;

export interface GeneratorContext {
  kind: 'ConfigMap' | 'Secret';
  globalOptions: GeneratorOptions | undefined;
  at: (path: readonly (string | number)[]) => At;
  readFile: (path: string, at: At) => FileContent;
}

/** Makes the object of one generator entry. Throws KustomizeError. */
export function generate(generator: Generator, context: GeneratorContext): Resource {
  const at = context.at([]);
  if (!generator.name) fail(at, { code: 'missing-field', message: 'this generator has no name', fix: 'add name' });
  const options = mergeOptions(generator.options, context.globalOptions);
  const object: JsonMap = { apiVersion: 'v1', kind: context.kind, metadata: { name: generator.name } };
  if (context.kind === 'Secret') object.type = generator.type || 'Opaque';
  fillData(object, collectPairs(generator, context), context.kind);
  if (options.immutable) object.immutable = true;
  const resource = new Resource(object, at);
  if (generator.namespace) resource.setMetadata('namespace', generator.namespace);
  if (options.labels && Object.keys(options.labels).length > 0) resource.setMetadata('labels', { ...options.labels });
  if (options.annotations && Object.keys(options.annotations).length > 0) {
    resource.setMetadata('annotations', { ...options.annotations });
  }
  resource.needsHash = options.disableNameSuffixHash !== true;
  resource.behavior = parseBehavior(generator.behavior, context.at(['behavior']));
  return resource;
}

function parseBehavior(behavior: string | undefined, at: At): Behavior {
  if (behavior === undefined || behavior === '' || behavior === 'create') return 'create';
  if (behavior === 'replace' || behavior === 'merge') return behavior;
  return fail(at, {
    code: 'wrong-value',
    message: `behavior "${behavior}" does not exist`,
    fix: 'use create, replace or merge',
  });
}

/** Local options win over `generatorOptions`; a flag set globally cannot be unset locally. */
function mergeOptions(local: GeneratorOptions | undefined, global: GeneratorOptions | undefined): GeneratorOptions {
  return {
    labels: { ...global?.labels, ...local?.labels },
    annotations: { ...global?.annotations, ...local?.annotations },
    disableNameSuffixHash: global?.disableNameSuffixHash || local?.disableNameSuffixHash,
    immutable: global?.immutable || local?.immutable,
  };
}

interface Pair {
  key: string;
  value: FileContent;
  at: At;
}

function collectPairs(generator: Generator, context: GeneratorContext): Pair[] {
  const envs = (generator.envs ?? []).map((path, index) => ({ path, at: context.at(['envs', index]) }));
  if (generator.env) envs.push({ path: generator.env, at: context.at(['env']) });
  const pairs = [
    ...envs.flatMap(({ path, at }) => readEnvFile(context.readFile(path, at), path, at)),
    ...(generator.literals ?? []).map((literal, index) => parseLiteral(literal, context.at(['literals', index]))),
    ...(generator.files ?? []).map((file, index) => readFileSource(file, context.at(['files', index]), context)),
  ];
  const seen = new Set<string>();
  for (const { key, at } of pairs) {
    requireKey(key, at);
    if (seen.has(key)) {
      const message = `${context.kind} ${generator.name} gets the key "${key}" twice`;
      fail(at, { code: 'duplicate-key', message, fix: 'remove one of the two sources' });
    }
    seen.add(key);
  }
  return pairs;
}

function requireKey(key: string, at: At): void {
  if (/^[-._a-zA-Z0-9]+$/.test(key) && key !== '.' && key !== '..' && key.length <= 253) return;
  const why = 'a key consists of letters, digits, "-", "_" and "."';
  fail(at, { code: 'wrong-value', message: `"${key}" is not a valid key`, why, fix: 'rename the key' });
}

function parseLiteral(literal: string, at: At): Pair {
  const equals = literal.indexOf('=');
  if (equals <= 0) {
    fail(at, { code: 'wrong-value', message: `"${literal}" is not of the form key=value`, fix: 'write key=value' });
  }
  return { key: literal.slice(0, equals), value: withoutQuotes(literal.slice(equals + 1)), at };
}

function withoutQuotes(text: string): string {
  const first = text[0];
  const quoted = text.length >= 2 && first === text.at(-1) && (first === '"' || first === "'");
  return quoted ? text.slice(1, -1) : text;
}

function readFileSource(source: string, at: At, context: GeneratorContext): Pair {
  const parts = source.split('=');
  if (parts.length > 2) {
    fail(at, { code: 'wrong-value', message: `"${source}" contains more than one "="`, fix: 'write key=path' });
  }
  const [key = '', path = ''] = parts.length === 2 ? parts : [baseName(source), source];
  if (key === '' || path === '') {
    fail(at, { code: 'wrong-value', message: `"${source}" lacks a key or a path`, fix: 'write key=path or path' });
  }
  return { key, value: context.readFile(path, at), at };
}

function readEnvFile(content: FileContent, path: string, at: At): Pair[] {
  if (typeof content !== 'string') {
    fail(at, { code: 'wrong-value', message: `the env file ${path} is not valid UTF-8`, fix: 'list it under files' });
  }
  const lines = content.replace(/^\uFEFF/, '').split('\n');
  const pairs: Pair[] = [];
  for (const raw of lines) {
    const line = raw.replace(/\r$/, '').trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const key = equals < 0 ? line : line.slice(0, equals);
    if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(key)) {
      const why = 'a name consists of letters, digits, "-", "_" and ".", and does not start with a digit';
      fail(at, {
        code: 'wrong-value',
        message: `${path}: "${key}" is not a valid variable name`,
        why,
        fix: 'rename it',
      });
    }
    pairs.push({ key, value: equals < 0 ? '' : line.slice(equals + 1), at });
  }
  return pairs;
}

function fillData(object: JsonMap, pairs: readonly Pair[], kind: 'ConfigMap' | 'Secret'): void {
  const data: JsonMap = {};
  const binaryData: JsonMap = {};
  for (const { key, value } of pairs) {
    if (kind === 'Secret') setField(data, key, toBase64(value));
    else if (typeof value === 'string') setField(data, key, value);
    else setField(binaryData, key, toBase64(value));
  }
  if (Object.keys(data).length > 0) object.data = data;
  if (Object.keys(binaryData).length > 0) object.binaryData = binaryData;
}

const BASE64_LINE = 70;

/** Base64 as Go's YAML library writes it: from 70 characters on in lines, each ended by a line break. */
function toBase64(content: FileContent): string {
  const text = Buffer.from(typeof content === 'string' ? new TextEncoder().encode(content) : content).toString(
    'base64',
  );
  return text.length < BASE64_LINE
    ? text
    : text.replace(
        /.{1,70}/g,
        (line) => `${line}
`,
      );
}
