import type { Issue } from '../finding.ts';
import { elementsAt, mapAt, stringAt, valueAt } from '../model/fields.ts';
import { about, isSelectedBy } from '../model/lookup.ts';
import type { PlacedObject } from '../model/placed-object.ts';
import { containersOf, LASTING_WORKLOADS, type PodTemplate, podTemplatesOf } from '../model/pods.ts';
import type { FieldPath } from '../model/source.ts';
import type { Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';

function lastingTemplates(tree: Tree): PodTemplate[] {
  return LASTING_WORKLOADS.flatMap((kindId) => tree.byKind(kindId)).flatMap(podTemplatesOf);
}

const readiness: Rule = {
  id: 'probes/readiness',
  severity: 'warning',
  summary: 'a pod behind a Service whose containers have no readiness probe',
  why: 'It gets requests from the moment its process exists, and keeps getting them when it cannot answer: every start of a canary is an outage for its share of users.',
  example: {
    bad: 'ports: [{name: http, containerPort: 8080}]',
    good: 'readinessProbe: {httpGet: {path: /readyz, port: http}}',
  },
  *check(tree) {
    const services = Map.groupBy(tree.byKind('Service'), ({ namespace }) => namespace);
    for (const template of lastingTemplates(tree)) {
      const isServed = (services.get(template.owner.namespace) ?? []).some(({ value }) => {
        const labels = valueAt(value, ['spec', 'selector']);
        return typeof labels === 'object' && labels !== null && isSelectedBy({ matchLabels: labels }, template.labels);
      });
      const containers = containersOf(template).filter(({ isInit }) => !isInit);
      if (!isServed || containers.length === 0 || containers.some(({ value }) => value.readinessProbe !== undefined))
        continue;
      yield {
        ...about(tree, template.owner, containers[0]?.path ?? []),
        message: `no container of ${template.owner.title} has a readiness probe`,
      };
    }
  },
};

const sameProbe: Rule = {
  id: 'probes/liveness-is-readiness',
  severity: 'warning',
  summary: 'a liveness probe that asks the same as the readiness probe',
  why: 'When a dependency is away, readiness takes the pod out of the Service; liveness then kills it as well, and all pods restart at once when the dependency returns.',
  example: {
    bad: 'readinessProbe: {httpGet: {path: /health, port: http}}\nlivenessProbe: {httpGet: {path: /health, port: http}}',
    good: 'livenessProbe: {httpGet: {path: /livez, port: http}}',
  },
  *check(tree) {
    for (const template of lastingTemplates(tree)) {
      for (const { path, value } of containersOf(template)) {
        const [ready, live] = ['readinessProbe', 'livenessProbe'].map((field) => valueAt(value, [field, 'httpGet']));
        if (ready === undefined || JSON.stringify(ready) !== JSON.stringify(live)) continue;
        yield {
          ...about(tree, template.owner, [...path, 'livenessProbe']),
          message: `liveness of "${String(value.name)}" asks what readiness asks`,
          severity: 'info',
        };
      }
    }
  },
};

const probePort: Rule = {
  id: 'probes/port',
  severity: 'error',
  summary: 'a probe of a port name that the container does not have',
  why: 'The kubelet cannot find the port: the probe fails for ever and the pod never becomes ready, or is killed again and again.',
  example: {
    bad: 'ports: [{name: http}]\nreadinessProbe: {httpGet: {port: web}}',
    good: 'readinessProbe: {httpGet: {port: http}}',
  },
  *check(tree) {
    for (const template of tree.objects.flatMap(podTemplatesOf)) {
      for (const { path, value } of containersOf(template)) {
        const names = elementsAt(value, ['ports']).map((port) => port.value.name);
        for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
          for (const action of ['httpGet', 'tcpSocket']) {
            const port = valueAt(value, [probe, action, 'port']);
            if (typeof port !== 'string' || /^\d+$/.test(port) || names.includes(port)) continue;
            yield {
              ...about(tree, template.owner, [...path, probe, action, 'port']),
              message: `container "${String(value.name)}" has no port named "${port}"`,
              fix: names.length === 0 ? 'name the port under ports' : `it has ${names.join(', ')}`,
            };
          }
        }
      }
    }
  },
};

