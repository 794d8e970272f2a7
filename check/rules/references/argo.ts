import type { Issue } from '../../finding.ts';
import { elementsAt, mapAt, stringAt, stringsIn, valueAt } from '../../model/fields.ts';
import { about, isFilledFromElsewhere, missing, namesOf } from '../../model/lookup.ts';
import type { PlacedObject } from '../../model/placed-object.ts';
import type { FieldPath } from '../../model/source.ts';
import type { Tree } from '../../model/tree.ts';
import type { Rule } from '../../rule.ts';

/** One use of analysis templates: by a step, in the background, before or after promotion. */
interface AnalysisUse {
  rollout: PlacedObject;
  path: FieldPath;
}

const STRATEGY: FieldPath = ['spec', 'strategy'];

/** Every place of a Rollout that starts an analysis. */
export function analysisUses(rollout: PlacedObject): AnalysisUse[] {
  const uses: AnalysisUse[] = [];
  const add = (path: FieldPath) => {
    if (valueAt(rollout.value, path) !== undefined) uses.push({ rollout, path });
  };
  add([...STRATEGY, 'canary', 'analysis']);
  add([...STRATEGY, 'blueGreen', 'prePromotionAnalysis']);
  add([...STRATEGY, 'blueGreen', 'postPromotionAnalysis']);
  for (const { path } of elementsAt(rollout.value, [...STRATEGY, 'canary', 'steps'])) {
    add([...path, 'analysis']);
    for (const analysis of elementsAt(rollout.value, [...path, 'experiment', 'analyses'])) add(analysis.path);
  }
  return uses;
}

/** The template a reference `{templateName, clusterScope}` means. */
export function findTemplate(tree: Tree, from: PlacedObject, reference: Readonly<Record<string, unknown>>) {
  const name = stringAt(reference, ['templateName']) ?? '';
  return reference.clusterScope === true
    ? tree.find('ClusterAnalysisTemplate.argoproj.io', '', name, from)
    : tree.find('AnalysisTemplate.argoproj.io', from.namespace, name, from);
}

const template: Rule = {
  id: 'reference/analysis-template',
  severity: 'error',
  summary: 'an analysis that names a template, or passes arguments, that do not fit',
  why: 'Argo Rollouts marks the Rollout InvalidSpec when a template is missing or an argument has no value: no release can start.',
  example: {
    bad: 'analysis: {templates: [{templateName: sucess-rate}]}',
    good: 'analysis: {templates: [{templateName: success-rate}]}',
  },
  *check(tree) {
    for (const rollout of tree.byKind('Rollout.argoproj.io')) {
      for (const use of analysisUses(rollout)) yield* checkUse(tree, use);
    }
    for (const kindId of ['AnalysisTemplate.argoproj.io', 'ClusterAnalysisTemplate.argoproj.io']) {
      for (const object of tree.byKind(kindId)) {
        for (const { path, value } of elementsAt(object.value, ['spec', 'templates'])) {
          if (findTemplate(tree, object, value) === undefined) yield noTemplate(tree, object, path, value);
        }
      }
    }
  },
};

function* checkUse(tree: Tree, { rollout, path }: AnalysisUse): Generator<Issue> {
  const references = [
    ...elementsAt(rollout.value, [...path, 'templates']),
    ...(stringAt(rollout.value, [...path, 'templateName']) === undefined
      ? []
      : [{ path, value: mapAt(rollout.value, path) }]),
  ];
  const declared = new Map<string, boolean>();
  let isComplete = true;
  for (const reference of references) {
    const found = findTemplate(tree, rollout, reference.value);
    if (found === undefined) {
      isComplete = false;
      if (!isFilledFromElsewhere(tree, rollout.namespace))
        yield noTemplate(tree, rollout, reference.path, reference.value);
      continue;
    }
    collectArguments(tree, found, declared);
  }
  if (!isComplete) return;
  const passed = elementsAt(rollout.value, [...path, 'args']);
  const names = passed.map(({ value }) => String(value.name));
  const lacking = [...declared].filter(([name, hasValue]) => !hasValue && !names.includes(name)).map(([name]) => name);
  if (lacking.length > 0) {
    yield {
      ...about(tree, rollout, path),
      message: `the analysis gives no value for ${lacking.join(', ')}`,
      why: 'Argo Rollouts: "args.NAME was not resolved", and the Rollout is InvalidSpec.',
      fix: `add ${lacking.map((name) => `{name: ${name}, value: …}`).join(', ')} under args`,
    };
  }
  for (const { path: at, value } of passed) {
    const name = String(value.name);
    if (declared.has(name)) continue;
    yield {
      ...about(tree, rollout, [...at, 'name']),
      severity: 'warning',
      message: `no template of this analysis has an argument "${name}"`,
      fix: declared.size === 0 ? 'remove it' : `they have ${[...declared.keys()].join(', ')}`,
    };
  }
}

