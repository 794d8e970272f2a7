import type { Issue } from '../../finding.ts';
import { elementsAt, mapAt, stringAt, valueAt } from '../../model/fields.ts';
import { about, isFilledFromElsewhere, isSelectedBy, missing, namesOf } from '../../model/lookup.ts';
import type { PlacedObject } from '../../model/placed-object.ts';
import { containersOf, type PodTemplate } from '../../model/pods.ts';
import type { FieldPath } from '../../model/source.ts';
import type { Tree } from '../../model/tree.ts';
import type { Rule } from '../../rule.ts';
import { allTemplates } from './pods.ts';

/** Fields of each kind that name a Service of the same namespace. */
const SERVICE_FIELDS: Readonly<Record<string, readonly FieldPath[]>> = {
  'Rollout.argoproj.io': [
    ['spec', 'strategy', 'canary', 'stableService'],
    ['spec', 'strategy', 'canary', 'canaryService'],
    ['spec', 'strategy', 'canary', 'pingPong', 'pingService'],
    ['spec', 'strategy', 'canary', 'pingPong', 'pongService'],
    ['spec', 'strategy', 'blueGreen', 'activeService'],
    ['spec', 'strategy', 'blueGreen', 'previewService'],
  ],
  'StatefulSet.apps': [['spec', 'serviceName']],
};

const service: Rule = {
  id: 'reference/service',
  severity: 'error',
  summary: 'a Rollout, StatefulSet or route that names a Service, or a port of one, that is not there',
  why: 'Argo Rollouts marks the Rollout InvalidSpec and does nothing more; an Ingress answers 503 for that path.',
  example: { bad: 'canaryService: backend-cannary', good: 'canaryService: backend-canary' },
  *check(tree) {
    for (const [kindId, paths] of Object.entries(SERVICE_FIELDS)) {
      for (const object of tree.byKind(kindId)) {
        for (const path of paths) yield* checkService(tree, object, path, stringAt(object.value, path), undefined);
      }
    }
    for (const ingress of tree.byKind('Ingress.networking.k8s.io')) {
      for (const path of ingressBackends(ingress)) {
        const port =
          valueAt(ingress.value, [...path, 'port', 'name']) ?? valueAt(ingress.value, [...path, 'port', 'number']);
        yield* checkService(tree, ingress, [...path, 'name'], stringAt(ingress.value, [...path, 'name']), {
          value: port,
          path: [...path, 'port'],
        });
      }
    }
    for (const route of tree.byKind('HTTPRoute.gateway.networking.k8s.io')) {
      for (const rule of elementsAt(route.value, ['spec', 'rules'])) {
        for (const { path, value } of elementsAt(route.value, [...rule.path, 'backendRefs'])) {
          if (value.kind !== undefined && value.kind !== 'Service') continue;
          const port = { value: value.port, path: [...path, 'port'] };
          yield* checkService(
            tree,
            route,
            [...path, 'name'],
            stringAt(value, ['name']),
            port,
            stringAt(value, ['namespace']),
          );
        }
      }
    }
  },
};

function* ingressBackends({ value }: PlacedObject): Generator<FieldPath> {
  if (valueAt(value, ['spec', 'defaultBackend', 'service']) !== undefined) yield ['spec', 'defaultBackend', 'service'];
  for (const rule of elementsAt(value, ['spec', 'rules'])) {
    for (const { path, value: entry } of elementsAt(value, [...rule.path, 'http', 'paths'])) {
      if (valueAt(entry, ['backend', 'service']) !== undefined) yield [...path, 'backend', 'service'];
    }
  }
}

function* checkService(
  tree: Tree,
  object: PlacedObject,
  path: FieldPath,
  name: string | undefined,
  port: { value: unknown; path: FieldPath } | undefined,
  namespace = object.namespace,
): Generator<Issue> {
  // The ALB controller reads such backends from an annotation; they need not be Services.
  if (name === undefined || name === '' || port?.value === 'use-annotation') return;
  const found = tree.find('Service', namespace, name, object);
  if (found === undefined) {
    if (!isFilledFromElsewhere(tree, namespace))
      yield missing(tree, object, path, {
        kind: 'Service',
        name,
        namespace,
        candidates: namesOf(tree, 'Service', namespace),
      });
    return;
  }
  if (port?.value === undefined) return;
  const ports = elementsAt(found.value, ['spec', 'ports']).map(({ value }) => value);
  if (ports.some((candidate) => candidate.name === port.value || candidate.port === port.value)) return;
  yield {
    ...about(tree, object, port.path),
    message: `Service "${name}" has no port ${String(port.value)}`,
    fix: `its ports are ${ports.map((candidate) => [candidate.name, candidate.port].filter(Boolean).join(' ')).join(', ')}`,
    related: [{ at: found.place(['spec', 'ports']), message: 'the ports of the Service' }],
  };
}

const selector: Rule = {
  id: 'reference/selector',
  severity: 'error',
  summary: 'a selector that selects no pod of the tree, or a target port that the selected pods do not have',
  why: 'A Service without endpoints refuses every connection; a disruption budget or network policy that selects nothing protects nothing, silently.',
  example: { bad: 'selector: {app: backend-api}   # the pods say app: backend', good: 'selector: {app: backend}' },
  *check(tree) {
    const templates = Map.groupBy(allTemplates(tree), ({ owner }) => owner.namespace);
    const inNamespace = (object: PlacedObject) => templates.get(object.namespace) ?? [];
    for (const object of tree.byKind('Service')) yield* checkServiceSelector(tree, object, inNamespace(object));
    for (const object of tree.byKind('PodDisruptionBudget.policy')) {
      yield* checkSelector(tree, object, ['spec', 'selector'], inNamespace(object));
    }
    for (const object of tree.byKind('NetworkPolicy.networking.k8s.io')) {
      if (Object.keys(mapAt(object.value, ['spec', 'podSelector'])).length > 0) {
        yield* checkSelector(tree, object, ['spec', 'podSelector'], inNamespace(object));
      }
    }
  },
};

