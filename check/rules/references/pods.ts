import type { Issue } from '../../finding.ts';
import { elementsAt, mapAt, stringAt, valueAt } from '../../model/fields.ts';
import { about, isFilledFromElsewhere, missing, namesOf } from '../../model/lookup.ts';
import type { PlacedObject } from '../../model/placed-object.ts';
import { containersOf, type PodTemplate, podTemplatesOf } from '../../model/pods.ts';
import type { FieldPath } from '../../model/source.ts';
import type { Tree } from '../../model/tree.ts';
import type { Rule } from '../../rule.ts';

interface Reference {
  kind: 'ConfigMap' | 'Secret';
  name: string;
  path: FieldPath;
  keys: readonly { name: string; path: FieldPath }[];
}

const configuration: Rule = {
  id: 'reference/configuration',
  severity: 'error',
  summary: 'a pod that reads a ConfigMap or Secret, or a key of one, that nothing provides',
  why: 'The container never starts: CreateContainerConfigError for an environment variable, FailedMount for a volume, until somebody notices.',
  example: {
    bad: 'envFrom: [{configMapRef: {name: backend-confg}}]',
    good: 'envFrom: [{configMapRef: {name: backend-config}}]',
  },
  *check(tree) {
    for (const template of allTemplates(tree)) {
      for (const reference of referencesOf(template)) yield* checkReference(tree, template.owner, reference);
    }
  },
};

function* checkReference(tree: Tree, owner: PlacedObject, { kind, name, path, keys }: Reference): Generator<Issue> {
  const { namespace } = owner;
  if (kind === 'ConfigMap' && name === 'kube-root-ca.crt') return;
  const provider = kind === 'ConfigMap' ? configMap(tree, owner, name) : secret(tree, owner, name);
  if (provider === undefined) {
    if (isFilledFromElsewhere(tree, namespace)) return;
    const candidates = kind === 'ConfigMap' ? namesOf(tree, 'ConfigMap', namespace) : secretNames(tree, namespace);
    yield missing(tree, owner, path, { kind, name, namespace, candidates });
    return;
  }
  for (const key of keys) {
    if (provider.keys === undefined || provider.keys.includes(key.name)) continue;
    yield {
      ...about(tree, owner, key.path),
      message: `${kind} "${name}" has no key "${key.name}"`,
      fix: provider.keys.length === 0 ? 'add the key' : `its keys are ${provider.keys.join(', ')}`,
      related: [{ at: provider.object.place(), message: `${provider.object.title} is declared here` }],
    };
  }
}

interface Provider {
  object: PlacedObject;
  /** Undefined when only the cluster knows them. */
  keys: readonly string[] | undefined;
}

function configMap(tree: Tree, owner: PlacedObject, name: string): Provider | undefined {
  const object = tree.find('ConfigMap', owner.namespace, name, owner);
  if (object === undefined) return undefined;
  return {
    object,
    keys: [...Object.keys(mapAt(object.value, ['data'])), ...Object.keys(mapAt(object.value, ['binaryData']))],
  };
}

/** A Secret may be declared, or made by an operator from one of its own kinds. */
function secret(tree: Tree, owner: PlacedObject, name: string): Provider | undefined {
  const { namespace } = owner;
  const plain = tree.find('Secret', namespace, name, owner);
  if (plain !== undefined) {
    return {
      object: plain,
      keys: [...Object.keys(mapAt(plain.value, ['data'])), ...Object.keys(mapAt(plain.value, ['stringData']))],
    };
  }
  const external = tree
    .byKind('ExternalSecret.external-secrets.io')
    .find((object) => object.namespace === namespace && secretOfExternal(object) === name);
  if (external !== undefined) return { object: external, keys: keysOfExternal(external) };
  const made = MAKERS.flatMap(({ kindId, path }) =>
    tree
      .byKind(kindId)
      .filter((object) => object.namespace === namespace && (stringAt(object.value, path) ?? object.name) === name),
  )[0];
  return made === undefined ? undefined : { object: made, keys: undefined };
}

/** Kinds that make a Secret, and the field with its name (the object's own name when it is absent). */
const MAKERS: readonly { kindId: string; path: FieldPath }[] = [
  { kindId: 'SealedSecret.bitnami.com', path: ['spec', 'template', 'metadata', 'name'] },
  { kindId: 'Certificate.cert-manager.io', path: ['spec', 'secretName'] },
  { kindId: 'SopsSecret.isindir.github.com', path: ['metadata', 'name'] },
  { kindId: 'VaultStaticSecret.secrets.hashicorp.com', path: ['spec', 'destination', 'name'] },
];

function secretOfExternal({ value, name }: PlacedObject): string {
  return stringAt(value, ['spec', 'target', 'name']) ?? name;
}

/** With a template exactly its keys; without one those of `data`, unless `dataFrom` brings more. */
function keysOfExternal({ value }: PlacedObject): string[] | undefined {
  const template = valueAt(value, ['spec', 'target', 'template', 'data']);
  const named = elementsAt(value, ['spec', 'data']).map((entry) => String(entry.value.secretKey));
  if (typeof template === 'object' && template !== null) return Object.keys(template);
  return elementsAt(value, ['spec', 'dataFrom']).length > 0 ? undefined : named;
}

function secretNames(tree: Tree, namespace: string): string[] {
  const external = tree.byKind('ExternalSecret.external-secrets.io').filter((object) => object.namespace === namespace);
  return [...namesOf(tree, 'Secret', namespace), ...external.map(secretOfExternal)];
}

