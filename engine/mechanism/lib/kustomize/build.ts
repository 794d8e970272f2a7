/** The build: accumulates the objects of a loaded kustomization and applies its settings in kustomize's order (spec §4). */
import { type Diagnostic, fail, KustomizeError, type Position } from './errors.ts';
import { extendDefaults, mergeTables } from './fieldspecs/merge.ts';
import { defaultTables, type FieldTables } from './fieldspecs/tables.ts';
import type { LoadedInput, LoadedKustomization } from './loader/model.ts';
import { sortResources } from './order.ts';
import { runGenerator, runTransformer } from './plugins/plugins.ts';
import { runValidator } from './plugins/validators.ts';
import { builtinOrigin, joinRelative, recordTransformation, writeBuildMetadata } from './provenance.ts';
import { formatId, type Origin, type Resource } from './resource.ts';
import { Schemas } from './schema/schemas.ts';
import { affixNames, labelSpecs, setEntries, setImages, setNamespace, setReplicas } from './transformers/fields.ts';
import { absorbGenerated } from './transformers/generated.ts';
import { appendHashes } from './transformers/name-hash.ts';
import { fixNameReferences } from './transformers/name-references.ts';
import { applyPatch } from './transformers/patches.ts';
import { applyReplacements } from './transformers/replacements.ts';
import { type BoundVar, bindVar, requireNewVar, resolveVars } from './transformers/vars.ts';
import { isMap, type Json, type JsonMap, type KubeResource, setField } from './types.ts';
import { compareKeys } from './yaml/emitter.ts';
import { offsetOf } from './yaml/parser.ts';

/** What has been gathered so far; a component works on its parent's. */
interface Accumulator {
  resources: Resource[];
  tables: FieldTables | undefined;
  vars: BoundVar[];
}

/** Objects in output order, and beside each where its own document begins (generated ones: in their kustomization). */
export interface BuiltObjects {
  resources: KubeResource[];
  origins: Position[];
}

/** Builds the objects of a loaded tree. Throws KustomizeError with all findings; warnings are appended. */
export function buildLoaded(
  root: LoadedKustomization,
  warnings: Diagnostic[],
  order: 'legacy' | 'input' = 'legacy',
): BuiltObjects {
  const metadata = root.spec.buildMetadata ?? [];
  const builder = new Builder(metadata.length > 0, warnings);
  const { resources, vars, tables = defaultTables } = builder.accumulate(root, emptyAccumulator(), '');
  // What comes now looks at all objects together and would only repeat what went wrong before.
  if (builder.findings.length > 0) throw new KustomizeError(builder.findings);
  appendHashes(resources);
  fixNameReferences(resources, tables.nameReference);
  warnings.push(...resolveVars(resources, vars, tables.varReference));
  const kept = resources.filter((resource) => !isLocal(resource));
  const sorted = sortResources(kept, root.spec.sortOptions ?? (order === 'input' ? { order: 'fifo' } : undefined));
  writeBuildMetadata(sorted, metadata);
  return {
    resources: sorted.map(finish),
    origins: sorted.map(({ at: { file, line, column } }) => ({ file, line, column })),
  };
}

function emptyAccumulator(): Accumulator {
  return { resources: [], tables: undefined, vars: [] };
}

/** Objects that only serve the build. */
function isLocal(resource: Resource): boolean {
  return (resource.annotations()['config.kubernetes.io/local-config'] ?? 'false') !== 'false';
}

class Builder {
  private readonly schemas = new Schemas();
  private readonly tracksOrigins: boolean;
  private readonly warnings: Diagnostic[];
  /** What went wrong so far. A step that fails is left out and the build goes on, to find the other mistakes. */
  readonly findings: Diagnostic[] = [];

  constructor(tracksOrigins: boolean, warnings: Diagnostic[]) {
    this.tracksOrigins = tracksOrigins;
    this.warnings = warnings;
  }

