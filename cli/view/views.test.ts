import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { KindId, ObjectOf } from '../../engine/vocabulary/kube/kinds.ts';
import { kindIdOf } from '../../engine/vocabulary/kube/kinds.ts';
import type { KubeObject } from '../../engine/vocabulary/kube/object.ts';
import { applicationLines, applicationListLines } from './application-text.ts';
import { describeLines } from './describe-text.ts';
import { eventLine } from './events-text.ts';
import { failureLines } from './failure-report.ts';
import { type Line, plain, plainText } from './lines.ts';
import { experimentView, rolloutView } from './rollout-model.ts';
import {
  experimentLines,
  experimentListLines,
  rolloutLines,
  rolloutListLines,
  rolloutProgressLine,
} from './rollout-text.ts';
import { assessReadiness, stateLines, systemLines } from './system.ts';

/** Objects of a fixture, by kind; its first document says what time it is. */
interface Fixture {
  nowMs: number;
  list<Id extends KindId>(id: Id): ObjectOf<Id>[];
}

const folder = join(import.meta.dirname, 'testdata');

function readFixture(name: string): Fixture {
  const documents = parseAllDocuments(readFileSync(join(folder, `${name}.yaml`), 'utf8'));
  const [header, ...objects] = documents.map((document) => document.toJS() as KubeObject & { now: string });
  return {
    nowMs: Date.parse(header!.now),
    list: <Id extends KindId>(id: Id) =>
      objects.filter((object) => kindIdOf(object) === id) as unknown as ObjectOf<Id>[],
  };
}

function systemOf(fixture: Fixture) {
  return {
    applications: fixture.list('Application.argoproj.io'),
    rollouts: fixture.list('Rollout.argoproj.io'),
    statefulSets: fixture.list('StatefulSet.apps'),
    deployments: fixture.list('Deployment.apps'),
    replicaSets: fixture.list('ReplicaSet.apps'),
    jobs: fixture.list('Job.batch'),
    pods: fixture.list('Pod'),
    analysisRuns: fixture.list('AnalysisRun.argoproj.io'),
    experiments: fixture.list('Experiment.argoproj.io'),
  };
}

function titled(title: string, lines: readonly Line[]): Line[] {
  return [plain(`== ${title}`), ...lines, []];
}

function drawRollout(fixture: Fixture): Line[] {
  const [rollout] = fixture.list('Rollout.argoproj.io');
  const view = rolloutView({ ...systemOf(fixture), rollout: rollout! }, fixture.nowMs);
  return [
    ...titled('get', rolloutLines(view, fixture.nowMs)),
    ...titled('get on 30 rows', rolloutLines(view, fixture.nowMs, 30)),
    ...titled('progress', [rolloutProgressLine(view)]),
    ...titled('list', rolloutListLines([view])),
  ];
}

function drawExperiment(fixture: Fixture): Line[] {
  const [experiment] = fixture.list('Experiment.argoproj.io');
  const view = experimentView(experiment!, systemOf(fixture), fixture.nowMs);
  return [
    ...titled('get', experimentLines(view, fixture.nowMs)),
    ...titled('list', experimentListLines([view], fixture.nowMs)),
  ];
}

function drawApplication(fixture: Fixture): Line[] {
  const applications = fixture.list('Application.argoproj.io');
  return [
    ...titled('get', applicationLines(applications[0]!)),
    ...titled('list', applicationListLines(applications, true)),
  ];
}

function drawSystem(fixture: Fixture): Line[] {
  const objects = systemOf(fixture);
  const events = fixture.list('Event');
  const { waiting } = assessReadiness(objects.applications, [], objects.pods);
  const failures = failureLines({ waiting, pods: objects.pods, events }, fixture.nowMs);
  const pod = objects.pods.find(({ metadata }) => metadata.name === 'postgres-0') as KubeObject;
  return [
    ...titled('tree', systemLines(objects, fixture.nowMs)),
    ...titled('lines', [...stateLines(objects, fixture.nowMs).values()]),
    ...titled(
      'failure',
      failures.flatMap(({ lines, podsWithLogs }) => [
        ...lines,
        plain(`logs of: ${podsWithLogs.map(({ name }) => name).join(', ')}`),
      ]),
    ),
    ...titled('events', events.map(eventLine)),
    ...titled('describe', describeLines({ object: pod, events, toYaml: (value) => stringify(value) }, fixture.nowMs)),
  ];
}

const DRAW: Readonly<Record<string, (fixture: Fixture) => Line[]>> = {
  rollout: drawRollout,
  experiment: drawExperiment,
  application: drawApplication,
  system: drawSystem,
};

describe('views are golden (rollouts/K02): testdata/NAME.yaml is shown as testdata/NAME.txt', () => {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length));
  it.each(names)('%s', (name) => {
    const text = plainText(DRAW[name.split('-')[0]!]!(readFixture(name)));
    const file = join(folder, `${name}.txt`);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
    expect(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });
});

describe('assessReadiness', () => {
  const ready = () => {
    const { applications } = systemOf(readFixture('system-starting'));
    return applications.map((application) => ({
      ...application,
      status: { ...application.status!, sync: { status: 'Synced' }, health: { status: 'Healthy' } },
    })) as typeof applications;
  };

  it('is reached when every application is Synced and Healthy', () => {
    expect(assessReadiness(ready())).toEqual({ isReady: true, waiting: [] });
  });

  it('is not reached by the root alone, nor without a wanted environment', () => {
    expect(assessReadiness(ready().filter(({ metadata }) => metadata.name === 'root')).isReady).toBe(false);
    expect(assessReadiness(ready(), ['development', 'staging']).isReady).toBe(false);
  });

  it('does not wait for an application that a person has to sync', () => {
    const [application] = readFixture('application-out-of-sync').list('Application.argoproj.io');
    expect(assessReadiness([...ready(), application!]).isReady).toBe(true);
  });

  it('is not reached while a pod that ought to run does not, whatever the stored health says', () => {
    const { pods } = systemOf(readFixture('system-starting'));
    const { isReady, waiting } = assessReadiness(ready(), [], pods);
    expect([isReady, waiting.map(({ metadata }) => metadata.name)]).toEqual([false, ['pern-app-development']]);
    const running = pods.filter(({ metadata }) => metadata.name !== 'postgres-0');
    expect(assessReadiness(ready(), [], running).isReady).toBe(true);
  });
});