function* referencesOf(template: PodTemplate): Generator<Reference> {
  const { owner, path } = template;
  for (const container of containersOf(template)) {
    for (const entry of elementsAt(owner.value, [...container.path, 'envFrom'])) {
      for (const [field, kind] of SOURCES) yield* reference(kind, entry.value[field], [...entry.path, field], []);
    }
    for (const entry of elementsAt(owner.value, [...container.path, 'env'])) {
      for (const [field, kind] of KEY_SOURCES) {
        const source = valueAt(entry.value, ['valueFrom', field]);
        const at = [...entry.path, 'valueFrom', field];
        const key = stringAt(source, ['key']);
        yield* reference(kind, source, at, key === undefined ? [] : [{ name: key, path: [...at, 'key'] }]);
      }
    }
  }
  for (const volume of elementsAt(owner.value, [...path, 'spec', 'volumes']))
    yield* volumeReferences(owner, volume.path, volume.value);
}

const SOURCES = [
  ['configMapRef', 'ConfigMap'],
  ['secretRef', 'Secret'],
] as const;
const KEY_SOURCES = [
  ['configMapKeyRef', 'ConfigMap'],
  ['secretKeyRef', 'Secret'],
] as const;

function* volumeReferences(
  owner: PlacedObject,
  path: FieldPath,
  volume: Readonly<Record<string, unknown>>,
): Generator<Reference> {
  const items = (at: FieldPath) =>
    elementsAt(owner.value, [...at, 'items']).flatMap((item) => {
      const name = stringAt(item.value, ['key']);
      return name === undefined ? [] : [{ name, path: [...item.path, 'key'] }];
    });
  yield* reference('ConfigMap', volume.configMap, [...path, 'configMap'], items([...path, 'configMap']));
  const secretSource = mapAt(volume, ['secret']);
  yield* reference(
    'Secret',
    { ...secretSource, name: secretSource.secretName },
    [...path, 'secret'],
    items([...path, 'secret']),
    'secretName',
  );
  for (const source of elementsAt(owner.value, [...path, 'projected', 'sources'])) {
    for (const [field, kind] of [
      ['configMap', 'ConfigMap'],
      ['secret', 'Secret'],
    ] as const) {
      const at = [...source.path, field];
      yield* reference(kind, source.value[field], at, items(at));
    }
  }
}

function* reference(
  kind: Reference['kind'],
  source: unknown,
  path: FieldPath,
  keys: Reference['keys'],
  nameField = 'name',
): Generator<Reference> {
  const name = stringAt(source, ['name']);
  if (name === undefined || name === '' || valueAt(source, ['optional']) === true) return;
  yield { kind, name, path: [...path, nameField], keys };
}

const account: Rule = {
  id: 'reference/service-account',
  severity: 'error',
  summary: 'a pod that runs as a ServiceAccount that nothing declares',
  why: 'No pod is created: the ReplicaSet or Job reports FailedCreate, "serviceaccount not found", and the rollout stays where it is.',
  example: { bad: 'serviceAccountName: backned', good: 'serviceAccountName: backend' },
  *check(tree) {
    for (const { owner, path, spec } of allTemplates(tree)) {
      const name = stringAt(spec, ['serviceAccountName']) ?? stringAt(spec, ['serviceAccount']);
      const { namespace } = owner;
      if (name === undefined || name === 'default' || name === '' || tree.find('ServiceAccount', namespace, name))
        continue;
      if (isFilledFromElsewhere(tree, namespace)) continue;
      const candidates = namesOf(tree, 'ServiceAccount', namespace);
      yield missing(tree, owner, [...path, 'spec', 'serviceAccountName'], {
        kind: 'ServiceAccount',
        name,
        namespace,
        candidates,
      });
    }
  },
};

const claim: Rule = {
  id: 'reference/claim',
  severity: 'error',
  summary: 'a volume of a PersistentVolumeClaim, or a mount of a volume, that is not there',
  why: 'A missing claim leaves the pod Pending for ever; a mount without its volume is refused by the API server.',
  example: {
    bad: 'volumeMounts: [{name: tpm, mountPath: /tmp}]\nvolumes: [{name: tmp, emptyDir: {}}]',
    good: 'volumeMounts: [{name: tmp, mountPath: /tmp}]',
  },
  *check(tree) {
    for (const template of allTemplates(tree)) {
      const { owner, path } = template;
      const volumes = elementsAt(owner.value, [...path, 'spec', 'volumes']);
      const claims = elementsAt(owner.value, ['spec', 'volumeClaimTemplates']).map(
        ({ value }) => stringAt(value, ['metadata', 'name']) ?? '',
      );
      for (const volume of volumes) {
        const name = stringAt(volume.value, ['persistentVolumeClaim', 'claimName']);
        const { namespace } = owner;
        if (
          name === undefined ||
          tree.find('PersistentVolumeClaim', namespace, name) ||
          isFilledFromElsewhere(tree, namespace)
        )
          continue;
        const candidates = namesOf(tree, 'PersistentVolumeClaim', namespace);
        yield missing(tree, owner, [...volume.path, 'persistentVolumeClaim', 'claimName'], {
          kind: 'PersistentVolumeClaim',
          name,
          namespace,
          candidates,
        });
      }
      const names = [...volumes.map(({ value }) => stringAt(value, ['name']) ?? ''), ...claims];
      for (const container of containersOf(template)) {
        for (const mount of elementsAt(owner.value, [...container.path, 'volumeMounts'])) {
          const name = stringAt(mount.value, ['name']) ?? '';
          if (!names.includes(name))
            yield missing(tree, owner, [...mount.path, 'name'], {
              kind: 'volume',
              name,
              namespace: '',
              candidates: names,
            });
        }
      }
    }
  },
};

export function allTemplates(tree: Tree): PodTemplate[] {
  return tree.objects.flatMap(podTemplatesOf);
}

export const POD_REFERENCES: readonly Rule[] = [configuration, account, claim];
