/** The built-in transformers and generators as YAML, and the shape of their configuration. */
import {
  fieldSpecShape,
  generatorFields,
  imageShape,
  replacementShape,
  type Shape,
  selectorShape,
} from '../kustomization/shapes.ts';

const header = { apiVersion: 'string', kind: 'string', metadata: 'any' } as const;
const fieldSpecs: Shape = { list: fieldSpecShape };
const stringMap: Shape = { map: 'string' };
const patchOptions: Shape = { fields: { allowNameChange: 'boolean', allowKindChange: 'boolean' } };

const valueAddTargets: Shape = {
  list: { fields: { selector: selectorShape, fieldPath: 'string', filePathPosition: 'integer' } },
};
/** The file that `targetFilePath` of a ValueAddTransformer names. */
export const valueAddTargetFile: Readonly<Record<string, Shape>> = { targets: valueAddTargets };

export const transformerShapes: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  AnnotationsTransformer: { ...header, annotations: stringMap, fieldSpecs },
  LabelTransformer: { ...header, labels: stringMap, fieldSpecs },
  NamespaceTransformer: { ...header, fieldSpecs, unsetOnly: 'boolean', setRoleBindingSubjects: 'string' },
  PrefixTransformer: { ...header, prefix: 'string', fieldSpecs },
  SuffixTransformer: { ...header, suffix: 'string', fieldSpecs },
  PrefixSuffixTransformer: { ...header, prefix: 'string', suffix: 'string', fieldSpecs },
  ImageTagTransformer: { ...header, imageTag: imageShape, fieldSpecs },
  ReplicaCountTransformer: { ...header, replica: { fields: { name: 'string', count: 'integer' } }, fieldSpecs },
  PatchTransformer: { ...header, path: 'string', patch: 'string', target: selectorShape, options: patchOptions },
  PatchJson6902Transformer: { ...header, path: 'string', jsonOp: 'string', target: selectorShape },
  PatchStrategicMergeTransformer: { ...header, paths: { list: 'string' }, patches: 'string' },
  ReplacementTransformer: { ...header, replacements: { list: replacementShape } },
  HashTransformer: header,
  ValueAddTransformer: { ...header, value: 'string', targets: valueAddTargets, targetFilePath: 'string' },
};

export const generatorShapes: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  ConfigMapGenerator: { ...header, ...generatorFields },
  IAMPolicyGenerator: {
    ...header,
    cloud: 'string',
    kubernetesService: { fields: { name: 'string', namespace: 'string' } },
    serviceAccount: { fields: { name: 'string', projectId: 'string' } },
  },
  SecretGenerator: { ...header, ...generatorFields, type: 'string' },
};