/** Arguments of a template and of those it includes: name → has a value of its own. */
function collectArguments(
  tree: Tree,
  object: PlacedObject,
  into: Map<string, boolean>,
  seen = new Set<PlacedObject>(),
): void {
  if (seen.has(object)) return;
  seen.add(object);
  for (const { value } of elementsAt(object.value, ['spec', 'args'])) {
    const name = String(value.name);
    into.set(name, (into.get(name) ?? false) || value.value !== undefined || value.valueFrom !== undefined);
  }
  for (const { value } of elementsAt(object.value, ['spec', 'templates'])) {
    const nested = findTemplate(tree, object, value);
    if (nested !== undefined) collectArguments(tree, nested, into, seen);
  }
}

function noTemplate(
  tree: Tree,
  object: PlacedObject,
  path: FieldPath,
  reference: Readonly<Record<string, unknown>>,
): Issue {
  const isCluster = reference.clusterScope === true;
  const kind = isCluster ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
  const name = stringAt(reference, ['templateName']) ?? '';
  const namespace = isCluster ? '' : object.namespace;
  const other = isCluster
    ? tree.find('AnalysisTemplate.argoproj.io', object.namespace, name)
    : tree.find('ClusterAnalysisTemplate.argoproj.io', '', name);
  const issue = missing(tree, object, [...path, 'templateName'], {
    kind,
    name,
    namespace,
    candidates: namesOf(tree, `${kind}.argoproj.io`, namespace),
  });
  return other === undefined
    ? issue
    : { ...issue, fix: `there is a ${other.kind} of that name: ${isCluster ? 'remove' : 'add'} clusterScope: true` };
}

const placeholder: Rule = {
  id: 'reference/analysis-argument',
  severity: 'error',
  summary: 'a placeholder in an analysis template for an argument that the template does not declare',
  why: 'The AnalysisRun fails at its first measurement: "failed to resolve {{args.NAME}}".',
  example: {
    bad: 'query: up{namespace="{{args.namspace}}"}',
    good: 'args: [{name: namespace}]\nquery: up{namespace="{{args.namespace}}"}',
  },
  *check(tree) {
    for (const kindId of ['AnalysisTemplate.argoproj.io', 'ClusterAnalysisTemplate.argoproj.io']) {
      for (const object of tree.byKind(kindId)) {
        const names = elementsAt(object.value, ['spec', 'args']).map(({ value }) => String(value.name));
        for (const { path, text } of stringsIn(valueAt(object.value, ['spec', 'metrics']), ['spec', 'metrics'])) {
          for (const [whole, name] of text.matchAll(/\{\{\s*args\.([\w-]+)\s*\}\}/g)) {
            if (names.includes(name as string)) continue;
            yield {
              ...missing(tree, object, path, {
                kind: 'argument',
                name: name as string,
                namespace: '',
                candidates: names,
              }),
              message: `${whole} names an argument that this template does not declare`,
            };
          }
        }
      }
    }
  },
};

const ingress: Rule = {
  id: 'reference/ingress',
  severity: 'error',
  summary: 'a canary whose stable Ingress is missing, or does not lead to its stable Service',
  why: 'Argo Rollouts copies the stable Ingress for the canary. Without it the Rollout is InvalidSpec; when it leads elsewhere no request is ever shifted.',
  example: {
    bad: 'trafficRouting: {nginx: {stableIngress: web}}   # the Ingress is called frontend',
    good: 'trafficRouting: {nginx: {stableIngress: frontend}}',
  },
  *check(tree) {
    for (const rollout of tree.byKind('Rollout.argoproj.io')) {
      const nginx: FieldPath = [...STRATEGY, 'canary', 'trafficRouting', 'nginx'];
      const stable = stringAt(rollout.value, [...STRATEGY, 'canary', 'stableService']);
      const many = valueAt(rollout.value, [...nginx, 'stableIngresses']);
      const named = [
        { name: stringAt(rollout.value, [...nginx, 'stableIngress']), path: [...nginx, 'stableIngress'] },
        ...(Array.isArray(many) ? many : []).map((name, index) => ({
          name: String(name),
          path: [...nginx, 'stableIngresses', index],
        })),
      ];
      for (const { name, path } of named) {
        if (name === undefined) continue;
        const { namespace } = rollout;
        const found = tree.find('Ingress.networking.k8s.io', namespace, name, rollout);
        if (found === undefined) {
          if (isFilledFromElsewhere(tree, namespace)) continue;
          yield missing(tree, rollout, path, {
            kind: 'Ingress',
            name,
            namespace,
            candidates: namesOf(tree, 'Ingress.networking.k8s.io', namespace),
          });
        } else if (
          stable !== undefined &&
          ![...stringsIn(found.value.spec)].some(
            ({ text, path: at }) => text === stable && /^(name|serviceName)$/.test(String(at.at(-1))),
          )
        ) {
          yield {
            ...about(tree, rollout, path),
            message: `Ingress "${name}" has no path to the stable Service "${stable}"`,
            related: [{ at: found.place(['spec', 'rules']), message: 'the paths of the Ingress' }],
          };
        }
      }
    }
  },
};

