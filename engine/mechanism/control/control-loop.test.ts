import { expect, it } from 'vitest';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Machine } from '#edges/ports.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { Answer, Question } from '#machine/questions.ts';
import { volatileJournal } from '#store/journal.ts';
import { VirtualTime } from '../../edges/sim/virtual-time.ts';
import { Engine } from '../../host/engine.ts';
import { STEPS_PER_INSTANT_MAX, type StepRecord } from './control-loop.ts';
import { type Controller, onRoot, trigger } from './controller.ts';
import type { Answers } from './plan.ts';
import { Draft } from './plan.ts';

const admitAll = { admit: <T>(object: T) => object };

function machineWith(answer: (question: Question, respond: (answer: Answer) => void) => () => void): Machine {
  const nothing = () => {};
  return {
    node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer },
    traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
    metrics: { setScrapes: nothing, answer },
    source: { answer },
  };
}

interface Observation {
  config: KindMap['ConfigMap'];
  answers: Answers;
}

/** Copies the commit a repository is at into the ConfigMap that names the repository, and looks again every minute. */
const follower: Controller<Observation> = {
  name: 'follower',
  root: 'ConfigMap',
  triggers: [onRoot('ConfigMap')],
  observe: (key, { objects, answers }) => {
    const [namespace, name] = key.split('/') as [string, string];
    const config = objects.get('ConfigMap', namespace, name);
    return config === undefined ? undefined : { config, answers };
  },
  plan: ({ config, answers }, nowMs) => {
    const draft = new Draft(answers);
    const revision = draft.ask({ ask: 'revision', repoURL: config.data?.repo ?? '', revision: 'HEAD' });
    if (revision?.ok && config.data?.sha !== revision.value.sha) {
      const target = { kind: 'ConfigMap', namespace: config.metadata.namespace, name: config.metadata.name };
      draft.add({ effect: 'patch', target, patch: { data: { sha: revision.value.sha } } });
      draft.note('Normal', 'Followed', `now at ${revision.value.sha}`);
    }
    return draft.wakeAt(nowMs + 60_000).finish();
  },
};

/** @param refusals How often the machine throws before it takes a question. */
function startWorld({ refusals = 0 } = {}) {
  const time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  let move: (sha: string) => void = () => {};
  let asked = 0;
  const machine = machineWith((_question, respond) => {
    if (refusals-- > 0) throw new Error('the machine is busy');
    asked++;
    move = (sha) => time.soon(() => respond({ ok: true, value: { sha } }));
    move('aaa');
    return () => {
      asked--;
    };
  });
  const steps: StepRecord[] = [];
  const engine = new Engine({
    scheduler: time,
    entropy: seededEntropy(1),
    ids: entropyIds(seededEntropy(1)),
    journal: volatileJournal,
    admission: admitAll,
    machine,
    controllers: [follower as Controller<never>],
    onStep: (record) => steps.push(record),
  });
  engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  engine.resources.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', namespace: 'shop' },
    data: { repo: 'r' },
  });
  engine.start();
  const run = (forMs: number) => time.runUntil(() => false, { untilMs: time.now() + forMs, stepsMax: 1000 });
  return { engine, steps, run, move: (sha: string) => move(sha), asked: () => asked };
}

it('plans again when an answer comes, and when it changes', () => {
  const { engine, run, move } = startWorld();
  run(10);
  expect(engine.store.get('ConfigMap', 'shop', 'c')?.data?.sha).toBe('aaa');
  move('bbb');
  run(10);
  expect(engine.store.get('ConfigMap', 'shop', 'c')?.data?.sha).toBe('bbb');
  const events = engine.store.list('Event', 'shop').map((event) => event.message);
  expect(events.sort()).toEqual(['now at aaa', 'now at bbb']);
});

it('wakes at the planned time and settles in between', () => {
  const { steps, run } = startWorld();
  run(1000);
  const settled = steps.length;
  run(58_000);
  expect(steps.length).toBe(settled);
  run(2000);
  expect(steps.length).toBe(settled + 1);
});

it('gives up questions of a root that is gone', () => {
  const { engine, run, asked } = startWorld();
  run(10);
  expect(asked()).toBe(1);
  engine.resources.delete({ kind: 'ConfigMap', namespace: 'shop', name: 'c' });
  run(10);
  expect(asked()).toBe(0);
});

