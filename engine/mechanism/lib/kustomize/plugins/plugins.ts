/** Runs built-in plugins given as YAML under `transformers` and `generators`. */
import { type Diagnostic, fail, KustomizeError, type Position } from '../errors.ts';
import { decodeDocument } from '../kustomization/decoder.ts';
import type { Shape } from '../kustomization/shapes.ts';
import type { FieldSpec, Generator, Image, Patch, Replacement, Replica } from '../kustomization/types.ts';
import { generate } from '../loader/generators.ts';
import type { LoadedKustomization, LoadedPatch } from '../loader/model.ts';
import { loadPatch, requireTargetName } from '../loader/patches.ts';
import { baseName, isWithin, resolvePath } from '../paths.ts';
import { Resource } from '../resource.ts';
import type { Schemas } from '../schema/schemas.ts';
import {
  affixNames,
  type SubjectMode,
  setEntries,
  setImages,
  setNamespace,
  setReplicas,
} from '../transformers/fields.ts';
import { appendHashes } from '../transformers/name-hash.ts';
import { applyPatch } from '../transformers/patches.ts';
import { applyReplacements } from '../transformers/replacements.ts';
import { addValue, type ValueAddTarget } from '../transformers/value-add.ts';
import { getField, isMap, scalarText } from '../types.ts';
import { parseDocuments, SourceText } from '../yaml/parser.ts';
import { generatorShapes, transformerShapes, valueAddTargetFile } from './shapes.ts';

type Shapes = Readonly<Record<string, Readonly<Record<string, Shape>>>>;

interface Config {
  fieldSpecs?: FieldSpec[];
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  unsetOnly?: boolean;
  setRoleBindingSubjects?: string;
  prefix?: string;
  suffix?: string;
  imageTag?: Image;
  replica?: Replica;
  jsonOp?: string;
  paths?: string[];
  patches?: string;
  replacements?: Replacement[];
  value?: string;
  targets?: ValueAddTarget[];
  targetFilePath?: string;
}

/** The fields of a kustomization that list plugins. A validator is a transformer that changes nothing. */
export type PluginField = 'generators' | 'transformers' | 'validators';

/** Refuses everything that is no built-in plugin: exec, container and Go functions. Throws KustomizeError. */
export function requireBuiltin(plugin: Resource, field: PluginField): void {
  const shapes = field === 'generators' ? generatorShapes : transformerShapes;
  if (plugin.apiVersion === 'builtin' && Object.hasOwn(shapes, plugin.kind)) return;
  fail(plugin.at, {
    code: 'unsupported',
    message: `the plugin ${plugin.apiVersion}/${plugin.kind} is not supported`,
    why: `only built-in ones run here: ${Object.keys(shapes).join(', ')}`,
    fix: 'run the plugin beforehand and list its output, or use a built-in one',
  });
}

/** The object a built-in generator makes. */
export function runGenerator(plugin: Resource, target: LoadedKustomization, warnings: Diagnostic[]): Resource {
  requireBuiltin(plugin, 'generators');
  const decoded = decodeConfig(plugin, generatorShapes, warnings);
  if (plugin.kind === 'IAMPolicyGenerator') return cloudServiceAccount(decoded as CloudAccount, plugin.at);
  const config = decoded as Generator;
  const metadata = plugin.metadata.bind(plugin);
  const named = {
    ...config,
    name: config.name || plugin.name,
    namespace: config.namespace || scalarText(metadata('namespace') ?? undefined),
  };
  return generate(named, {
    kind: plugin.kind === 'SecretGenerator' ? 'Secret' : 'ConfigMap',
    globalOptions: undefined,
    at: () => plugin.at,
    readFile: (path) => readFile(target, path, plugin.at).text,
  });
}

