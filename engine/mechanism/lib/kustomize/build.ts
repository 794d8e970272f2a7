/** The build: accumulates the objects of a loaded kustomization and applies its settings in kustomize's order (spec §4). */
import { type Diagnostic, fail, type Position } from './errors.ts';
import { extendDefaults, mergeTables } from './fieldspecs/merge.ts';
import { defaultTables, type FieldTables } from './fieldspecs/tables.ts';
import type { LoadedKustomization } from './loader/model.ts';
import { sortResources } from './order.ts';
import type { Resource } from './resource.ts';
import { Schemas } from './schema/schemas.ts';
import {
  affixNames,
  labelSpecs,
  refuseDuplicate,
  setEntries,
  setImages,
  setNamespace,
  setReplicas,
} from './transformers/fields.ts';
import { absorbGenerated } from './transformers/generated.ts';
import { appendHashes } from './transformers/name-hash.ts';
import { fixNameReferences } from './transformers/name-references.ts';
import { applyPatch } from './transformers/patches.ts';
import { applyReplacements } from './transformers/replacements.ts';
import { isMap, type Json, type JsonMap, type KubeResource, setField } from './types.ts';
import { compareKeys } from './yaml/emitter.ts';
import { offsetOf } from './yaml/parser.ts';

/** Objects and field tables gathered so far; a component works on its parent's. */
interface Accumulator {
  resources: Resource[];
  tables: FieldTables | undefined;
}

/** Builds the objects of a loaded tree, in output order. Throws KustomizeError. */
export function buildLoaded(root: LoadedKustomization, warnings: Diagnostic[]): KubeResource[] {
  const builder = new Builder();
  const accumulated = builder.accumulate(root, { resources: [], tables: undefined });
  const resources = accumulated.resources.filter((resource) => resource.object);
  appendHashes(resources);
  fixNameReferences(resources, (accumulated.tables ?? defaultTables).nameReference);
  const kept = resources.filter((resource) => !isLocal(resource));
  const sorted = sortResources(kept, root.spec.sortOptions);
  if (root.spec.buildMetadata?.length) applyBuildMetadata(sorted, root, warnings);
  return sorted.map(finish);
}

/** Objects that only serve the build. */
function isLocal(resource: Resource): boolean {
  return (resource.annotations()['config.kubernetes.io/local-config'] ?? 'false') !== 'false';
}

class Builder {
  private readonly schemas = new Schemas();

  accumulate(target: LoadedKustomization, accumulator: Accumulator): Accumulator {
    if (target.openApi) this.schemas.use(target.openApi);
    for (const input of target.inputs) {
      if ('target' in input)
        this.append(accumulator, this.accumulate(input.target, { resources: [], tables: undefined }));
      else for (const resource of input.resources) this.add(accumulator, resource.clone());
    }
    const at = positionIn(target, ['configurations']);
    accumulator.tables = mergeTables(accumulator.tables, extendDefaults(target.configurations, at), at);
    for (const generated of target.generated) absorbGenerated(accumulator.resources, generated.clone());
    for (const component of target.components) this.accumulate(component.target, accumulator);
    this.transform(target, accumulator);
    accumulator.resources = accumulator.resources.filter((resource) => resource.object);
    return accumulator;
  }

  private add(accumulator: Accumulator, resource: Resource): void {
    refuseDuplicate(accumulator.resources, resource, resource.at);
    accumulator.resources.push(resource);
  }

  private append(accumulator: Accumulator, part: Accumulator): void {
    for (const resource of part.resources) this.add(accumulator, resource);
    const at = { file: '.', line: 1, column: 1 };
    if (part.tables) accumulator.tables = mergeTables(accumulator.tables, part.tables, at);
  }

  private transform(target: LoadedKustomization, { resources, tables = defaultTables }: Accumulator): void {
    const { spec } = target;
    const at = (...path: (string | number)[]) => positionIn(target, path);
    for (const patch of [...target.strategicMerges, ...target.patches]) applyPatch(resources, patch, this.schemas);
    if (spec.namespace) setNamespace(resources, spec.namespace, tables, at('namespace'));
    if (spec.namePrefix) affixNames(resources, spec.namePrefix, 'prefix', tables.namePrefix);
    if (spec.nameSuffix) affixNames(resources, spec.nameSuffix, 'suffix', tables.nameSuffix);
    spec.labels?.forEach((label, index) => {
      setEntries(resources, label.pairs ?? {}, labelSpecs(label, tables, at('labels', index)));
    });
    setEntries(resources, spec.commonLabels ?? {}, tables.commonLabels);
    setEntries(resources, spec.commonAnnotations ?? {}, tables.commonAnnotations);
    for (const patch of target.jsonPatches) applyPatch(resources, patch, this.schemas, false);
    spec.replicas?.forEach((replica, index) => {
      setReplicas(resources, replica, tables.replicas, at('replicas', index));
    });
    for (const field of ['images', 'imageTags'] as const) {
      spec[field]?.forEach((image, index) => {
        setImages(resources, image, tables.images, at(field, index));
      });
    }
    applyReplacements(resources, target.replacements);
  }
}

function positionIn(target: LoadedKustomization, path: readonly (string | number)[]): Position & { source?: string } {
  return target.document.source.at(offsetOf(target.document.node, path));
}

function applyBuildMetadata(_resources: readonly Resource[], root: LoadedKustomization, _warnings: Diagnostic[]): void {
  fail(positionIn(root, ['buildMetadata']), {
    code: 'unsupported',
    message: 'buildMetadata is not supported yet',
    fix: 'remove it',
  });
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
