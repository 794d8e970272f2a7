import { deepEqual, isRecord } from '#core/json.ts';
import { type AntiAffinity, blueGreenOf, canaryOf, HASH_LABEL, type PodTemplate, type Rollout } from './types.ts';

interface Term {
  labelSelector?: { matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[] };
  namespaces?: readonly string[];
  topologyKey?: string;
}

interface PodAntiAffinity {
  preferredDuringSchedulingIgnoredDuringExecution?: readonly { weight: number; podAffinityTerm: Term }[];
  requiredDuringSchedulingIgnoredDuringExecution?: readonly Term[];
}

export type Affinity = { podAntiAffinity?: PodAntiAffinity; [part: string]: unknown };

const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

function strategyOf(rollout: Pick<Rollout, 'spec'>): AntiAffinity | undefined {
  const antiAffinity = blueGreenOf(rollout)?.antiAffinity ?? canaryOf(rollout).antiAffinity;
  return antiAffinity?.[PREFERRED] === undefined && antiAffinity?.[REQUIRED] === undefined ? undefined : antiAffinity;
}

/**
 * The affinity for pods of the new ReplicaSet: the template's, and with `antiAffinity` a term that keeps them off the nodes
 * where stable pods run (rollouts §1.21). `hash` is the new ReplicaSet's.
 */
export function affinityFor(rollout: Rollout, hash: string): Affinity | undefined {
  const affinity = rollout.spec.template?.spec?.affinity as Affinity | undefined;
  const strategy = strategyOf(rollout);
  const stable = rollout.status?.stableRS ?? '';
  if (strategy === undefined || stable === '' || stable === hash) return affinity;
  const term: Term = {
    labelSelector: { matchExpressions: [{ key: HASH_LABEL, operator: 'In', values: [stable] }] },
    namespaces: [rollout.metadata.namespace ?? ''],
    topologyKey: 'kubernetes.io/hostname',
  };
  const own = affinity?.podAntiAffinity ?? {};
  const preferred = strategy[PREFERRED];
  const podAntiAffinity: PodAntiAffinity =
    preferred === undefined
      ? { ...own, [REQUIRED]: [...(own[REQUIRED] ?? []), term] }
      : { ...own, [PREFERRED]: [...(own[PREFERRED] ?? []), { weight: preferred.weight, podAffinityTerm: term }] };
  return { ...affinity, podAntiAffinity };
}

/** Whether the injected term of a ReplicaSet names a ReplicaSet that is no longer the stable one. */
export function isInjectedTermStale(rollout: Rollout, live: Affinity | undefined, hash: string): boolean {
  const stable = rollout.status?.stableRS ?? '';
  const term = strategyOf(rollout) === undefined || stable === hash ? undefined : injectedTerm(live);
  const [named] = term?.labelSelector?.matchExpressions?.find(({ key }) => key === HASH_LABEL)?.values ?? [];
  return named !== undefined && named !== stable;
}

function isInjected(term: Term): boolean {
  return (term.labelSelector?.matchExpressions ?? []).some(({ key }) => key === HASH_LABEL);
}

function injectedTerm(affinity: Affinity | undefined): Term | undefined {
  const own = affinity?.podAntiAffinity ?? {};
  const preferred = (own[PREFERRED] ?? []).map(({ podAffinityTerm }) => podAffinityTerm);
  return [...preferred, ...(own[REQUIRED] ?? [])].find(isInjected);
}

/** A pod template without the term that was injected, for comparing it with the rollout's. */
export function withoutInjectedTerm(template: PodTemplate): PodTemplate {
  const affinity = template.spec?.affinity as Affinity | undefined;
  if (injectedTerm(affinity) === undefined) return template;
  const own = affinity?.podAntiAffinity ?? {};
  const rest = withoutEmpty({
    ...affinity,
    podAntiAffinity: withoutEmpty({
      ...own,
      [PREFERRED]: (own[PREFERRED] ?? []).filter(({ podAffinityTerm }) => !isInjected(podAffinityTerm)),
      [REQUIRED]: (own[REQUIRED] ?? []).filter((term) => !isInjected(term)),
    }),
  });
  return { ...template, spec: withoutEmpty({ ...template.spec, affinity: rest }) };
}

function withoutEmpty(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).filter(
      ([, value]) => !deepEqual(value, []) && !(isRecord(value) && Object.keys(value).length === 0),
    ),
  );
}