  private attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof KustomizeError)) throw error;
      // A base that two overlays share is built twice, its mistakes are told once.
      const told = new Set(this.findings.map(identityOf));
      this.findings.push(...error.diagnostics.filter((finding) => !told.has(identityOf(finding))));
    }
  }

  /** `from` is the path by which the root leads to the target, for origins. */
  accumulate(target: LoadedKustomization, accumulator: Accumulator, from: string): Accumulator {
    if (target.openApi) this.schemas.use(target.openApi);
    this.accumulateInputs(target, target.inputs, accumulator, from);
    const at = positionIn(target, ['configurations']);
    accumulator.tables = mergeTables(accumulator.tables, extendDefaults(target.configurations, at), at);
    for (const generated of target.generated) {
      const resource = generated.clone();
      if (this.tracksOrigins) resource.origin = builtinOrigin(target, from, `${resource.kind}Generator`);
      this.attempt(() => absorbGenerated(accumulator.resources, resource));
    }
    for (const { plugin, origin } of this.plugins(target, target.generators, from)) {
      this.attempt(() => {
        const resource = runGenerator(plugin, target, this.warnings);
        resource.origin = origin;
        absorbGenerated(accumulator.resources, resource);
      });
    }
    for (const component of target.components) {
      this.accumulate(component.target, accumulator, joinRelative(from, component.from));
    }
    this.transform(target, accumulator, from);
    for (const { plugin, origin } of this.plugins(target, target.transformers, from)) {
      this.attempt(() => runTransformer(plugin, accumulator.resources, target, this.schemas, this.warnings));
      if (origin) recordTransformation(accumulator.resources, origin);
    }
    accumulator.resources = accumulator.resources.filter((resource) => resource.object);
    for (const { plugin } of this.plugins(target, target.validators, from)) {
      this.attempt(() => runValidator(plugin, accumulator.resources, target, this.schemas, this.warnings));
    }
    target.spec.vars?.forEach((variable, index) => {
      const at = positionIn(target, ['vars', index]);
      this.attempt(() => accumulator.vars.push(bindVar(accumulator.resources, variable, accumulator.vars, at)));
    });
    return accumulator;
  }

  /** Plugin configurations are resources themselves, and may come from bases. */
  private plugins(
    target: LoadedKustomization,
    inputs: readonly LoadedInput[],
    from: string,
  ): { plugin: Resource; origin: Origin | undefined }[] {
    const accumulator = emptyAccumulator();
    this.accumulateInputs(target, inputs, accumulator, from);
    return accumulator.resources.map((plugin) => {
      const configuredBy = {
        apiVersion: plugin.apiVersion,
        kind: plugin.kind,
        name: plugin.name,
        namespace: plugin.namespace,
      };
      return { plugin, origin: plugin.origin && { configuredIn: plugin.origin.path, configuredBy } };
    });
  }

  private accumulateInputs(
    target: LoadedKustomization,
    inputs: readonly LoadedInput[],
    accumulator: Accumulator,
    from: string,
  ): void {
    const index = new ResourceIndex(accumulator.resources);
    for (const input of inputs) {
      const path = joinRelative(from, input.from);
      if ('target' in input) {
        const part = this.accumulate(input.target, emptyAccumulator(), path);
        for (const resource of part.resources) this.attempt(() => index.add(resource));
        const at = positionIn(target, ['resources']);
        const { tables } = part;
        if (tables) {
          this.attempt(() => {
            accumulator.tables = mergeTables(accumulator.tables, tables, at);
          });
        }
        for (const variable of part.vars) {
          this.attempt(() => accumulator.vars.push(requireNewVar(variable, accumulator.vars)));
        }
      } else {
        for (const resource of input.resources) {
          const copy = resource.clone();
          this.schemas.see(copy.apiVersion, copy.kind);
          if (this.tracksOrigins) copy.origin = { path };
          this.attempt(() => index.add(copy));
        }
      }
    }
  }

  /** The settings of one kustomization, in upstream's order. */
  private transform(target: LoadedKustomization, accumulator: Accumulator, from: string): void {
    const { resources, tables = defaultTables } = accumulator;
    const { spec } = target;
    const at = (...path: (string | number)[]) => positionIn(target, path);
    const ran = (kind: string) => {
      if (this.tracksOrigins) recordTransformation(resources, builtinOrigin(target, from, kind));
    };
    for (const patch of target.strategicMerges) this.attempt(() => applyPatch(resources, patch, this.schemas));
    if (target.strategicMerges.length > 0) ran('PatchStrategicMergeTransformer');
    for (const patch of target.patches) {
      this.attempt(() => applyPatch(resources, patch, this.schemas));
      ran('PatchTransformer');
    }
    if (spec.namespace) {
      const { namespace } = spec;
      this.attempt(() => setNamespace(resources, namespace, tables.namespace, at('namespace')));
      ran('NamespaceTransformer');
    }
    if (spec.namePrefix) {
      affixNames(resources, spec.namePrefix, 'prefix', tables.namePrefix);
      ran('PrefixTransformer');
    }
    if (spec.nameSuffix) {
      affixNames(resources, spec.nameSuffix, 'suffix', tables.nameSuffix);
      ran('SuffixTransformer');
    }
    this.transformContents(target, resources, tables, ran);
  }

  private transformContents(
    target: LoadedKustomization,
    resources: Resource[],
    tables: FieldTables,
    ran: (kind: string) => void,
  ): void {
    const { spec } = target;
    const at = (...path: (string | number)[]) => positionIn(target, path);
    spec.labels?.forEach((label, index) => {
      this.attempt(() => setEntries(resources, label.pairs ?? {}, labelSpecs(label, tables, at('labels', index))));
      ran('LabelTransformer');
    });
    setEntries(resources, spec.commonLabels ?? {}, tables.commonLabels);
    if (spec.labels?.length || Object.keys(spec.commonLabels ?? {}).length > 0) ran('LabelTransformer');
    setEntries(resources, spec.commonAnnotations ?? {}, tables.commonAnnotations);
    if (Object.keys(spec.commonAnnotations ?? {}).length > 0) ran('AnnotationsTransformer');
    for (const patch of target.jsonPatches) {
      this.attempt(() => applyPatch(resources, patch, this.schemas, false));
      ran('PatchJson6902Transformer');
    }
    spec.replicas?.forEach((replica, index) => {
      this.attempt(() => setReplicas(resources, replica, tables.replicas, at('replicas', index)));
      ran('ReplicaCountTransformer');
    });
    for (const field of ['images', 'imageTags'] as const) {
      spec[field]?.forEach((image, index) => {
        this.attempt(() => setImages(resources, image, tables.images, at(field, index)));
        ran('ImageTagTransformer');
      });
    }
    for (const replacement of target.replacements) this.attempt(() => applyReplacements(resources, [replacement]));
    if (target.replacements.length > 0) ran('ReplacementTransformer');
  }
}

