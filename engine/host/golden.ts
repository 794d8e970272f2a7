import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { questionId } from '#control/answer-book.ts';
import type { Controller } from '#control/controller.ts';
import type { Effect, Plan } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { deepFreeze } from '#core/json.ts';
import { findKind, kindIdOf } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';
import type { SandboxState } from '#machine/pods.ts';
import type { Answer, Question } from '#machine/questions.ts';
import { volatileJournal } from '#store/journal.ts';
import { Store } from '#store/store.ts';

/** First document of a golden input: when, for which key, and what the machine and the outside say. */
interface GoldenHeader {
  /** RFC 3339. */
  now: string;
  /** `namespace/name`, `name`, or `cluster`. */
  key: string;
  answers?: { question: Question; answer: Answer }[];
  sandboxes?: SandboxState[];
}

/**
 * One test a case: `testdata/<case>.input.yaml` (a header document, then objects) is observed and planned by
 * `controller`; the plan must equal `<case>.plan.yaml`. `UPDATE_GOLDEN=1` rewrites the plans.
 * Objects may leave out uid (taken from kind and name), resourceVersion, creationTimestamp and generation.
 * @param folder The stage's folder (`import.meta.dirname`).
 */
export function goldenTests(folder: string, controller: Controller<never>): void {
  const testdata = join(folder, 'testdata');
  for (const file of readdirSync(testdata).sort()) {
    if (!file.endsWith('.input.yaml')) continue;
    const name = file.replace('.input.yaml', '');
    it(`${controller.name}: ${name}`, () => {
      const actual = planText(controller, readFileSync(join(testdata, file), 'utf8'));
      const goldenFile = join(testdata, `${name}.plan.yaml`);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(goldenFile, actual);
      expect(existsSync(goldenFile), `${goldenFile} exists (UPDATE_GOLDEN=1 writes it)`).toBe(true);
      expect(actual).toBe(readFileSync(goldenFile, 'utf8'));
    });
  }
}

/** The plan for a golden input, as YAML. Planning is done twice, and must give the same plan. */
export function planText(controller: Controller<never>, input: string): string {
  const [header, ...objects] = parseAllDocuments(input).map((document) => document.toJS()) as [
    GoldenHeader,
    ...KubeObject[],
  ];
  const nowMs = parseTime(header.now);
  if (nowMs === undefined) throw new Error(`golden input: now: ${header.now} is not RFC 3339`);
  const store = new Store(volatileJournal);
  for (const object of objects) if (object !== null) store.put(completed(object, header.now));
  const sandboxes = (header.sandboxes ?? []).map(deepFreeze);
  const answers = new Map(
    (header.answers ?? []).map(({ question, answer }) => [questionId(question), deepFreeze(answer)]),
  );
  const observe = () =>
    controller.observe(header.key, {
      objects: store,
      machine: { sandbox: (uid) => sandboxes.find(({ podUid }) => podUid === uid), sandboxes: () => sandboxes },
      answers: { of: (question) => answers.get(questionId(question)) as never },
    });
  const observation = observe();
  if (observation === undefined) return 'nothing: the root object is gone\n';
  const text = formatPlan(controller.plan(observation as never, nowMs));
  expect(formatPlan(controller.plan(observe() as never, nowMs)), 'planning is repeatable').toBe(text);
  return text;
}

/** A plan as YAML for people: what would be done, in order. */
export function formatPlan(plan: Plan): string {
  const wakeAt = plan.wakeAtMs === undefined ? {} : { wakeAt: new Date(plan.wakeAtMs).toISOString() };
  const effects = plan.effects.map((effect: Effect) => JSON.parse(JSON.stringify(effect)) as unknown);
  const status = plan.status === undefined ? {} : { status: JSON.parse(JSON.stringify(plan.status)) as unknown };
  return stringify(
    { effects, events: plan.events, ...wakeAt, ...status },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

function completed(object: KubeObject, nowTime: string): KubeObject {
  const kind = findKind(kindIdOf(object));
  if (kind === undefined) throw new Error(`golden input: ${object.apiVersion} ${object.kind} is not a known kind`);
  const defaults = {
    uid: `uid-${object.kind.toLowerCase()}-${object.metadata.name}`,
    resourceVersion: '0',
    creationTimestamp: nowTime,
    ...(kind.generation === 'none' ? {} : { generation: 1 }),
  };
  return { ...object, metadata: { ...defaults, ...object.metadata } };
}
