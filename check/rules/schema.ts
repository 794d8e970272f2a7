import { Causes } from '../../engine/mechanism/api/validation/causes.ts';
import { VALIDATIONS } from '../../engine/mechanism/api/validation/kinds.ts';
import { validateMetadata } from '../../engine/mechanism/api/validation/metadata.ts';
import { nearestName } from '../../engine/mechanism/lib/kustomize/errors.ts';
import { AnalysisError } from '../../engine/stages/analysis/arguments.ts';
import type { Metric } from '../../engine/stages/analysis/types.ts';
import { validateMetrics } from '../../engine/stages/analysis/validation.ts';
import type { Rollout } from '../../engine/stages/rollout/types.ts';
import { validateSpec } from '../../engine/stages/rollout/validation.ts';
import { applyDefaults } from '../../engine/vocabulary/kube/defaults/defaults.ts';
import { findKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { customKinds } from '../../engine/vocabulary/kube/schema/custom.ts';
import type { Issue } from '../finding.ts';
import { about } from '../model/lookup.ts';
import { isRecord, type PlacedObject } from '../model/placed-object.ts';
import type { FieldPath } from '../model/source.ts';
import type { Tree } from '../model/tree.ts';
import { type TypeNode, typeOfKind } from '../model/type-tree.ts';
import type { Rule } from '../rule.ts';

interface Misfit {
  kind: 'unknown' | 'type' | 'required';
  path: FieldPath;
  message: string;
  fix?: string;
}

const unknownField: Rule = {
  id: 'schema/unknown-field',
  severity: 'error',
  summary: 'a field that its kind does not have: misspelt, or in the wrong place',
  why: 'The API server drops it, or Argo CD fails the sync of a strict schema. What it was to do does not happen: a misplaced readinessProbe probes nothing.',
  example: { bad: 'spec: {replica: 3}', good: 'spec: {replicas: 3}' },
  *check(tree) {
    yield* misfits(tree, 'unknown');
  },
};

const wrongType: Rule = {
  id: 'schema/type',
  severity: 'error',
  summary: 'a value of the wrong type, or none of the allowed values',
  why: 'The API server refuses the whole object: "cannot unmarshal string into field … of type int32", and the sync fails.',
  example: { bad: 'replicas: "3"', good: 'replicas: 3' },
  *check(tree) {
    yield* misfits(tree, 'type');
  },
};

const requiredField: Rule = {
  id: 'schema/required',
  severity: 'error',
  summary: 'a required field that is absent',
  why: 'The API server refuses the object: "Required value".',
  example: {
    bad: 'spec: {project: shop}   # an Application without destination',
    good: 'spec: {project: shop, destination: {…}}',
  },
  *check(tree) {
    yield* misfits(tree, 'required');
  },
};

function* misfits(tree: Tree, kind: Misfit['kind']): Generator<Issue> {
  for (const object of tree.objects) {
    const type = typeOfKind(object.apiVersion, object.kind);
    if (type === undefined) continue;
    for (const misfit of compare(object.value, type, [], [])) {
      if (misfit.kind !== kind) continue;
      yield {
        ...about(tree, object, misfit.path),
        message: misfit.message,
        ...(misfit.fix === undefined ? {} : { fix: misfit.fix }),
      };
    }
  }
}

/** Compares a value with its type; `above` are the structs on the way, outermost first. */
function* compare(
  value: unknown,
  type: TypeNode,
  path: FieldPath,
  above: readonly { type: TypeNode; path: FieldPath }[],
): Generator<Misfit> {
  if (value === null || value === undefined) return;
  switch (type.is) {
    case 'struct':
      if (!isRecord(value)) yield mistyped(path, 'a map', value);
      else yield* compareFields(value, type, path, above);
      return;
    case 'list':
      if (!Array.isArray(value)) yield mistyped(path, 'a list', value);
      else for (const [index, item] of value.entries()) yield* compare(item, type.element(), [...path, index], above);
      return;
    case 'map':
      if (!isRecord(value)) yield mistyped(path, 'a map', value);
      else for (const [key, item] of Object.entries(value)) yield* compare(item, type.element(), [...path, key], above);
      return;
    case 'choices':
      if (!type.choices.includes(value)) yield choiceMisfit(path, type.choices, value);
      return;
    case 'scalar': {
      const wanted = scalarMisfit(type.name, value);
      if (wanted !== undefined) yield mistyped(path, wanted, value);
    }
  }
}

function* compareFields(
  value: Readonly<Record<string, unknown>>,
  type: Extract<TypeNode, { is: 'struct' }>,
  path: FieldPath,
  above: readonly { type: TypeNode; path: FieldPath }[],
): Generator<Misfit> {
  for (const name of type.required) {
    if (value[name] === undefined && name !== 'metadata')
      yield { kind: 'required', path, message: `${at(path)} has no ${name}` };
  }
  for (const [key, item] of Object.entries(value)) {
    const field = type.fields.get(key);
    if (field !== undefined) yield* compare(item, field(), [...path, key], [...above, { type, path }]);
    else if (!type.open)
      yield {
        kind: 'unknown',
        path: [...path, key],
        message: `${at(path)} has no field ${key}`,
        fix: placeFor(key, type, path, above),
      };
  }
}

/** Where the field belongs: a similar name here, or the same name nearby. */
function placeFor(
  key: string,
  type: Extract<TypeNode, { is: 'struct' }>,
  path: FieldPath,
  above: readonly { type: TypeNode; path: FieldPath }[],
): string {
  for (const outer of [...above].reverse()) {
    if (outer.type.is === 'struct' && outer.type.fields.has(key)) return `it belongs to ${at(outer.path)}, further out`;
  }
  for (const [name, field] of type.fields) {
    const inner = field();
    const struct = inner.is === 'list' ? inner.element() : inner;
    if (struct.is === 'struct' && struct.fields.has(key)) return `it belongs to ${at([...path, name])}`;
  }
  const near = nearestName(key, [...type.fields.keys()]);
  return near === undefined
    ? `${at(path)} has ${[...type.fields.keys()].sort().slice(0, 12).join(', ')}${type.fields.size > 12 ? ', …' : ''}`
    : `did you mean ${near}?`;
}

function at(path: FieldPath): string {
  if (path.length === 0) return 'the object';
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}

function mistyped(path: FieldPath, wanted: string, value: unknown): Misfit {
  const text = JSON.stringify(value) ?? String(value);
  return {
    kind: 'type',
    path,
    message: `${at(path)} must be ${wanted}, not ${describe(value)} ${text.length > 40 ? `${text.slice(0, 40)}…` : text}`,
  };
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'the list';
  if (isRecord(value)) return 'the map';
  return typeof value === 'string' ? 'the text' : typeof value === 'boolean' ? 'the boolean' : 'the number';
}

function choiceMisfit(path: FieldPath, choices: readonly unknown[], value: unknown): Misfit {
  const near =
    typeof value === 'string'
      ? nearestName(
          value,
          choices.filter((choice) => typeof choice === 'string'),
        )
      : undefined;
  return {
    kind: 'type',
    path,
    message: `${at(path)} cannot be ${JSON.stringify(value)}`,
    fix: near === undefined ? `use one of ${choices.map(String).join(', ')}` : `did you mean ${near}?`,
  };
}

/** What the scalar must be, when the value is not. */
function scalarMisfit(name: string, value: unknown): string | undefined {
  const isScalar = typeof value !== 'object';
  switch (name) {
    case 'string':
    case 'bytes':
    case 'Time':
    case 'MicroTime':
    case 'Duration':
      return typeof value === 'string' ? undefined : 'a text';
    case 'bool':
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'int32':
    case 'int64':
    case 'integer':
      return Number.isInteger(value) ? undefined : 'a whole number';
    case 'number':
      return typeof value === 'number' ? undefined : 'a number';
    case 'IntOrString':
    case 'intOrString':
      return typeof value === 'string' || Number.isInteger(value) ? undefined : 'a whole number or a text';
    case 'Quantity':
      return isScalar && /^[+-]?(\d+|\d+\.\d*|\.\d+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?\d+))?$/.test(String(value))
        ? undefined
        : 'a quantity such as 250m or 128Mi';
    default:
      return undefined;
  }
}