/** Adds resources to a list while it is not transformed, refusing a second one of the same identity. */
class ResourceIndex {
  private readonly resources: Resource[];
  private readonly byId = new Map<string, Resource>();

  constructor(resources: Resource[]) {
    this.resources = resources;
    for (const resource of resources) this.byId.set(formatId(resource.currentId), resource);
  }

  add(resource: Resource): void {
    const id = formatId(resource.currentId);
    const other = this.byId.get(id);
    if (other) {
      fail(resource.at, {
        code: 'duplicate-id',
        message: `${id} is already registered`,
        why: `it is defined at ${other.at.file}:${other.at.line} and at ${resource.at.file}:${resource.at.line}`,
        fix: 'remove one of the two, rename it, or turn it into a patch',
      });
    }
    this.byId.set(id, resource);
    this.resources.push(resource);
  }
}

function identityOf({ file, line, column, message }: Diagnostic): string {
  return `${file}:${line}:${column} ${message}`;
}

function positionIn(target: LoadedKustomization, path: readonly (string | number)[]): Position & { source?: string } {
  return target.document.source.at(offsetOf(target.document.node, path));
}

/** The plain object with its keys in output order. Empty annotations vanish, others become strings, as upstream. */
function finish(resource: Resource): KubeResource {
  if (isMap(resource.metadata('annotations'))) {
    const annotations = resource.annotations();
    resource.setMetadata('annotations', Object.keys(annotations).length > 0 ? annotations : undefined);
  }
  return sortKeys(resource.object ?? {}) as unknown as KubeResource;
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isMap(value)) return value ?? null;
  const sorted: JsonMap = {};
  for (const key of Object.keys(value).sort(compareKeys)) setField(sorted, key, sortKeys(value[key]));
  return sorted;
}