/** Applies a built-in transformer. */
export function runTransformer(
  plugin: Resource,
  resources: readonly Resource[],
  target: LoadedKustomization,
  schemas: Schemas,
  warnings: Diagnostic[],
): void {
  requireBuiltin(plugin, 'transformers');
  const config = decodeConfig(plugin, transformerShapes, warnings) as Config & Patch;
  const { at } = plugin;
  const specs = config.fieldSpecs ?? [];
  switch (plugin.kind) {
    case 'AnnotationsTransformer':
      setEntries(resources, config.annotations ?? {}, specs);
      break;
    case 'LabelTransformer':
      setEntries(resources, config.labels ?? {}, specs);
      break;
    case 'NamespaceTransformer':
      runNamespace(plugin, config, resources, specs);
      break;
    case 'PrefixTransformer':
    case 'SuffixTransformer':
    case 'PrefixSuffixTransformer':
      runAffixes(plugin, config, resources);
      break;
    case 'ImageTagTransformer':
      setImages(resources, config.imageTag ?? {}, specs, at);
      break;
    case 'ReplicaCountTransformer':
      setReplicas(resources, config.replica ?? {}, specs, at);
      break;
    case 'ReplacementTransformer':
      applyReplacements(resources, inlineReplacements(config, at));
      break;
    case 'ValueAddTransformer':
      addValue(resources, addedValue(config, target, at), valueAddTargets(config, target, at), at);
      break;
    case 'HashTransformer':
      appendHashes(resources);
      break;
    default:
      for (const patch of readPatches(plugin.kind, config, target, at)) {
        applyPatch(resources, patch, schemas, plugin.kind !== 'PatchJson6902Transformer');
      }
  }
}

function runNamespace(
  plugin: Resource,
  config: Config,
  resources: readonly Resource[],
  specs: readonly FieldSpec[],
): void {
  const namespace = plugin.namespace;
  const subjects = config.setRoleBindingSubjects || 'defaultOnly';
  if (!['defaultOnly', 'allServiceAccounts', 'none'].includes(subjects)) {
    const fix = 'use defaultOnly, allServiceAccounts or none';
    fail(plugin.at, { code: 'wrong-value', message: `setRoleBindingSubjects "${subjects}" does not exist`, fix });
  }
  if (namespace === '') return;
  const mode = { unsetOnly: config.unsetOnly === true, subjects: subjects as SubjectMode };
  setNamespace(resources, namespace, specs, plugin.at, mode);
}

function runAffixes(plugin: Resource, config: Config, resources: readonly Resource[]): void {
  if (!config.fieldSpecs) {
    fail(plugin.at, {
      code: 'missing-field',
      message: `this ${plugin.kind} has no fieldSpecs`,
      fix: 'add fieldSpecs: [{path: metadata/name}]',
    });
  }
  if (plugin.kind !== 'SuffixTransformer') affixNames(resources, config.prefix ?? '', 'prefix', config.fieldSpecs);
  if (plugin.kind !== 'PrefixTransformer') affixNames(resources, config.suffix ?? '', 'suffix', config.fieldSpecs);
}

/** The value to add; when none is given, the name of the kustomization's directory. */
function addedValue(config: Config, target: LoadedKustomization, at: Position): string {
  const value = config.value?.trim() || baseName(target.directory);
  if (value !== '') return value;
  const why = 'it stands for the name of the directory, and the root directory has none';
  return fail(at, { code: 'missing-field', message: 'this ValueAddTransformer has no value', why, fix: 'add value' });
}

function valueAddTargets(config: Config, target: LoadedKustomization, at: Position): ValueAddTarget[] {
  const targets = config.targets ?? [];
  if (!config.targetFilePath) return targets;
  const [document] = parseDocuments(readFile(target, config.targetFilePath, at), 'kustomization');
  if (!document) return targets;
  const findings: Diagnostic[] = [];
  const file = decodeDocument(document, valueAddTargetFile, findings);
  const errors = findings.filter(({ code }) => code !== 'unknown-field');
  if (errors.length > 0) throw new KustomizeError(errors);
  return [...targets, ...((file.targets ?? []) as ValueAddTarget[])];
}

