import { type Entropy, randomInteger, seededEntropy } from '../../engine/vocabulary/core/entropy.ts';
import { madeScenario } from '../foreign/default-scenario.ts';
import type { ImageModel, Scenario, ScenarioEvent } from '../scenario/types.ts';

/** What a random world may be made of. */
export interface FuzzSpace {
  environment: string;
  components: readonly string[];
}

const SECOND_MS = 1000;
const TAGS = ['2.0.0', '2.1.0', '2.2.0'] as const;

/** One random story: versions, how they behave, when they come, what breaks. The seed decides everything. */
export function randomScenario(seed: number, space: FuzzSpace): Scenario {
  const entropy = seededEntropy(seed);
  const component = pick(entropy, space.components, 'component');
  const models = Object.fromEntries(TAGS.map((tag) => [tag, randomModel(entropy)]));
  const count = 1 + randomInteger(entropy, 3, 'events');
  const events: ScenarioEvent[] = [];
  for (let index = 0; index < count; index++) {
    const tag = TAGS[index] as string;
    const after = index === 0 ? 0 : randomInteger(entropy, 60, 'between') * SECOND_MS;
    events.push({ after, commit: { environment: space.environment, images: { [component]: tag } } });
    const extra = randomEvent(entropy, space.environment, component);
    if (extra !== undefined) events.push({ after: randomInteger(entropy, 40, 'extra') * SECOND_MS, ...extra });
  }
  const requestsPerSecond = pick(entropy, [0, 2, 40, 400], 'traffic');
  return madeScenario({
    name: `seed ${seed}`,
    seed,
    withinMs: 45 * 60_000,
    environments: [space.environment],
    images: { [component]: models },
    traffic: { '*': { requestsPerSecond } },
    approvals: { after: 20 * SECOND_MS, by: 'approver' },
    events,
  });
}

function randomModel(entropy: Entropy): ImageModel {
  switch (randomInteger(entropy, 8, 'model')) {
    case 0:
      return { errorRate: 0.3 };
    case 1:
      return { errorRate: 0.06 };
    case 2:
      return { latency: { p50: 400, p95: 2000 } };
    case 3:
      return { ready: false };
    case 4:
      return { exists: false };
    case 5:
      return { exits: { after: (1 + randomInteger(entropy, 60, 'crash')) * SECOND_MS, code: 1 } };
    case 6:
      return { changes: [{ when: { after: randomInteger(entropy, 40, 'turn') * SECOND_MS }, errorRate: 0.5 }] };
    default:
      return { startup: randomInteger(entropy, 10, 'startup') * SECOND_MS };
  }
}

function randomEvent(entropy: Entropy, environment: string, component: string): Partial<ScenarioEvent> | undefined {
  const lasting = (5 + randomInteger(entropy, 60, 'lasting')) * SECOND_MS;
  switch (randomInteger(entropy, 9, 'what')) {
    case 0:
      return { fault: { prometheus: 'down', for: lasting } };
    case 1:
      return { fault: { git: 'down', for: lasting } };
    case 2:
      return {
        fault: { controllers: 'killed', every: (1 + randomInteger(entropy, 5, 'every')) * SECOND_MS, for: lasting },
      };
    case 3:
      return { fault: { pod: { environment, component } } };
    case 4:
      return { revert: {} };
    case 5:
      return { abort: { environment, component } };
    case 6:
      return { commit: { environment, images: { [component]: TAGS[0] }, signed: false } };
    default:
      return undefined;
  }
}

function pick<T>(entropy: Entropy, from: readonly T[], reason: string): T {
  return from[randomInteger(entropy, from.length, reason)] as T;
}

/** The same story with one thing less, in the order in which they should be tried. */
export function smaller(scenario: Scenario): Scenario[] {
  const withoutOne = scenario.events.flatMap((_, index) => {
    const events = scenario.events.filter((__, other) => other !== index);
    const isSound = events.every(
      ({ revert }, at) => revert === undefined || events.slice(0, at).some(({ commit }) => commit !== undefined),
    );
    return events.length > 0 && isSound ? [{ ...scenario, events }] : [];
  });
  const sooner = scenario.events.flatMap((event, index) =>
    (event.after ?? 0) > 1000
      ? [
          {
            ...scenario,
            events: scenario.events.map((one, at) =>
              at === index ? { ...one, after: Math.floor((event.after ?? 0) / 2000) * 1000 } : one,
            ),
          },
        ]
      : [],
  );
  const healthier = Object.entries(scenario.images).flatMap(([component, models]) =>
    Object.entries(models)
      .filter(([, model]) => Object.keys(model).length > 0)
      .map(([tag]) => ({ ...scenario, images: { [component]: { ...models, [tag]: {} } } })),
  );
  return [...withoutOne, ...healthier, ...sooner];
}