const graceful: Rule = {
  id: 'probes/grace-period',
  severity: 'error',
  summary: 'a preStop hook that takes as long as the grace period, or longer',
  why: 'The grace period covers the hook as well. When the hook uses it up, the process gets SIGTERM and, two seconds later, SIGKILL: it cannot finish a request.',
  example: {
    bad: 'terminationGracePeriodSeconds: 10\npreStop: {sleep: {seconds: 15}}',
    good: 'terminationGracePeriodSeconds: 45\npreStop: {sleep: {seconds: 5}}',
  },
  *check(tree) {
    for (const template of tree.objects.flatMap(podTemplatesOf)) {
      const graceSeconds =
        typeof template.spec.terminationGracePeriodSeconds === 'number'
          ? template.spec.terminationGracePeriodSeconds
          : 30;
      for (const { path, value } of containersOf(template)) {
        const hookSeconds = preStopSeconds(value);
        if (hookSeconds === undefined || hookSeconds < graceSeconds) continue;
        yield {
          ...about(tree, template.owner, [...path, 'lifecycle', 'preStop']),
          message: `preStop of "${String(value.name)}" takes ${hookSeconds} s of a grace period of ${graceSeconds} s`,
          fix: 'raise terminationGracePeriodSeconds to the hook plus the longest request',
        };
      }
    }
  },
};

function preStopSeconds(container: Readonly<Record<string, unknown>>): number | undefined {
  const sleep = valueAt(container, ['lifecycle', 'preStop', 'sleep', 'seconds']);
  if (typeof sleep === 'number') return sleep;
  const command = valueAt(container, ['lifecycle', 'preStop', 'exec', 'command']);
  const found = Array.isArray(command) ? /\bsleep[ ,]+(\d+)\b/.exec(command.join(' ')) : null;
  return found === null ? undefined : Number(found[1]);
}

const budget: Rule = {
  id: 'availability/disruption-budget',
  severity: 'error',
  summary: 'a disruption budget that forbids every eviction, or two budgets for one pod',
  why: 'A node can then never be drained: upgrades hang until somebody deletes the budget. With two budgets for a pod the eviction API answers 500.',
  example: { bad: 'replicas: 2\nminAvailable: 2', good: 'replicas: 2\nmaxUnavailable: 1' },
  *check(tree) {
    const budgets = tree.byKind('PodDisruptionBudget.policy');
    for (const template of lastingTemplates(tree)) {
      const matching = budgets.filter(
        ({ namespace, value }) =>
          namespace === template.owner.namespace && isSelectedBy(valueAt(value, ['spec', 'selector']), template.labels),
      );
      const [first, second] = matching;
      if (first === undefined) continue;
      if (second !== undefined)
        yield {
          ...about(tree, second, ['spec', 'selector']),
          message: `${first.name} and ${second.name} both select the pods of ${template.owner.title}`,
        };
      const replicas = replicasMin(tree, template.owner);
      const must = replicas === undefined ? undefined : requiredPods(first, replicas);
      if (must !== undefined && replicas !== undefined && must >= replicas) {
        const at: FieldPath = [
          'spec',
          valueAt(first.value, ['spec', 'minAvailable']) === undefined ? 'maxUnavailable' : 'minAvailable',
        ];
        yield {
          ...about(tree, first, at),
          message: `${template.owner.title} has ${replicas} ${replicas === 1 ? 'pod' : 'pods'} and ${must} must stay available: none may be evicted`,
          fix: replicas === 1 ? 'run two pods, or leave the budget out' : 'write maxUnavailable: 1',
        };
      }
    }
  },
};

/** Pods that must stay, of `replicas`; percentages round up, as the disruption controller does. */
function requiredPods({ value }: PlacedObject, replicas: number): number | undefined {
  const { minAvailable, maxUnavailable } = mapAt(value, ['spec']);
  const count = (text: unknown) =>
    typeof text === 'number'
      ? text
      : typeof text === 'string' && /^\d+%$/.test(text)
        ? Math.ceil((replicas * Number.parseInt(text, 10)) / 100)
        : undefined;
  if (minAvailable !== undefined) return count(minAvailable);
  const may = count(maxUnavailable);
  return may === undefined ? undefined : replicas - may;
}

