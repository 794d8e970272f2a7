import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSurroundings, ROUTED, rolloutManifest } from './testing/manifests.ts';
import { SimulatedWorld } from './testing/simulated-world.ts';

fc.configureGlobal({ seed: 20260105 });

function refusal(spec: Record<string, unknown>): string | undefined {
  const at = new SimulatedWorld();
  createSurroundings(at);
  const manifest = rolloutManifest({});
  at.create({ ...manifest, spec: { ...(manifest.spec as object), ...spec } });
  at.run(1000);
  return at.status.message;
}

it.each<[Record<string, unknown>, string]>([
  [{ replicas: 'two' }, 'spec.replicas: Invalid value: "two": must be integer'],
  [{ template: 5 }, 'spec.template: Invalid value: 5: must be object'],
  [{ strategy: { canary: { steps: 'x' } } }, 'spec.strategy.canary.steps: Invalid value: "x": must be array'],
  [{ strategy: { canary: { steps: [5] } } }, 'spec.strategy.canary.steps[0]: Invalid value: 5: must be object'],
  [
    { strategy: { blueGreen: { activeService: 'a', autoPromotionSeconds: 'x' } } },
    'spec.strategy.blueGreen.autoPromotionSeconds: Invalid value: "x": must be integer',
  ],
])('members of the wrong type are refused by their path: %j', (spec, message) => {
  expect(refusal(spec)).toBe(`InvalidSpec: The Rollout "web" is invalid: ${message}`);
});

/** Places in a rollout where anything may stand. */
const PATHS = [
  ['replicas'],
  ['selector'],
  ['template'],
  ['template', 'spec'],
  ['template', 'spec', 'containers'],
  ['workloadRef'],
  ['strategy'],
  ['strategy', 'canary'],
  ['strategy', 'canary', 'steps'],
  ['strategy', 'canary', 'maxSurge'],
  ['strategy', 'canary', 'trafficRouting'],
  ['strategy', 'canary', 'trafficRouting', 'nginx'],
  ['strategy', 'canary', 'stableService'],
  ['strategy', 'blueGreen'],
  ['rollbackWindow'],
  ['restartAt'],
];

function replaced(spec: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  const object = typeof spec === 'object' && spec !== null ? (spec as Record<string, unknown>) : {};
  return { ...object, [first]: replaced(object[first], rest, value) };
}

// FUZZ_RUNS=20000 for a longer search.
it('whatever stands in a spec, the rollout says what is wrong or goes on; it never throws', () => {
  const anything = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom({}, [], [{}], [null], '', -1, 300, true));
  fc.assert(
    fc.property(fc.constantFrom(...PATHS), anything, (path, value) => {
      // The model of a node in these tests makes every pod there is to be.
      fc.pre(typeof value !== 'number' || Math.abs(value) <= 300);
      const manifest = rolloutManifest({ ...ROUTED, steps: [{ setWeight: 10 }, { pause: {} }] });
      const at = new SimulatedWorld();
      createSurroundings(at);
      try {
        at.create({ ...manifest, spec: replaced(manifest.spec, path, value) } as never);
      } catch (error) {
        // The API server refuses it: a matter of admission.
        expect(String(error)).toContain('Rollout');
        return;
      }
      at.run(30_000);
      expect(at.status.phase).toBeDefined();
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 150) },
  );
}, 60_000);