function inlineReplacements(config: Config, at: Position): { at: Position; replacement: Replacement }[] {
  return (config.replacements ?? []).map((replacement) => {
    if (replacement.path)
      fail(at, {
        code: 'unsupported',
        message: 'replacements[].path in a ReplacementTransformer',
        fix: 'write it inline',
      });
    return { at, replacement };
  });
}

function readPatches(kind: string, config: Config & Patch, target: LoadedKustomization, at: Position): LoadedPatch[] {
  const inline = (text: string) => new SourceText(at.file, text);
  if (kind === 'PatchStrategicMergeTransformer') {
    const paths = (config.paths ?? []).map((entry) =>
      entry.includes('\n') ? inline(entry) : readFile(target, entry, at),
    );
    const texts = config.patches ? [...paths, inline(config.patches)] : paths;
    return texts.map((text) => loadPatch({}, text, at));
  }
  if (kind === 'PatchJson6902Transformer') requireTargetName(config.target, at);
  const text = kind === 'PatchJson6902Transformer' ? config.jsonOp : config.patch;
  if (Boolean(text) === Boolean(config.path)) {
    fail(at, {
      code: 'invalid-patch',
      message: `this ${kind} needs exactly one of an inline patch and a path`,
      fix: 'give one of the two',
    });
  }
  return [loadPatch(config, text ? inline(text) : readFile(target, config.path ?? '', at), at)];
}

function readFile(target: LoadedKustomization, path: string, at: Position): SourceText {
  const lexical = resolvePath(target.directory, path);
  const resolved = lexical === undefined ? undefined : (target.fileSystem.realPath?.(lexical) ?? lexical);
  const inside =
    resolved !== undefined &&
    !/^\.\.(\/|$)/.test(resolved) &&
    (target.unrestricted || isWithin(resolved, target.directory));
  const text = inside ? target.fileSystem.readFile(resolved) : undefined;
  if (text !== undefined) return new SourceText(resolved ?? path, text);
  const message = inside
    ? `there is no file ${resolved}`
    : `${path} is not in or below ${target.directory || 'the root of the tree'}`;
  return fail(at, { code: inside ? 'missing-file' : 'outside-root', message, fix: 'correct the path' });
}

interface CloudAccount {
  cloud?: string;
  kubernetesService?: { name?: string; namespace?: string };
  serviceAccount?: { name?: string; projectId?: string };
}

/** The ServiceAccount an IAMPolicyGenerator makes. */
function cloudServiceAccount(config: CloudAccount, at: Position): Resource {
  const { cloud = '', kubernetesService: account = {}, serviceAccount: identity = {} } = config;
  if (cloud !== 'gke')
    fail(at, { code: 'wrong-value', message: `the cloud "${cloud}" is not supported`, fix: 'write cloud: gke' });
  const email = `${identity.name ?? ''}@${identity.projectId ?? ''}.iam.gserviceaccount.com`;
  const metadata = {
    annotations: { 'iam.gke.io/gcp-service-account': email },
    name: account.name ?? '',
    ...(account.namespace ? { namespace: account.namespace } : {}),
  };
  return new Resource({ apiVersion: 'v1', kind: 'ServiceAccount', metadata }, at);
}

/** The configuration without its header; findings point at the plugin. */
function decodeConfig(plugin: Resource, shapes: Shapes, warnings: Diagnostic[]): Record<string, unknown> {
  const findings: Diagnostic[] = [];
  const document = { value: plugin.object, node: null, source: new SourceText(plugin.at.file, '') };
  const config = decodeDocument(document, shapes[plugin.kind] ?? {}, findings);
  const placed = findings.map((finding) => ({ ...finding, ...plugin.at }));
  // Upstream reads plugin configurations without looking at fields it does not know.
  warnings.push(...placed.filter(({ code }) => code === 'unknown-field'));
  const errors = placed.filter(({ code }) => code !== 'unknown-field');
  if (errors.length > 0) throw new KustomizeError(errors);
  if (isMap(getField(config, 'metadata'))) delete config.metadata;
  return config;
}
