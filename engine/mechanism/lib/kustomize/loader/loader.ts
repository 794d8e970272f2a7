/** Reads a kustomization and everything below it, and collects every finding on the way. */
import { type Diagnostic, fail, KustomizeError, type Position } from '../errors.ts';
import { readCrdTables } from '../fieldspecs/crds.ts';
import type { FieldTables } from '../fieldspecs/tables.ts';
import type { FileSystem } from '../file-system.ts';
import { decodeDocument } from '../kustomization/decoder.ts';
import { kustomizationShape, replacementShape, type Shape } from '../kustomization/shapes.ts';
import type { Generator, Kustomization, Patch, Replacement } from '../kustomization/types.ts';
import type { ParseCache } from '../parse-cache.ts';
import { baseName, isRemote, isWithin, joinPath, resolvePath } from '../paths.ts';
import { type PluginField, requireBuiltin } from '../plugins/plugins.ts';
import { Resource } from '../resource.ts';
import { isList, isMap } from '../types.ts';
import { offsetOf, type ParsedDocument, parseDocuments, SourceText } from '../yaml/parser.ts';
import { readConfiguration } from './configurations.ts';
import { type FileContent, generate } from './generators.ts';
import type { LoadedInput, LoadedKustomization, LoadedPatch, LoadedReplacement, LoadResult } from './model.ts';
import { loadPatch, requireTargetName } from './patches.ts';
import { loadResources, parseObjects } from './resources.ts';
import { deprecations, requireConsistent } from './rules.ts';

const FILE_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const DEPTH_MAX = 200;
/** Directories that are listed twice are read twice; a chain of such lists doubles with every link. */
const DIRECTORIES_MAX = 5_000;

type At = Position & { source?: string };

export interface LoadOptions {
  /** The file system of a remote URL, when the caller has one mapped. */
  repositories?: (url: string) => FileSystem | undefined;
  /** Files may lie outside of their kustomization's directory (`--load-restrictor LoadRestrictionsNone`). */
  unrestricted?: boolean;
  cache?: ParseCache;
}

/** Loads the kustomization in a directory. Throws KustomizeError with all findings. */
export function load(
  fileSystem: FileSystem,
  directory: string,
  options: LoadOptions,
  edit?: (spec: Kustomization) => void,
): LoadResult {
  const loader = new Loader(options);
  const at = { file: directory === '' ? '.' : directory, line: 1, column: 1 };
  const root = loader.attempt(() => loader.directory(fileSystem, realPath(fileSystem, directory), at, [], edit));
  if (!root || loader.findings.length > 0) throw new KustomizeError(loader.findings);
  return { root, warnings: loader.warnings };
}

interface Visit {
  fileSystem: FileSystem;
  directory: string;
}

class Loader {
  readonly findings: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  readonly options: LoadOptions;
  private directories = 0;

  constructor(options: LoadOptions) {
    this.options = options;
  }

