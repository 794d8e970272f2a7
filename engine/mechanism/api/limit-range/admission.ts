import { isRecord } from '#core/json.ts';
import type { ResourceKind } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import type { Admission } from '../admission.ts';
import { ApiError, invalid } from '../errors.ts';
import { Causes, eachOf, type Members, mapOf } from '../validation/causes.ts';
import { VALIDATIONS } from '../validation/kinds.ts';
import { constraintProblems } from './constraints.ts';

const SET_ANNOTATION = 'kubernetes.io/limit-ranger';

/**
 * LimitRanges: containers get the defaults of their namespace, and pods and claims outside of its bounds are refused.
 * Throws ApiError Forbidden, or Invalid when the defaults contradict what a container says.
 * Source: k8s.io/kubernetes v1.34 plugin/pkg/admission/limitranger.
 */
export const limitRangeAdmission: Admission = {
  admit: (object, live, kind, objects) => {
    const isJudged =
      kind.id === 'Pod' ? live === undefined : kind.id === 'PersistentVolumeClaim' && object.spec !== live?.spec;
    if (!isJudged || live?.metadata.deletionTimestamp !== undefined) return object;
    const ranges = limitsIn(objects, object.metadata.namespace);
    if (ranges.length === 0) return object;
    const filled = kind.id === 'Pod' ? withDefaults(object, ranges, kind) : object;
    for (const limits of ranges) {
      const problems = limits.flatMap((limit) => constraintProblems(limit, filled, kind.id));
      if (problems.length > 0) throw forbidden(kind, filled, [...new Set(problems)]);
    }
    return filled;
  },
};

/** The items of each LimitRange of a namespace, by name of the LimitRange. */
function limitsIn(objects: Reader, namespace: string | undefined): Members[][] {
  return objects.list('LimitRange', namespace).map(({ spec }) => eachOf(spec.limits, '').map(([limit]) => limit));
}

function withDefaults(pod: KubeObject, ranges: readonly Members[][], kind: ResourceKind): KubeObject {
  let current = pod;
  for (const limits of ranges) current = withDefaultsOf(current, limits);
  if (current === pod) return pod;
  const causes = new Causes();
  VALIDATIONS.Pod?.(current, causes);
  if (causes.list.length > 0) throw invalid(kind, pod.metadata.name, causes.list);
  return current;
}

/** The pod with what one LimitRange gives to containers that say nothing; an annotation tells what was set. */
function withDefaultsOf(pod: KubeObject, limits: readonly Members[]): KubeObject {
  const forContainers = limits.filter(({ type }) => type === 'Container');
  const requests = Object.assign({}, ...forContainers.map((limit) => mapOf(limit.defaultRequest))) as Members;
  const defaults = Object.assign({}, ...forContainers.map((limit) => mapOf(limit.default))) as Members;
  const notes: string[] = [];
  const fill = (title: string) => (container: unknown) => {
    if (!isRecord(container)) return container;
    const resources = mapOf(container.resources);
    const added = (given: unknown, missing: Members) => Object.keys(missing).filter((name) => !(name in mapOf(given)));
    const newRequests = added(resources.requests, requests).sort();
    const newLimits = added(resources.limits, defaults).sort();
    const who = `${title} ${String(container.name)}`;
    if (newRequests.length > 0) notes.push(`${newRequests.join(', ')} request for ${who}`);
    if (newLimits.length > 0) notes.push(`${newLimits.join(', ')} limit for ${who}`);
    const merged = {
      ...resources,
      limits: { ...defaults, ...mapOf(resources.limits) },
      requests: { ...requests, ...mapOf(resources.requests) },
    };
    return newRequests.length + newLimits.length === 0 ? container : { ...container, resources: merged };
  };
  const spec = mapOf(pod.spec);
  const containers = listOf(spec.containers).map(fill('container'));
  const initContainers = listOf(spec.initContainers).map(fill('init container'));
  if (notes.length === 0) return pod;
  const annotations = { ...pod.metadata.annotations, [SET_ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}` };
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: { ...spec, containers, ...(initContainers.length === 0 ? {} : { initContainers }) },
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function forbidden(kind: ResourceKind, { metadata }: KubeObject, problems: readonly string[]): ApiError {
  const why = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
  return new ApiError('Forbidden', `${kind.plural} "${metadata.name}" is forbidden: ${why}`, {
    name: metadata.name,
    kind: kind.plural,
  });
}