const unknownKind: Rule = {
  id: 'schema/unknown-kind',
  severity: 'error',
  summary: 'a kind that its API group does not have',
  why: 'The sync fails: "no matches for kind". Groups that nothing is known about are left alone.',
  example: {
    bad: 'apiVersion: argoproj.io/v1alpha1\nkind: Rollouts',
    good: 'apiVersion: argoproj.io/v1alpha1\nkind: Rollout',
  },
  *check(tree): Generator<Issue> {
    const known = customKinds();
    const groups = new Set(known.map((entry) => entry.split(' ')[0] as string));
    for (const object of tree.objects) {
      const { apiVersion, kind } = object;
      if (!groups.has(apiVersion) || findKind(object.kindId) !== undefined || known.includes(`${apiVersion} ${kind}`))
        continue;
      // Argo Workflows and Events share the group with Argo CD and Rollouts.
      if (OTHER_ARGO.has(kind)) continue;
      const near = nearestName(
        kind,
        known.filter((entry) => entry.startsWith(`${apiVersion} `)).map((entry) => entry.split(' ')[1] as string),
      );
      yield {
        ...about(tree, object, ['kind']),
        message: `${apiVersion} has no kind ${kind}`,
        ...(near === undefined ? {} : { fix: `did you mean ${near}?` }),
      };
    }
  },
};

const OTHER_ARGO = new Set([
  'Workflow',
  'WorkflowTemplate',
  'ClusterWorkflowTemplate',
  'CronWorkflow',
  'WorkflowEventBinding',
  'EventSource',
  'EventBus',
  'Sensor',
  'ArgoCD',
  'ArgoCDExport',
  'NotificationsConfiguration',
  'NamespaceManagement',
  'ImageUpdater',
  'RolloutManager',
  'WorkflowTaskSet',
  'WorkflowTaskResult',
  'WorkflowArtifactGCTask',
]);