  /** Runs one step; its findings are kept and loading goes on. */
  attempt<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof KustomizeError)) throw error;
      this.findings.push(...error.diagnostics);
      return undefined;
    }
  }

  directory(
    fileSystem: FileSystem,
    directory: string,
    at: At,
    visits: readonly Visit[],
    edit?: (spec: Kustomization) => void,
  ): LoadedKustomization {
    if (visits.length > DEPTH_MAX)
      fail(at, { code: 'cycle', message: `kustomizations are nested deeper than ${DEPTH_MAX}` });
    if (++this.directories > DIRECTORIES_MAX) {
      const message = `more than ${DIRECTORIES_MAX} kustomizations are read`;
      const why = 'a directory counts as often as it is listed';
      throw new KustomizeError([{ ...at, code: 'too-large', message, why, fix: 'list each directory once' }]);
    }
    const document = this.kustomizationFile(fileSystem, directory, at);
    const spec = decodeDocument(document, kustomizationShape, this.findings) as Kustomization;
    this.warnings.push(...deprecations(spec, document));
    edit?.(spec);
    requireConsistent(spec, document, this.findings);
    const scope = new Scope(this, fileSystem, directory, document, spec, [...visits, { fileSystem, directory }]);
    return scope.load();
  }

  private kustomizationFile(fileSystem: FileSystem, directory: string, at: At): ParsedDocument {
    const found = FILE_NAMES.filter((name) => fileSystem.readFile(joinPath(directory, name)) !== undefined);
    const [name] = found;
    const where = directory === '' ? 'the root directory' : directory;
    if (name === undefined) {
      const message = `no kustomization file in ${where}`;
      fail(at, { code: 'missing-kustomization', message, fix: `add ${FILE_NAMES.join(' or ')}` });
    }
    if (found.length > 1) {
      const message = `several kustomization files in ${where}: ${found.join(', ')}`;
      fail(at, { code: 'ambiguous-kustomization', message, fix: 'keep one of them' });
    }
    const path = joinPath(directory, name);
    const source = new SourceText(path, fileSystem.readFile(path) ?? '');
    const documents = this.parsed(parseSettings, source);
    const [document] = documents;
    if (documents.length > 1) {
      const second = source.at(offsetOf(documents[1]?.node ?? null, []));
      fail(second, {
        code: 'invalid-yaml',
        message: 'a kustomization file holds one document',
        fix: 'remove the others',
      });
    }
    if (!document || document.value === undefined || document.value === null) {
      fail(
        { file: path, line: 1, column: 1 },
        { code: 'missing-field', message: 'this kustomization is empty', fix: 'list resources' },
      );
    }
    return document;
  }

  parsed<T>(parse: (source: SourceText) => T, source: SourceText): T {
    return this.options.cache?.get(parse, source) ?? parse(source);
  }

  remote(url: string): FileSystem | undefined {
    return this.options.repositories?.(url);
  }
}

/** Loading inside one kustomization. */
class Scope {
  private readonly loader: Loader;
  private readonly fileSystem: FileSystem;
  private readonly root: string;
  private readonly document: ParsedDocument;
  private readonly spec: Kustomization;
  private readonly visits: readonly Visit[];

  constructor(
    loader: Loader,
    fileSystem: FileSystem,
    root: string,
    document: ParsedDocument,
    spec: Kustomization,
    visits: readonly Visit[],
  ) {
    this.loader = loader;
    this.fileSystem = fileSystem;
    this.root = root;
    this.document = document;
    this.spec = spec;
    this.visits = visits;
  }

  load(): LoadedKustomization {
    const { spec } = this;
    return {
      fileSystem: this.fileSystem,
      directory: this.root,
      unrestricted: this.loader.options.unrestricted === true,
      file: this.document.source.file,
      document: this.document,
      spec,
      isComponent: spec.kind === 'Component',
      inputs: [...this.inputs('resources'), ...this.inputs('bases')],
      components: this.each('components', spec.components, (path, at) => ({
        from: path,
        target: this.base(path, at, true),
      })),
      generated: [
        ...this.generators('configMapGenerator', 'ConfigMap'),
        ...this.generators('secretGenerator', 'Secret'),
      ],
      strategicMerges: this.each('patchesStrategicMerge', spec.patchesStrategicMerge, (text, at) =>
        this.legacyMerge(text, at),
      ),
      patches: this.each('patches', spec.patches, (patch, at) => this.patch(patch, at)),
      jsonPatches: this.each('patchesJson6902', spec.patchesJson6902, (patch, at) => {
        requireTargetName(patch.target, at);
        return this.patch(patch, at);
      }),
      replacements: this.each('replacements', spec.replacements, (entry, at) => this.replacement(entry, at)).flat(),
      generators: this.pluginInputs('generators'),
      transformers: this.pluginInputs('transformers'),
      validators: this.pluginInputs('validators'),
      configurations: [
        ...this.each('configurations', spec.configurations, (path, at) => this.configuration(path, at)),
        ...this.each('crds', spec.crds, (path, at) => this.crd(path, at)),
      ],
      openApi: this.loader.attempt(() => this.openApi()),
    };
  }

