import type { FamilySample, MetricFamily } from '#lib/exposition/index.ts';

const HELP = 'As kube-state-metrics and Argo Rollouts define it.';

export function gauge(name: string, samples: readonly FamilySample[]): MetricFamily {
  return { name, help: HELP, type: 'gauge', samples };
}

export function counter(name: string, samples: readonly FamilySample[]): MetricFamily {
  return { name, help: HELP, type: 'counter', samples };
}

interface Named {
  metadata: { name: string; namespace?: string };
}

/** One gauge of the objects of a kind: `label` is what the exporter calls their name. Objects without a value are left out. */
export function gaugeOf<T extends Named>(
  name: string,
  label: string,
  objects: readonly T[],
  read: (object: T) => number | undefined,
): MetricFamily {
  return gauge(
    name,
    objects.flatMap((object) => {
      const value = read(object);
      const { namespace } = object.metadata;
      return value === undefined
        ? []
        : [{ labels: { ...(namespace === undefined ? {} : { namespace }), [label]: object.metadata.name }, value }];
    }),
  );
}

/** Seconds since the epoch, as exporters write times; undefined when there is none. */
export function seconds(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time) / 1000;
}

const CONDITIONS = ['true', 'false', 'unknown'];

/** Three samples for one condition: 1 for the status it has. */
export function conditionSamples(
  labels: Readonly<Record<string, string>>,
  status: string | undefined,
  label: 'condition' | 'status' = 'condition',
): FamilySample[] {
  const actual = (status ?? 'False').toLowerCase();
  return CONDITIONS.map((one) => ({ labels: { ...labels, [label]: one }, value: Number(one === actual) }));
}
