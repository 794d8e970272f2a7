import type { Issue } from '../finding.ts';
import { dependenciesOf } from '../model/dependencies.ts';
import { stringAt } from '../model/fields.ts';
import { about } from '../model/lookup.ts';
import type { PlacedObject } from '../model/placed-object.ts';
import type { Tree } from '../model/tree.ts';
import type { Rule } from '../rule.ts';

const WAVE = 'argocd.argoproj.io/sync-wave';
const HOOK = 'argocd.argoproj.io/hook';

/** Phases in the order in which a sync goes through them. */
const PHASES = ['PreSync', 'Sync', 'PostSync'] as const;

function waveOf({ value }: PlacedObject): number {
  const text = stringAt(value, ['metadata', 'annotations', WAVE]) ?? '';
  return /^[+-]?\d+$/.test(text.trim()) ? Number(text) : 0;
}

/** The first phase an object is applied in; undefined for hooks that no ordinary sync runs. */
function phaseOf({ value }: PlacedObject): number | undefined {
  const hooks = (stringAt(value, ['metadata', 'annotations', HOOK]) ?? '').split(',').map((word) => word.trim());
  if (hooks.length === 1 && hooks[0] === '') return 1;
  const phases = hooks.map((hook) => PHASES.indexOf(hook as (typeof PHASES)[number])).filter((phase) => phase >= 0);
  return phases.length === 0 ? undefined : Math.min(...phases);
}

const order: Rule = {
  id: 'waves/order',
  severity: 'error',
  summary: 'an object in an earlier wave, or phase, than something it needs',
  why: 'A sync waits until a wave is healthy before it applies the next. What needs an object of a later wave never becomes healthy, so the later wave never comes: the first installation hangs for ever, although updates of a running one work.',
  example: {
    bad: 'the ConfigMap has sync-wave "2", the Rollout that mounts it "1"',
    good: 'the ConfigMap has sync-wave "1"',
  },
  *check(tree) {
    for (const { objects, application } of tree.deployments) {
      if (application === undefined) continue;
      const together = new Set(objects);
      for (const object of objects) yield* checkObject(tree, object, together);
    }
  },
};

function* checkObject(tree: Tree, object: PlacedObject, together: ReadonlySet<PlacedObject>): Generator<Issue> {
  const phase = phaseOf(object);
  if (phase === undefined) return;
  const told = new Set<PlacedObject>();
  for (const { path, to } of dependenciesOf(tree, object)) {
    const needed = phaseOf(to);
    if (needed === undefined || !together.has(to) || told.has(to)) continue;
    const isLater = needed > phase || (needed === phase && waveOf(to) > waveOf(object));
    if (!isLater) continue;
    told.add(to);
    const when = (candidate: PlacedObject, index: number) => `${PHASES[index]} wave ${waveOf(candidate)}`;
    yield {
      ...about(tree, object, path),
      message: `${object.title} (${when(object, phase)}) needs ${to.title} (${when(to, needed)})`,
      fix:
        needed > phase
          ? `give ${to.name} the same hook, or make ${object.name} an object of the Sync phase`
          : `give ${to.name} wave ${waveOf(object)} or less`,
      related: [{ at: to.place(['metadata', 'annotations', WAVE]), message: to.title }],
    };
  }
}

const hookPolicy: Rule = {
  id: 'waves/hook-immutable',
  severity: 'warning',
  summary: 'a Job with a fixed name that is no hook, or a hook that is never deleted',
  why: 'The template of a Job cannot be changed: the second release fails with "field is immutable". A hook with a delete policy (BeforeHookCreation is the default) is made anew.',
  example: {
    bad: 'kind: Job\nmetadata: {name: migrate}',
    good: 'metadata: {name: migrate, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: BeforeHookCreation}}',
  },
  *check(tree): Generator<Issue> {
    for (const job of tree.byKind('Job.batch')) {
      const annotations = (key: string) => stringAt(job.value, ['metadata', 'annotations', key]);
      const isReplaced = /(Replace|Force)=true/.test(annotations('argocd.argoproj.io/sync-options') ?? '');
      const isDeployed = tree.deploymentsOf(job).some(({ application }) => application !== undefined);
      if (
        !isDeployed ||
        annotations(HOOK) !== undefined ||
        isReplaced ||
        stringAt(job.value, ['metadata', 'name']) === undefined
      )
        continue;
      yield {
        ...about(tree, job, ['metadata', 'name']),
        message: `${job.title} is an ordinary object: its next change cannot be applied`,
        fix: 'make it a hook, or add the sync option Replace=true,Force=true',
      };
    }
  },
};

export const WAVES: readonly Rule[] = [order, hookPolicy];
