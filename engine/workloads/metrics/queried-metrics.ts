import type { Reader } from '#store/store.ts';

/** Names found in an object's queries; objects never change, so each is looked through once. */
const NAMES = new WeakMap<object, readonly string[]>();

/**
 * Metrics of the cluster's own exporters that some analysis may ask for: the names that occur in analysis templates and in
 * runs (which may have been made from templates that are gone); and those that autoscalers go by.
 */
export function queriedMetrics(objects: Reader): ReadonlySet<string> {
  const names = new Set<string>();
  for (const kind of [
    'AnalysisTemplate.argoproj.io',
    'ClusterAnalysisTemplate.argoproj.io',
    'AnalysisRun.argoproj.io',
  ] as const) {
    for (const object of objects.list(kind)) for (const name of namesIn(object)) names.add(name);
  }
  for (const { spec } of objects.list('HorizontalPodAutoscaler.autoscaling')) {
    const resources = (spec.metrics ?? []).map(
      ({ resource, containerResource }) => (resource ?? containerResource)?.name,
    );
    if (resources.includes('cpu')) names.add('container_cpu_usage_seconds_total');
    if (resources.includes('memory')) names.add('container_memory_working_set_bytes');
  }
  return names;
}

function namesIn(object: { spec?: unknown }): readonly string[] {
  let names = NAMES.get(object);
  if (names === undefined) {
    names =
      JSON.stringify(object.spec ?? {}).match(
        /\b(?:kube|container|rollout|analysis_run|nginx_ingress_controller)_\w+/g,
      ) ?? [];
    NAMES.set(object, names);
  }
  return names;
}