const invalidObject: Rule = {
  id: 'schema/invalid',
  severity: 'error',
  summary: 'an object whose fields are known and whose values the API server or Argo Rollouts refuses',
  why: 'Types are right and the object still is not: a port twice, a name with capitals, a Rollout whose weights or services do not fit. The API server refuses it; Argo Rollouts shows InvalidSpec.',
  example: { bad: 'metadata: {name: Backend}', good: 'metadata: {name: backend}' },
  *check(tree): Generator<Issue> {
    for (const object of tree.objects) {
      for (const { field, message } of refusals(object)) {
        if (NOT_REPRODUCED.test(message)) continue;
        yield {
          ...about(tree, object, placeIn(object, field)),
          message: field === '' ? message : `${field}: ${message}`,
        };
      }
    }
  },
};

const NOT_REPRODUCED = /is not reproduced by this engine/;

const notReproduced: Rule = {
  id: 'schema/not-reproduced',
  severity: 'info',
  summary: 'something that works in a cluster and that the engine and the rehearsal do not reproduce',
  why: 'The tree is not wrong. But this part of it cannot be run or rehearsed here, and nothing is proven about it; docs/reference/parity.md has the list.',
  example: { bad: 'trafficRouting: {istio: {…}}', good: 'trafficRouting: {nginx: {stableIngress: web}}' },
  *check(tree): Generator<Issue> {
    for (const object of tree.objects) {
      for (const { field, message } of refusals(object)) {
        if (!NOT_REPRODUCED.test(message)) continue;
        yield { ...about(tree, object, pathOf(field)), message: message.replace(/^Forbidden: /, '') };
      }
    }
  },
};

/** What the API server (built-in kinds) or the controller (Argo's) would say; nothing when types are wrong already. */
function refusals(object: PlacedObject): { field: string; message: string }[] {
  const type = typeOfKind(object.apiVersion, object.kind);
  if (type === undefined || [...compare(object.value, type, [], [])].some(({ kind }) => kind === 'type')) return [];
  if (object.kindId === 'Rollout.argoproj.io') return rolloutRefusals(object);
  if (/^(Cluster)?AnalysisTemplate\.argoproj\.io$/.test(object.kindId)) return metricRefusals(object);
  const kind = findKind(object.kindId);
  if (kind === undefined) return [];
  const causes = new Causes();
  const filled = applyDefaults(structuredClone(object.value) as unknown as KubeObject);
  const { generateName, name } = filled.metadata as { generateName?: string; name?: string };
  const metadata = {
    ...filled.metadata,
    name: name ?? `${generateName ?? ''}x`,
    ...(kind.namespaced ? { namespace: object.namespace || 'default' } : {}),
  };
  const placed = { ...filled, metadata } as KubeObject;
  validateMetadata(kind, placed, causes);
  VALIDATIONS[object.kindId]?.(placed, causes);
  return causes.list
    .filter(({ field = '' }) => !ASSIGNED.has(`${object.kind} ${field}`))
    .map(({ field = '', message = '' }) => ({ field, message }));
}

/** Fields that the API server itself fills in before it looks. */
const ASSIGNED = new Set(['Job spec.selector', 'Service spec.clusterIP']);

function rolloutRefusals({ value }: PlacedObject): { field: string; message: string }[] {
  if (!isRecord(value.spec)) return [];
  // `spec.strategy.canary: Invalid value: …`, and only the first, as the condition shows it.
  return validateSpec(value as unknown as Rollout)
    .slice(0, 1)
    .map((error) => {
      const text = String(error);
      const field = /^[\w.[\]]+(?=: )/.exec(text)?.[0] ?? 'spec';
      return { field, message: text.startsWith(`${field}: `) ? text.slice(field.length + 2) : text };
    });
}

function metricRefusals({ value }: PlacedObject): { field: string; message: string }[] {
  const metrics = isRecord(value.spec) ? value.spec.metrics : undefined;
  if (!Array.isArray(metrics) || JSON.stringify(metrics).includes('{{')) return [];
  try {
    validateMetrics(metrics as Metric[]);
    return [];
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error;
    return [{ field: 'spec.metrics', message: error.message }];
  }
}

/** Argo Rollouts names a step without its strategy. */
function placeIn({ kind }: PlacedObject, field: string): FieldPath {
  return pathOf(kind === 'Rollout' ? field.replace(/^spec\.strategy\.steps/, 'spec.strategy.canary.steps') : field);
}

/** `spec.ports[0].name` as a path. */
function pathOf(field: string): FieldPath {
  return [...field.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) =>
    index === undefined ? (name as string) : Number(index),
  );
}

export const SCHEMA: readonly Rule[] = [
  unknownField,
  wrongType,
  requiredField,
  unknownKind,
  invalidObject,
  notReproduced,
];