  private at(path: readonly (string | number)[]): At {
    return this.document.source.at(offsetOf(this.document.node, path));
  }

  /** Runs a step for each item of a list field and keeps the results of those that succeed. */
  private each<T, R>(field: string, items: readonly T[] | undefined, step: (item: T, at: At, index: number) => R): R[] {
    const results: R[] = [];
    (items ?? []).forEach((item, index) => {
      const result = this.loader.attempt(() => step(item, this.at([field, index]), index));
      if (result !== undefined) results.push(result);
    });
    return results;
  }

  private inputs(field: 'resources' | 'bases'): LoadedInput[] {
    return this.each(field, this.spec[field], (path, at) => this.input(path, at));
  }

  private input(path: string, at: At): LoadedInput {
    const resolved = isRemote(path) ? undefined : this.resolve(path);
    if (resolved !== undefined && this.fileSystem.readFile(resolved) !== undefined) {
      const text = this.text(path, at);
      return { from: path, resources: this.loader.parsed(loadResources, text) };
    }
    return { from: path, target: this.base(path, at, false) };
  }

  /** Plugin configurations: inline YAML, files or directories. Directories are checked when they are built. */
  private pluginInputs(field: PluginField): LoadedInput[] {
    return this.each(field, this.spec[field], (entry, at) => {
      const input: LoadedInput = entry.includes('\n')
        ? { from: baseName(at.file), resources: inlineResources(entry, at) }
        : this.input(entry, at);
      if ('resources' in input) for (const plugin of input.resources) requireBuiltin(plugin, field);
      return input;
    });
  }

  /** Where a path of this kustomization leads, symbolic links followed; undefined above the root of the tree. */
  private resolve(path: string): string | undefined {
    const resolved = resolvePath(this.root, path);
    if (resolved === undefined) return undefined;
    const real = realPath(this.fileSystem, resolved);
    return real === '..' || real.startsWith('../') ? undefined : real;
  }

  /** Another kustomization: a directory of this file system, or a mapped remote. */
  private base(path: string, at: At, component: boolean): LoadedKustomization {
    const target = isRemote(path) ? this.remoteBase(path, at) : this.localBase(path, at, component);
    const isComponent = target.isComponent;
    if (component && !isComponent) {
      const fix =
        'set kind: Component and apiVersion: kustomize.config.k8s.io/v1alpha1 there, or list it under resources';
      fail(at, { code: 'wrong-value', message: `${path} is not a Component`, fix });
    }
    if (!component && isComponent) {
      fail(at, { code: 'wrong-value', message: `${path} is a Component`, fix: 'list it under components' });
    }
    return target;
  }

  private localBase(path: string, at: At, component: boolean): LoadedKustomization {
    const resolved = this.resolve(path);
    if (resolved === undefined) return fail(at, outside(path, 'the root of the tree'));
    const containing = this.visits.find(
      (visit) => visit.fileSystem === this.fileSystem && isWithin(visit.directory, resolved),
    );
    if (containing) {
      const chain = [...this.visits.map((visit) => visit.directory || '.'), resolved || '.'].join(' → ');
      const why = `${path} contains ${containing.directory || '.'}, which is being built: ${chain}`;
      fail(at, { code: 'cycle', message: 'cycle detected', why, fix: 'remove this entry' });
    }
    if (this.fileSystem.readDirectory(resolved) === undefined) {
      const what = component ? 'no directory' : 'neither a file nor a directory';
      const nearest = this.siblings(resolved);
      fail(at, {
        code: 'missing-file',
        message: `there is ${what} ${resolved || '.'}`,
        fix: nearest ?? 'correct the path',
      });
    }
    return this.loader.directory(this.fileSystem, resolved, at, this.visits);
  }

