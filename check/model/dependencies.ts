import { elementsAt, mapAt, stringAt, stringsIn, valueAt } from './fields.ts';
import { isSelectedBy } from './lookup.ts';
import type { PlacedObject } from './placed-object.ts';
import { containersOf, podTemplatesOf } from './pods.ts';
import type { FieldPath } from './source.ts';
import type { Tree } from './tree.ts';

/** One object cannot work before another is there. */
export interface Dependency {
  from: PlacedObject;
  /** The field that names it. */
  path: FieldPath;
  to: PlacedObject;
}

/** What each object needs of others in the tree, as far as fields say so. */
export function dependenciesOf(tree: Tree, from: PlacedObject): Dependency[] {
  const found: Dependency[] = [];
  const add = (path: FieldPath, kindId: string, namespace: string, name: string | undefined) => {
    const to = name === undefined ? undefined : tree.find(kindId, namespace, name, from);
    if (to !== undefined && to !== from) found.push({ from, path, to });
  };
  const { namespace } = from;
  if (namespace !== '') add(['metadata', 'namespace'], 'Namespace', '', namespace);
  for (const { path, kindId, name } of podNeeds(tree, from)) add(path, kindId, namespace, name);
  if (from.kindId === 'Rollout.argoproj.io') addRolloutNeeds(from, add);
  if (/RoleBinding$/.test(from.kind)) {
    const kind = stringAt(from.value, ['roleRef', 'kind']) ?? '';
    add(
      ['roleRef', 'name'],
      `${kind}.rbac.authorization.k8s.io`,
      kind === 'Role' ? namespace : '',
      stringAt(from.value, ['roleRef', 'name']),
    );
  }
  if (from.kindId === 'HorizontalPodAutoscaler.autoscaling') {
    const { kind, name, apiVersion } = mapAt(from.value, ['spec', 'scaleTargetRef']) as Record<string, string>;
    const group = apiVersion?.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    add(['spec', 'scaleTargetRef'], group === '' ? (kind ?? '') : `${kind}.${group}`, namespace, name);
  }
  if (from.kindId === 'Application.argoproj.io' || from.kindId === 'ApplicationSet.argoproj.io') {
    const path = from.kind === 'Application' ? ['spec', 'project'] : ['spec', 'template', 'spec', 'project'];
    const project = tree.byKind('AppProject.argoproj.io').find(({ name }) => name === stringAt(from.value, path));
    if (project !== undefined) found.push({ from, path, to: project });
  }
  return found;
}

function addRolloutNeeds(
  from: PlacedObject,
  add: (path: FieldPath, kindId: string, namespace: string, name: string | undefined) => void,
): void {
  const { value, namespace } = from;
  for (const [strategy, fields] of Object.entries(SERVICES)) {
    for (const field of fields) {
      const path = ['spec', 'strategy', strategy, field];
      add(path, 'Service', namespace, stringAt(value, path));
    }
  }
  const ingress = ['spec', 'strategy', 'canary', 'trafficRouting', 'nginx', 'stableIngress'];
  add(ingress, 'Ingress.networking.k8s.io', namespace, stringAt(value, ingress));
  for (const { path, text } of stringsIn(valueAt(value, ['spec', 'strategy']), ['spec', 'strategy'])) {
    if (path.at(-1) !== 'templateName') continue;
    const isCluster = valueAt(value, [...path.slice(0, -1), 'clusterScope']) === true;
    add(
      path,
      isCluster ? 'ClusterAnalysisTemplate.argoproj.io' : 'AnalysisTemplate.argoproj.io',
      isCluster ? '' : namespace,
      text,
    );
  }
}

const SERVICES: Readonly<Record<string, readonly string[]>> = {
  canary: ['stableService', 'canaryService'],
  blueGreen: ['activeService', 'previewService'],
};

function* podNeeds(
  tree: Tree,
  owner: PlacedObject,
): Generator<{ path: FieldPath; kindId: string; name: string | undefined }> {
  for (const template of podTemplatesOf(owner)) {
    const { path, spec } = template;
    yield {
      path: [...path, 'spec', 'serviceAccountName'],
      kindId: 'ServiceAccount',
      name: stringAt(spec, ['serviceAccountName']),
    };
    for (const volume of elementsAt(owner.value, [...path, 'spec', 'volumes'])) {
      yield { path: volume.path, kindId: 'ConfigMap', name: stringAt(volume.value, ['configMap', 'name']) };
      yield* secretNeeds(tree, owner, volume.path, stringAt(volume.value, ['secret', 'secretName']));
      yield {
        path: volume.path,
        kindId: 'PersistentVolumeClaim',
        name: stringAt(volume.value, ['persistentVolumeClaim', 'claimName']),
      };
    }
    for (const container of containersOf(template)) {
      for (const list of ['env', 'envFrom']) {
        for (const entry of elementsAt(owner.value, [...container.path, list])) {
          const source = list === 'env' ? mapAt(entry.value, ['valueFrom']) : entry.value;
          const field = (name: string) => stringAt(source, [`${name}${list === 'env' ? 'KeyRef' : 'Ref'}`, 'name']);
          yield { path: entry.path, kindId: 'ConfigMap', name: field('configMap') };
          yield* secretNeeds(tree, owner, entry.path, field('secret'));
        }
      }
    }
  }
}

/** The Secret itself, or what makes it. */
function* secretNeeds(tree: Tree, owner: PlacedObject, path: FieldPath, name: string | undefined) {
  if (name === undefined) return;
  yield { path, kindId: 'Secret', name };
  const maker = tree
    .byKind('ExternalSecret.external-secrets.io')
    .find(
      (object) =>
        object.namespace === owner.namespace &&
        (stringAt(object.value, ['spec', 'target', 'name']) ?? object.name) === name,
    );
  if (maker !== undefined) yield { path, kindId: 'ExternalSecret.external-secrets.io', name: maker.name };
}

/** Pods that a Service leads to. */
export function workloadsBehind(tree: Tree, service: PlacedObject): PlacedObject[] {
  const labels = valueAt(service.value, ['spec', 'selector']);
  if (typeof labels !== 'object' || labels === null) return [];
  return tree.objects.filter(
    (object) =>
      object.namespace === service.namespace &&
      podTemplatesOf(object).some((template) => isSelectedBy({ matchLabels: labels }, template.labels)),
  );
}