/** The smallest number of pods the workload may have: an autoscaler's minimum goes before `replicas`. */
function replicasMin(tree: Tree, owner: PlacedObject): number | undefined {
  const scaler = scalerOf(tree, owner);
  const { minReplicas } = mapAt(scaler?.value, ['spec']);
  if (scaler !== undefined) return typeof minReplicas === 'number' ? minReplicas : 1;
  const replicas = valueAt(owner.value, ['spec', 'replicas']);
  if (owner.kind === 'DaemonSet') return undefined;
  return typeof replicas === 'number' ? replicas : 1;
}

function scalerOf(tree: Tree, owner: PlacedObject): PlacedObject | undefined {
  return tree.byKind('HorizontalPodAutoscaler.autoscaling').find(({ namespace, value }) => {
    const target = mapAt(value, ['spec', 'scaleTargetRef']);
    return namespace === owner.namespace && target.kind === owner.kind && target.name === owner.name;
  });
}

const scaler: Rule = {
  id: 'availability/autoscaler',
  severity: 'error',
  summary: 'an autoscaler that contradicts the workload it scales',
  why: '`replicas` in git and an autoscaler fight: every sync sets the number back. Utilisation cannot be computed for a container without a request.',
  example: {
    bad: 'kind: Rollout\nspec: {replicas: 5}   # and an HPA scales it',
    good: 'leave replicas out, or ignoreDifferences /spec/replicas with RespectIgnoreDifferences=true',
  },
  *check(tree) {
    for (const object of tree.byKind('HorizontalPodAutoscaler.autoscaling')) {
      const { minReplicas = 1, maxReplicas } = mapAt(object.value, ['spec']);
      if (typeof minReplicas === 'number' && typeof maxReplicas === 'number' && minReplicas > maxReplicas) {
        yield {
          ...about(tree, object, ['spec', 'minReplicas']),
          message: `minReplicas ${minReplicas} is more than maxReplicas ${maxReplicas}`,
        };
      }
      const target = LASTING_WORKLOADS.flatMap((kindId) => tree.byKind(kindId)).find(
        (candidate) => scalerOf(tree, candidate) === object,
      );
      if (target !== undefined) yield* checkScaled(tree, object, target);
    }
  },
};

function* checkScaled(tree: Tree, object: PlacedObject, target: PlacedObject): Generator<Issue> {
  if (valueAt(target.value, ['spec', 'replicas']) !== undefined && !ignoresReplicas(tree, target)) {
    yield {
      ...about(tree, target, ['spec', 'replicas']),
      message: `git sets replicas of ${target.title}, and ${object.name} scales it`,
      fix: 'remove replicas, or let the Application ignore /spec/replicas with the option RespectIgnoreDifferences=true',
      related: [{ at: object.place(['spec', 'scaleTargetRef']), message: 'the autoscaler' }],
    };
  }
  const metrics = elementsAt(object.value, ['spec', 'metrics']).filter(
    ({ value }) => stringAt(value, ['resource', 'target', 'type']) === 'Utilization',
  );
  for (const { path, value } of metrics) {
    const resource = stringAt(value, ['resource', 'name']) ?? '';
    const lacking = podTemplatesOf(target)
      .flatMap(containersOf)
      .filter(
        (container) =>
          !container.isInit &&
          valueAt(container.value, ['resources', 'requests', resource]) === undefined &&
          valueAt(container.value, ['resources', 'limits', resource]) === undefined,
      );
    for (const container of lacking) {
      yield {
        ...about(tree, object, path),
        message: `utilisation of ${resource} needs a request, and container "${String(container.value.name)}" of ${target.title} has none`,
      };
    }
  }
}

function ignoresReplicas(tree: Tree, target: PlacedObject): boolean {
  return tree.deploymentsOf(target).some(({ application }) =>
    elementsAt(application?.value, ['spec', 'ignoreDifferences']).some(({ value }) => {
      const pointers = Array.isArray(value.jsonPointers) ? value.jsonPointers : [];
      const paths = Array.isArray(value.jqPathExpressions) ? value.jqPathExpressions : [];
      return (
        (value.kind === target.kind || value.kind === '*') &&
        (pointers.includes('/spec/replicas') || paths.includes('.spec.replicas'))
      );
    }),
  );
}

export const AVAILABILITY: readonly Rule[] = [readiness, sameProbe, probePort, graceful, budget, scaler];