it('asks again when the machine could not even be asked', () => {
  const { engine, run } = startWorld({ refusals: 1 });
  run(1000);
  expect(engine.store.get('ConfigMap', 'shop', 'c')?.data?.sha).toBe('aaa');
});

it('does not hold the failures of an object against the next one of its name', () => {
  const { engine, steps, run } = startWorld({ refusals: 5 });
  run(100);
  engine.resources.delete({ kind: 'ConfigMap', namespace: 'shop', name: 'c' });
  run(10);
  engine.resources.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop' } });
  run(10);
  expect(steps.filter(({ error }) => error !== undefined).map(({ retryInMs }) => retryInMs)).toEqual([
    10, 20, 40, 80, 10,
  ]);
});

it('goes on with all controllers when a trigger cannot read an object', () => {
  const hostile: Controller<object> = {
    name: 'hostile',
    root: 'ConfigMap',
    triggers: [
      trigger('ConfigMap', () => {
        throw new Error('cannot read it');
      }),
    ],
    observe: () => undefined,
    plan: () => ({ effects: [], events: [] }),
  };
  const time = new VirtualTime(0);
  const steps: StepRecord[] = [];
  const engine = new Engine({
    scheduler: time,
    entropy: seededEntropy(1),
    ids: entropyIds(seededEntropy(1)),
    journal: volatileJournal,
    admission: admitAll,
    machine: machineWith(() => () => {}),
    controllers: [hostile as Controller<never>, follower as Controller<never>],
    onStep: (record) => steps.push(record),
  });
  engine.start();
  engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  engine.resources.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop' } });
  time.runUntil(() => false, { untilMs: 10, stepsMax: 100 });
  expect(steps.map(({ controller, key, error }) => `${controller} ${key} ${String(error)}`)).toEqual([
    'hostile shop/c Error: cannot read it',
    'follower shop/c undefined',
  ]);
});

/** Sets its own mark on every ConfigMap that has another one: two of them never come to rest. */
function marker(mark: string): Controller<KindMap['ConfigMap']> {
  return {
    name: `marker-${mark}`,
    root: 'ConfigMap',
    triggers: [onRoot('ConfigMap')],
    observe: (key, { objects }) => {
      const [namespace, name] = key.split('/') as [string, string];
      return objects.get('ConfigMap', namespace, name);
    },
    plan: ({ metadata: { namespace, name }, data }) => {
      const target = { kind: 'ConfigMap', namespace, name } as const;
      return {
        effects: data?.mark === mark ? [] : [{ effect: 'patch', target, patch: { data: { mark } } }],
        events: [],
      };
    },
  };
}

it('holds back two controllers that undo one another at one instant, names them, and the clock goes on', () => {
  const time = new VirtualTime(0);
  const steps: StepRecord[] = [];
  const engine = new Engine({
    scheduler: time,
    entropy: seededEntropy(1),
    ids: entropyIds(seededEntropy(1)),
    journal: volatileJournal,
    admission: admitAll,
    machine: machineWith((_question, respond) =>
      time.at(time.now(), () => respond({ ok: true, value: { sha: 'aaa' } })),
    ),
    controllers: [marker('a'), marker('b'), follower].map((controller) => controller as Controller<never>),
    onStep: (record) => steps.push(record),
  });
  engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  engine.resources.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop' } });
  engine.start();
  expect(time.runUntil(() => false, { untilMs: 1000, stepsMax: 10_000 })).toBe('time');
  const held = steps.filter(({ error }) => error !== undefined);
  expect(String(held[0]?.error)).toMatch(
    /^HotLoopError: marker-a planned shop\/c 1000 times at one instant .*\(its last plan: patch\): two controllers undo/,
  );
  // 10 ms, then 20, 40, ...: a second has seven such instants, not a hundred.
  expect(held.filter(({ controller }) => controller === 'marker-a').map(({ retryInMs }) => retryInMs)).toEqual([
    10, 20, 40, 80, 160, 320, 640,
  ]);
  expect(steps.length).toBeLessThan(4 * 7 * STEPS_PER_INSTANT_MAX);
  expect(engine.store.get('ConfigMap', 'shop', 'c')?.data?.sha).toBe('aaa');
});