const project: Rule = {
  id: 'reference/project',
  severity: 'error',
  summary: 'an Application of an AppProject that is not declared',
  why: 'Argo CD shows InvalidSpecError, "Application referencing project which does not exist", and neither compares nor syncs it.',
  example: { bad: 'spec: {project: pern}', good: 'spec: {project: pern-app}' },
  *check(tree) {
    const applications = tree.deployments.flatMap(({ application }) =>
      application === undefined ? [] : [application],
    );
    for (const application of new Set([...applications, ...tree.byKind('Application.argoproj.io')])) {
      const name = stringAt(application.value, ['spec', 'project']) ?? '';
      const candidates = tree.byKind('AppProject.argoproj.io').map((candidate) => candidate.name);
      if (name === 'default' || candidates.includes(name) || isFilledFromElsewhere(tree, application.namespace))
        continue;
      yield missing(tree, application, ['spec', 'project'], {
        kind: 'AppProject',
        name,
        namespace: '',
        candidates: [...candidates, 'default'],
      });
    }
  },
};

const scaleTarget: Rule = {
  id: 'reference/scale-target',
  severity: 'error',
  summary: 'an autoscaler whose target is not there',
  why: 'The HorizontalPodAutoscaler reports FailedGetScale and never scales; for a Rollout the apiVersion has to be argoproj.io/v1alpha1.',
  example: {
    bad: 'scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: backend}   # it is a Rollout',
    good: 'scaleTargetRef: {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: backend}',
  },
  *check(tree) {
    for (const object of tree.byKind('HorizontalPodAutoscaler.autoscaling')) {
      const path: FieldPath = ['spec', 'scaleTargetRef'];
      const { apiVersion, kind, name } = mapAt(object.value, path);
      if (typeof kind !== 'string' || typeof name !== 'string') continue;
      const group =
        typeof apiVersion === 'string' && apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
      const kindId = group === '' ? kind : `${kind}.${group}`;
      const { namespace } = object;
      if (tree.find(kindId, namespace, name) !== undefined || isFilledFromElsewhere(tree, namespace)) continue;
      const other = tree.objects.find(
        (candidate) =>
          candidate.name === name &&
          candidate.namespace === namespace &&
          ['Rollout', 'Deployment', 'StatefulSet'].includes(candidate.kind),
      );
      const issue = missing(tree, object, [...path, 'name'], {
        kind,
        name,
        namespace,
        candidates: namesOf(tree, kindId, namespace),
      });
      yield other === undefined ? issue : { ...issue, fix: `"${name}" is a ${other.kind} (${other.apiVersion})` };
    }
  },
};

const role: Rule = {
  id: 'reference/role',
  severity: 'error',
  summary: 'a binding whose role or ServiceAccount is not there',
  why: 'The API server accepts the binding and it grants nothing; what relies on it is forbidden at run time.',
  example: { bad: 'roleRef: {kind: Role, name: backnd}', good: 'roleRef: {kind: Role, name: backend}' },
  *check(tree) {
    for (const kindId of ['RoleBinding.rbac.authorization.k8s.io', 'ClusterRoleBinding.rbac.authorization.k8s.io']) {
      for (const object of tree.byKind(kindId)) yield* checkBinding(tree, object);
    }
  },
};

/** ClusterRoles that every cluster has. */
const BUILT_IN_ROLE = /^(admin|edit|view|cluster-admin|system:.*)$/;

function* checkBinding(tree: Tree, object: PlacedObject): Generator<Issue> {
  const kind = stringAt(object.value, ['roleRef', 'kind']) ?? '';
  const name = stringAt(object.value, ['roleRef', 'name']) ?? '';
  const namespace = kind === 'Role' ? object.namespace : '';
  const kindId = `${kind}.rbac.authorization.k8s.io`;
  if (
    name !== '' &&
    tree.find(kindId, namespace, name) === undefined &&
    !(kind === 'ClusterRole' && BUILT_IN_ROLE.test(name))
  ) {
    if (!isFilledFromElsewhere(tree, namespace))
      yield missing(tree, object, ['roleRef', 'name'], {
        kind,
        name,
        namespace,
        candidates: namesOf(tree, kindId, namespace),
      });
  }
  for (const { path, value } of elementsAt(object.value, ['subjects'])) {
    if (value.kind !== 'ServiceAccount' || typeof value.name !== 'string') continue;
    const target = typeof value.namespace === 'string' ? value.namespace : object.namespace;
    // An account whose manifest names no namespace goes to the one it is applied to.
    const isDeclared = [target, ''].some(
      (place) => tree.find('ServiceAccount', place, value.name as string) !== undefined,
    );
    if (value.name === 'default' || isDeclared) continue;
    // Accounts of namespaces that this tree does not fill belong to somebody else.
    if (!tree.objects.some((candidate) => candidate.namespace === target) || isFilledFromElsewhere(tree, target))
      continue;
    yield missing(tree, object, [...path, 'name'], {
      kind: 'ServiceAccount',
      name: value.name,
      namespace: target,
      candidates: namesOf(tree, 'ServiceAccount', target),
    });
  }
}

export const ARGO_REFERENCES: readonly Rule[] = [template, placeholder, ingress, project, scaleTarget, role];
