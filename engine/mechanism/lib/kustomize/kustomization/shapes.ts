/** The shape of a kustomization file as data: every field kustomize 5.8 knows, with its type. */

export type Shape =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'any'
  | { list: Shape }
  | { map: Shape }
  | { fields: Readonly<Record<string, Shape>>; required?: readonly string[] }
  | { unsupported: string };

const strings: Shape = { list: 'string' };
const stringMap: Shape = { map: 'string' };
const gvk = { group: 'string', version: 'string', kind: 'string' } as const;
export const fieldSpecShape: Shape = { fields: { ...gvk, path: 'string', create: 'boolean' }, required: ['path'] };
const resourceId = { ...gvk, name: 'string', namespace: 'string' } as const;
const selectorFields = { ...resourceId, labelSelector: 'string', annotationSelector: 'string' } as const;
export const selectorShape: Shape = { fields: selectorFields };
const patch: Shape = {
  fields: {
    path: 'string',
    patch: 'string',
    target: selectorShape,
    options: { fields: { allowNameChange: 'boolean', allowKindChange: 'boolean' } },
  },
};
export const imageShape: Shape = {
  fields: { name: 'string', newName: 'string', tagSuffix: 'string', newTag: 'string', digest: 'string' },
};
const generatorOptions: Shape = {
  fields: { labels: stringMap, annotations: stringMap, disableNameSuffixHash: 'boolean', immutable: 'boolean' },
};
export const generatorFields = {
  name: 'string',
  namespace: 'string',
  behavior: 'string',
  literals: strings,
  files: strings,
  envs: strings,
  env: 'string',
  options: generatorOptions,
} as const;
const fieldOptions: Shape = {
  fields: { delimiter: 'string', index: 'integer', encoding: 'string', create: 'boolean' },
};

export const replacementShape: Shape = {
  fields: {
    path: 'string',
    sourceValue: 'string',
    source: { fields: { ...resourceId, fieldPath: 'string', options: fieldOptions } },
    targets: {
      list: {
        fields: { select: selectorShape, reject: { list: selectorShape }, fieldPaths: strings, options: fieldOptions },
      },
    },
  },
};

const HELM = 'Helm charts are not rendered here; run `helm template` and list its output under resources';

export const kustomizationShape: Readonly<Record<string, Shape>> = {
  apiVersion: 'string',
  kind: 'string',
  metadata: { fields: { name: 'string', namespace: 'string', labels: stringMap, annotations: stringMap } },
  openapi: stringMap,
  namePrefix: 'string',
  nameSuffix: 'string',
  namespace: 'string',
  commonLabels: stringMap,
  labels: {
    list: {
      fields: {
        pairs: stringMap,
        includeSelectors: 'boolean',
        includeTemplates: 'boolean',
        fields: { list: fieldSpecShape },
      },
    },
  },
  commonAnnotations: stringMap,
  patchesStrategicMerge: strings,
  patchesJson6902: { list: patch },
  patches: { list: patch },
  images: { list: imageShape },
  imageTags: { list: imageShape },
  replacements: { list: replacementShape },
  replicas: { list: { fields: { name: 'string', count: 'integer' } } },
  vars: {
    list: {
      fields: {
        name: 'string',
        objref: { fields: { apiVersion: 'string', ...resourceId } },
        fieldref: { fields: { fieldPath: 'string' } },
      },
    },
  },
  sortOptions: {
    fields: { order: 'string', legacySortOptions: { fields: { orderFirst: strings, orderLast: strings } } },
  },
  resources: strings,
  components: strings,
  crds: strings,
  bases: strings,
  configMapGenerator: { list: { fields: generatorFields } },
  secretGenerator: { list: { fields: { ...generatorFields, type: 'string' } } },
  helmGlobals: { unsupported: HELM },
  helmCharts: { unsupported: HELM },
  helmChartInflationGenerator: { unsupported: HELM },
  generatorOptions,
  configurations: strings,
  generators: strings,
  transformers: strings,
  validators: strings,
  buildMetadata: strings,
};

/** The shape of a `configurations` file (field specs that extend the built-in tables). */
export const configurationShape: Readonly<Record<string, Shape>> = {
  namePrefix: { list: fieldSpecShape },
  nameSuffix: { list: fieldSpecShape },
  namespace: { list: fieldSpecShape },
  commonLabels: { list: fieldSpecShape },
  templateLabels: { list: fieldSpecShape },
  labels: { list: fieldSpecShape },
  commonAnnotations: { list: fieldSpecShape },
  nameReference: { list: { fields: { ...gvk, fieldSpecs: { list: fieldSpecShape } } } },
  varReference: { list: fieldSpecShape },
  images: { list: fieldSpecShape },
  replicas: { list: fieldSpecShape },
};