  private siblings(path: string): string | undefined {
    const directory = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    const names = this.fileSystem.readDirectory(directory);
    return names ? `${directory || 'the root'} holds ${names.slice(0, 12).join(', ')}` : undefined;
  }

  private remoteBase(url: string, at: At): LoadedKustomization {
    const fileSystem = this.loader.remote(url);
    if (!fileSystem) {
      const why = 'this renderer does no network access';
      fail(at, {
        code: 'unsupported',
        message: `remote ${url}`,
        why,
        fix: 'map the URL to a local repository, or vendor the files',
      });
    }
    const inside = /^(?:[a-z]+:\/\/)?[^?]*?\/\/([^?]*)/i.exec(url.replace(/^[a-z0-9+.-]+:\/\//i, ''))?.[1] ?? '';
    return this.loader.directory(fileSystem, resolvePath('', inside) ?? '', at, this.visits);
  }

  /** The path of a file of this kustomization; files must lie in or below its directory. */
  private filePath(path: string, at: At): string {
    if (isRemote(path)) {
      fail(at, { code: 'unsupported', message: `remote file ${path}`, fix: 'copy the file into the repository' });
    }
    const resolved = this.resolve(path);
    if (resolved === undefined || !(this.loader.options.unrestricted || isWithin(resolved, this.root)))
      fail(at, outside(path, this.root || 'the root of the tree'));
    if (this.fileSystem.readFile(resolved) === undefined) {
      const message = this.fileSystem.readDirectory(resolved)
        ? `${resolved} is a directory, not a file`
        : `there is no file ${resolved}`;
      fail(at, { code: 'missing-file', message, fix: this.siblings(resolved) ?? 'correct the path' });
    }
    return resolved;
  }

  private text(path: string, at: At): SourceText {
    const resolved = this.filePath(path, at);
    return new SourceText(resolved, this.fileSystem.readFile(resolved) ?? '');
  }

  private content(path: string, at: At): FileContent {
    const resolved = this.filePath(path, at);
    const bytes = this.fileSystem.readBytes?.(resolved);
    if (bytes && !isUtf8(bytes)) return bytes;
    return this.fileSystem.readFile(resolved) ?? '';
  }

  private generators(field: 'configMapGenerator' | 'secretGenerator', kind: 'ConfigMap' | 'Secret'): Resource[] {
    return this.each(field, this.spec[field], (entry: Generator, _at, index) =>
      generate(entry, {
        kind,
        globalOptions: this.spec.generatorOptions,
        at: (path) => this.at([field, index, ...path]),
        readFile: (path, at) => this.content(path, at),
      }),
    );
  }

  private patch(patch: Patch, at: At): LoadedPatch {
    const inline = patch.patch?.trim() ?? '';
    if ((inline === '') === (patch.path === undefined || patch.path === '')) {
      fail(at, {
        code: 'invalid-patch',
        message: 'a patch needs exactly one of patch and path',
        fix: 'give one of the two',
      });
    }
    const text = inline === '' ? this.text(patch.path ?? '', at) : new SourceText(at.file, inline);
    const loaded = loadPatch(patch, text, at, (source) => this.loader.parsed(parseObjects, source));
    if (loaded.merges.length === 0 && !loaded.operations) {
      this.loader.warnings.push({
        ...at,
        code: 'unused',
        message: `${text.file}: this patch is empty`,
        fix: 'remove it',
      });
    }
    return loaded;
  }

  private legacyMerge(entry: string, at: At): LoadedPatch {
    const resolved = this.resolve(entry);
    const isInline =
      entry.includes('\n') ||
      (resolved !== undefined && this.fileSystem.readFile(resolved) === undefined && entry.includes(':'));
    const text = isInline ? new SourceText(at.file, entry) : this.text(entry, at);
    const loaded = loadPatch({}, text, at, (source) => this.loader.parsed(parseObjects, source));
    if (loaded.merges.length > 0) return loaded;
    return fail(at, { code: 'invalid-patch', message: 'this patch is empty', fix: 'add a patch or remove the entry' });
  }

  private replacement(entry: Replacement, at: At): LoadedReplacement[] {
    if (!entry.path) return [{ at, replacement: entry }];
    if (entry.source || entry.targets) {
      fail(at, {
        code: 'wrong-value',
        message: 'path and an inline replacement exclude each other',
        fix: 'use two entries',
      });
    }
    const source = this.text(entry.path, at);
    const loaded: LoadedReplacement[] = [];
    for (const document of this.loader.parsed(parseSettings, source)) {
      const values = isList(document.value) ? document.value : [document.value];
      values.forEach((value, index) => {
        const fields = (replacementShape as { fields: Record<string, Shape> }).fields;
        const replacement = decodeDocument({ ...document, value }, fields, this.loader.findings) as Replacement;
        const path = isList(document.value) ? [index] : [];
        loaded.push({ at: source.at(offsetOf(document.node, path)), replacement });
      });
    }
    return loaded;
  }

  private configuration(path: string, at: At): Partial<FieldTables> {
    return this.loader.parsed(readConfiguration, this.text(path, at));
  }

  private crd(path: string, at: At): Partial<FieldTables> {
    const [document] = this.loader.parsed(parseObjects, this.text(path, at));
    if (!document || !isMap(document.value)) {
      fail(at, { code: 'wrong-type', message: `${path} holds no definitions`, fix: 'list OpenAPI definitions' });
    }
    return readCrdTables(document.value as Parameters<typeof readCrdTables>[0]);
  }

  /** The document of `openapi.path`; without definitions it stands for the built-in schema, asked for by version. */
  private openApi(): { definitions?: unknown; isBuiltIn?: true } | undefined {
    const { openapi } = this.spec;
    if (!openapi || Object.keys(openapi).length === 0) return undefined;
    const at = this.at(['openapi']);
    for (const key of Object.keys(openapi)) {
      if (key === 'path') continue;
      if (key === 'version' && openapi.version === 'v1.21.2') continue;
      const why = 'kustomize 5.8 carries one schema, v1.21.2';
      fail(this.at(['openapi', key]), {
        code: 'unsupported',
        message: `openapi.${key} is not supported`,
        why,
        fix: 'use openapi.path',
      });
    }
    if (openapi.path === undefined) return { isBuiltIn: true };
    if (openapi.version !== undefined) {
      const message = 'openapi.path and openapi.version exclude each other';
      fail(at, { code: 'wrong-value', message, fix: 'keep one of the two' });
    }
    const [document] = this.loader.parsed(parseObjects, this.text(openapi.path, at));
    if (!document || !isMap(document.value)) {
      fail(at, {
        code: 'wrong-type',
        message: `${openapi.path} is not an OpenAPI document`,
        fix: 'it must hold `definitions`',
      });
    }
    return document.value;
  }
}

function realPath(fileSystem: FileSystem, path: string): string {
  return fileSystem.realPath?.(path) ?? path;
}

function parseSettings(source: SourceText): ParsedDocument[] {
  return parseDocuments(source, 'kustomization');
}

/** Inline objects are found where the entry that holds them is. */
function inlineResources(text: string, at: At): Resource[] {
  return loadResources(new SourceText(at.file, text)).map((resource) => new Resource(resource.object ?? {}, at));
}

function outside(path: string, root: string): Pick<Diagnostic, 'code' | 'message' | 'why' | 'fix'> {
  return {
    code: 'outside-root',
    message: `${path} is not in or below ${root}`,
    why: 'a kustomization may only read files in or below its own directory',
    fix: 'move the file, or make its directory a base and list that',
  };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