function* checkSelector(
  tree: Tree,
  object: PlacedObject,
  path: FieldPath,
  templates: readonly PodTemplate[],
): Generator<Issue> {
  const wanted = valueAt(object.value, path);
  if (wanted === undefined || templates.some((template) => selects(wanted, template))) return;
  if (isFilledFromElsewhere(tree, object.namespace)) return;
  yield { ...about(tree, object, path), message: 'this selector selects no pod', fix: labelsHint(templates) };
}

function* checkServiceSelector(tree: Tree, object: PlacedObject, templates: readonly PodTemplate[]): Generator<Issue> {
  const labels = valueAt(object.value, ['spec', 'selector']);
  if (typeof labels !== 'object' || labels === null || valueAt(object.value, ['spec', 'type']) === 'ExternalName')
    return;
  const selected = templates.filter((template) => selects({ matchLabels: labels }, template));
  if (selected.length === 0) {
    if (!isFilledFromElsewhere(tree, object.namespace)) {
      yield {
        ...about(tree, object, ['spec', 'selector']),
        message: 'this selector selects no pod',
        fix: labelsHint(templates),
      };
    }
    return;
  }
  const ports = selected.flatMap((template) =>
    containersOf(template).flatMap(({ path }) =>
      elementsAt(template.owner.value, [...path, 'ports']).map(({ value }) => value),
    ),
  );
  for (const { path, value } of elementsAt(object.value, ['spec', 'ports'])) {
    const target = value.targetPort;
    // A number reaches the pod whether or not the container declares it.
    if (typeof target !== 'string' || ports.some(({ name }) => name === target)) continue;
    const names = ports.map(({ name }) => name).filter((name) => typeof name === 'string');
    yield {
      ...about(tree, object, [...path, 'targetPort']),
      message: `no container of the selected pods has a port named "${target}"`,
      why: 'The endpoints of a named port that does not exist are empty: connections are refused.',
      fix: names.length === 0 ? 'name the port in the container' : `they have ${[...new Set(names)].join(', ')}`,
    };
  }
}

/** Also with the labels that a Rollout puts on its pods for a while (ephemeral metadata). */
function selects(selector: unknown, { owner, labels }: PodTemplate): boolean {
  const strategy = mapAt(owner.value, ['spec', 'strategy']);
  const extra = ['canary', 'blueGreen'].flatMap((kind) =>
    ['canaryMetadata', 'stableMetadata', 'activeMetadata', 'previewMetadata'].map((field) =>
      mapAt(strategy, [kind, field, 'labels']),
    ),
  );
  // An experiment's pods carry the labels its templates add.
  const experiments = elementsAt(owner.value, ['spec', 'strategy', 'canary', 'steps']).flatMap(({ path }) =>
    elementsAt(owner.value, [...path, 'experiment', 'templates']).map(({ value }) =>
      mapAt(value, ['metadata', 'labels']),
    ),
  );
  return [{}, ...extra, ...experiments].some((more) => isSelectedBy(selector, { ...labels, ...more }));
}

function labelsHint(templates: readonly PodTemplate[]): string {
  const shown = templates
    .slice(0, 3)
    .map(({ owner, labels }) => `${owner.kind} ${owner.name} ${JSON.stringify(labels)}`);
  return shown.length === 0 ? 'there is no pod in this namespace' : `pods here: ${shown.join('; ')}`;
}

const monitor: Rule = {
  id: 'reference/monitor',
  severity: 'error',
  summary: 'a ServiceMonitor that selects no Service, or an endpoint port that the selected Services do not have',
  why: 'Prometheus scrapes nothing and nothing complains; every analysis on those metrics then sees an empty result.',
  example: { bad: 'endpoints: [{port: prom}]   # the Service calls it metrics', good: 'endpoints: [{port: metrics}]' },
  *check(tree) {
    for (const object of tree.byKind('ServiceMonitor.monitoring.coreos.com')) {
      const wanted = valueAt(object.value, ['spec', 'selector']);
      const names = valueAt(object.value, ['spec', 'namespaceSelector', 'matchNames']);
      const any = valueAt(object.value, ['spec', 'namespaceSelector', 'any']) === true;
      const isNear = ({ namespace }: PlacedObject) =>
        any || (Array.isArray(names) ? names.includes(namespace) : namespace === object.namespace);
      const selected = tree
        .byKind('Service')
        .filter(
          (candidate) => isNear(candidate) && isSelectedBy(wanted, mapAt(candidate.value, ['metadata', 'labels'])),
        );
      if (selected.length === 0) {
        if (!isFilledFromElsewhere(tree, object.namespace))
          yield { ...about(tree, object, ['spec', 'selector']), message: 'this selector selects no Service' };
        continue;
      }
      const ports = selected.flatMap(({ value }) =>
        elementsAt(value, ['spec', 'ports']).map((port) => port.value.name),
      );
      for (const { path, value } of elementsAt(object.value, ['spec', 'endpoints'])) {
        if (typeof value.port !== 'string' || ports.includes(value.port)) continue;
        yield {
          ...about(tree, object, [...path, 'port']),
          message: `no selected Service has a port named "${value.port}"`,
          fix: `they have ${[...new Set(ports)].join(', ')}`,
        };
      }
    }
  },
};

export const SERVICE_REFERENCES: readonly Rule[] = [service, selector, monitor];
