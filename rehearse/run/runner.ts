import type { Simulation } from '../../engine/host/simulated.ts';
import { formatProblem, ScenarioError } from '../scenario/parse.ts';
import type { Problem } from '../scenario/shape.ts';
import type { Scenario, ScenarioEvent } from '../scenario/types.ts';
import type { Environment } from '../world/map.ts';
import type { Root } from '../world/root.ts';
import { type Files, tagChanges } from '../world/tree-files.ts';
import { checksOf } from './checks.ts';
import { conditionHolds, isSettled, waitsForApproval } from './conditions.ts';
import type { Facts } from './facts.ts';
import { factsOf } from './facts-of.ts';
import { installWorld, type World } from './installation.ts';
import { unknownNames } from './names.ts';
import { abort, promote, requestSync } from './people.ts';
import { Recorder } from './recorder.ts';

const MINUTE_MS = 60_000;
/** While something goes on, and while nothing does. */
const SAMPLE_MS = { busy: 20_000, idle: 600_000 };
/** Nothing was written for this long, and nothing is due soon: the world sleeps. */
const QUIET_MS = 20 * MINUTE_MS;
/** The world wakes up before things happen, so that queries have something to look back on. */
const WAKE_BEFORE_MS = 6 * MINUTE_MS;
const STRETCH_MS = 5 * MINUTE_MS;
/** Written again and again although nothing happens. */
const ROUTINE: ReadonlySet<string> = new Set(['Event', 'HorizontalPodAutoscaler']);
/** After the end: notifications go out, old pods go. */
const AFTERMATH_MS = 2 * MINUTE_MS;
/** More entries of the clock than this are a world that does not come to rest. */
const STEPS_MAX = 20_000_000;

/** The story did not get as far as the scenario wants: which event waited for what. */
export class StoryError extends Error {
  override name = 'StoryError';
}

export interface RunOptions {
  files: Files;
  root: Root;
  /** Sees the world before the story begins, and after it ended: for checkers. */
  onWorld?: (world: World) => void;
  /** Called after every step of a controller. */
  onStep?: () => void;
}

/** Plays a scenario. Throws ScenarioError, InstallationError, StoryError; everything else that is thrown is a defect. */
export function runScenario(scenario: Scenario, options: RunOptions): Facts {
  return new Story(scenario, options).play();
}

class Story {
  readonly #scenario: Scenario;
  readonly #options: RunOptions;
  readonly #world: World;
  readonly #simulation: Simulation;
  readonly #recorder: Recorder;
  readonly #files: Record<string, string>;
  readonly #endMs: number;
  /** Changes that take the last commit back. */
  #revert: Record<string, string | null> = {};
  #writtenMs: number;
  #previousMs: number;
  #nextEventMs = Number.POSITIVE_INFINITY;
  #endFollowing: () => void = () => {};
  #tableSeen: unknown;
  #faultEndMs = Number.POSITIVE_INFINITY;

  constructor(scenario: Scenario, options: RunOptions) {
    this.#scenario = scenario;
    this.#options = options;
    let onStep = () => {};
    this.#world = installWorld(scenario, options, () => onStep());
    this.#simulation = this.#world.simulation;
    const { environments, trafficOf, files } = this.#world;
    const problems = unknownNames(scenario, environments, this.#simulation.engine.store);
    if (problems.length > 0) throw new ScenarioError(problems);
    this.#files = files;
    this.#recorder = new Recorder(this.#simulation, environments, trafficOf);
    this.#writtenMs = this.#previousMs = this.#simulation.time.now();
    this.#endMs = scenario.startMs + scenario.withinMs;
    this.#follow();
    onStep = () => {
      const { table } = this.#simulation.traffic;
      if (table !== this.#tableSeen) this.#recorder.noteWeights();
      this.#tableSeen = table;
      options.onStep?.();
    };
    options.onWorld?.(this.#world);
  }

  play(): Facts {
    this.#sampleOn();
    for (const [index, event] of this.#scenario.events.entries()) this.#play(event, index);
    this.#nextEventMs = Number.POSITIVE_INFINITY;
    const settled = () => this.#isSettledFor(AFTERMATH_MS);
    const isSettled = this.#advance(settled, this.#endMs);
    this.#recorder.sample();
    const facts = factsOf(this.#scenario, this.#world, this.#recorder, this.#options.root.notModelled);
    return { ...facts, isSettled, checks: checksOf(this.#scenario, facts, isSettled) };
  }

  #follow(): void {
    this.#endFollowing();
    this.#recorder.follow();
    this.#endFollowing = this.#simulation.engine.store.subscribe(({ object }) => {
      if (ROUTINE.has(object.kind)) return;
      this.#writtenMs = this.#simulation.time.now();
    });
  }

  #sampleOn(): void {
    this.#recorder.sample();
    this.#approveWaiting();
    const isBusy = this.#simulation.time.now() - this.#writtenMs < STRETCH_MS;
    const everyMs = isBusy || this.#waitingSince.size > 0 ? SAMPLE_MS.busy : SAMPLE_MS.idle;
    const atMs = Math.min(
      this.#simulation.time.now() + everyMs,
      Math.max(this.#nextEventMs, this.#simulation.time.now() + 1000),
    );
    this.#simulation.time.at(atMs, () => this.#sampleOn());
  }

  readonly #waitingSince = new Map<string, number>();

  /** The scenario's own approver looks at what waits. */
  #approveWaiting(): void {
    const { approvals } = this.#scenario;
    if (approvals === undefined) return;
    const nowMs = this.#simulation.time.now();
    for (const environment of this.#world.environments) {
      const { name } = environment;
      if (!waitsForApproval(this.#simulation, environment)) {
        this.#waitingSince.delete(name);
        continue;
      }
      const sinceMs = this.#waitingSince.get(name) ?? nowMs;
      this.#waitingSince.set(name, sinceMs);
      if (nowMs - sinceMs < approvals.after) continue;
      this.#waitingSince.delete(name);
      this.#approve({ environment: name, by: approvals.by ?? 'approver' });
    }
  }

  #settledSinceMs: number | undefined;
  #settledVersion = -1;

  #isSettledFor(ms: number): boolean {
    const { resourceVersion } = this.#simulation.engine.store;
    if (resourceVersion !== this.#settledVersion) {
      this.#settledVersion = resourceVersion;
      const isNow =
        isSettled(this.#simulation, this.#world.environments) &&
        (this.#scenario.approvals === undefined ||
          !this.#world.environments.some((environment) => waitsForApproval(this.#simulation, environment)));
      this.#settledSinceMs = isNow ? (this.#settledSinceMs ?? this.#simulation.time.now()) : undefined;
    }
    return this.#settledSinceMs !== undefined && this.#simulation.time.now() - this.#settledSinceMs >= ms;
  }

  /** Lets time pass until `done`; a long time in which nothing happens is not scraped. */
  #advance(done: () => boolean, untilMs: number): boolean {
    const { time } = this.#simulation;
    while (time.now() < untilMs) {
      if (this.#simulation.run(done, Math.min(STRETCH_MS, untilMs - time.now()))) return true;
      if (time.steps > STEPS_MAX)
        throw new StoryError(
          `the world does not come to rest: ${STEPS_MAX} events by ${new Date(time.now()).toISOString()}; shorten "within" or the scenario`,
        );
      if (time.now() - this.#writtenMs > QUIET_MS) this.#sleep(Math.min(untilMs, this.#nextEventMs));
    }
    return done();
  }

  /** Nothing has happened for a while: up to shortly before the next thing that is due, the world sleeps. */
  #sleep(untilMs: number): void {
    const { time, engine, metrics } = this.#simulation;
    const wakeMs = engine.loop.nextWakeUpMs(new Set(['horizontal-pod-autoscaler']));
    const toMs = Math.min(untilMs, wakeMs, this.#faultEndMs) - WAKE_BEFORE_MS;
    if (toMs - time.now() < QUIET_MS) return;
    metrics.suspend();
    this.#recorder.sample();
    this.#simulation.sleepUntil(toMs);
    metrics.resume();
    this.#recorder.skip();
  }

  #play(event: ScenarioEvent, index: number): void {
    this.#await(event, index);
    const { commit, revert, approve, refuse, fault } = event;
    if (commit !== undefined) this.#commit(commit, index);
    if (revert !== undefined) this.#commitFiles(this.#revert, revert.message ?? 'Revert the last release', revert);
    if (approve !== undefined) this.#approve(approve);
    if (refuse !== undefined) this.#refuse(refuse);
    if (event.promote !== undefined)
      this.#act('promotes', event.promote, (rollout) =>
        promote(this.#simulation, rollout, event.promote?.full === true),
      );
    if (event.abort !== undefined) this.#act('aborts', event.abort, (rollout) => abort(this.#simulation, rollout));
    if (fault !== undefined) this.#break(fault);
    this.#previousMs = this.#simulation.time.now();
    this.#settledSinceMs = undefined;
    this.#settledVersion = -1;
  }

  #await({ at, on, after, when }: ScenarioEvent, index: number): void {
    const { time } = this.#simulation;
    const fixedMs = on ?? (at === undefined ? undefined : this.#scenario.startMs + at);
    if (when !== undefined) {
      const parts = { simulation: this.#simulation, environments: this.#world.environments, recorder: this.#recorder };
      let seen = '';
      let held = false;
      const holds = () => {
        const now = `${this.#simulation.engine.store.resourceVersion} ${this.#recorder.timeline.length}`;
        if (now !== seen) held = conditionHolds(when, parts);
        seen = now;
        return held;
      };
      if (!this.#advance(holds, this.#endMs)) throw new ScenarioError([this.#neverCame(index)]);
    }
    const untilMs = Math.max(
      fixedMs ?? 0,
      after === undefined ? 0 : (when === undefined ? this.#previousMs : time.now()) + after,
    );
    if (untilMs > this.#endMs) {
      const at = this.#scenario.placeOf(['events', index]);
      throw new ScenarioError([{ at, message: 'the scenario ends before this event', fix: 'raise "within"' }]);
    }
    this.#nextEventMs = untilMs;
    this.#advance(() => false, untilMs);
    this.#nextEventMs = Number.POSITIVE_INFINITY;
  }

  #neverCame(index: number): Problem {
    const waited = JSON.stringify(this.#scenario.events[index]?.when).replaceAll('"', '');
    const last = this.#recorder.timeline
      .slice(-3)
      .map(({ environment, component, text }) => [environment, component, text].filter(Boolean).join(' '));
    return {
      at: this.#scenario.placeOf(['events', index, 'when']),
      message: `this event waited for ${waited}, which did not come within ${this.#scenario.withinMs / MINUTE_MS} minutes`,
      fix: `what happened last: ${last.join('; ') || 'nothing'}`,
    };
  }

  #commit(action: NonNullable<ScenarioEvent['commit']>, index: number): void {
    const changes: Record<string, string | null> = {};
    for (const [path, content] of Object.entries(action.files ?? {}))
      changes[path] = content === null ? null : String(content);
    for (const [component, tag] of Object.entries(action.images ?? {})) {
      const environment = this.#environment(action.environment ?? '');
      const image = environment.components.find(({ name }) => name === component)?.image ?? component;
      const found = tagChanges(
        { ...this.#files, ...(changes as Record<string, string>) },
        environment.folder,
        image,
        tag,
      );
      if (found === undefined) {
        const at = this.#scenario.placeOf(['events', index, 'commit', 'images', component]);
        const message = `${environment.folder} does not set the tag of ${image}`;
        throw new ScenarioError([{ at, message, fix: 'give it to kustomization.yaml under "images"' }]);
      }
      Object.assign(changes, found);
    }
    const images = Object.entries(action.images ?? {}).map(([name, tag]) => `${name} ${tag}`);
    const message =
      action.message ??
      `${images.join(', ') || Object.keys(changes).join(', ')}${action.environment === undefined ? '' : ` to ${action.environment}`}`;
    this.#commitFiles(changes, message, action, action.environment);
  }

  #commitFiles(
    changes: Record<string, string | null>,
    message: string,
    { signed, key, by }: { signed?: boolean; key?: string; by?: string },
    environment?: string,
  ): void {
    this.#revert = Object.fromEntries(Object.keys(changes).map((path) => [path, this.#files[path] ?? null]));
    for (const [path, content] of Object.entries(changes)) {
      if (content === null) delete this.#files[path];
      else this.#files[path] = content;
    }
    const keyId = signed === false ? undefined : (key ?? this.#world.key);
    const signature = keyId === undefined ? {} : { signature: { keyId } };
    const sha = this.#simulation.commit(changes, message, {
      ...signature,
      ...(by === undefined ? {} : { author: `${by} <${by}@example.com>` }),
    });
    if (keyId === undefined) this.#world.unsigned.add(sha);
    const how = this.#world.key === undefined ? '' : keyId === undefined ? ', not signed' : ', signed';
    this.#recorder.tell(
      'commit',
      'info',
      `commit "${message}"${how}`,
      environment === undefined ? {} : { environment },
    );
  }

  #approve({ environment, by = 'approver', reason }: NonNullable<ScenarioEvent['approve']>): void {
    const outcome = requestSync(this.#simulation, this.#environment(environment).application, by);
    this.#recorder.decide(
      environment,
      by,
      `approves the release to ${environment}${reason ? ` (${reason})` : ''}`,
      outcome,
    );
  }

  #refuse({ environment, by = 'approver', reason }: NonNullable<ScenarioEvent['refuse']>): void {
    const outcome = waitsForApproval(this.#simulation, this.#environment(environment))
      ? 'the sync is not started'
      : 'nothing was waiting for it';
    this.#recorder.decide(
      environment,
      by,
      `refuses the release to ${environment}${reason ? `: ${reason}` : ''}`,
      outcome,
    );
  }

  #act(
    verb: string,
    { environment, component, by = 'operator' }: { environment: string; component: string; by?: string },
    act: (rollout: NonNullable<ReturnType<Story['rollout']>>) => void,
  ): void {
    const rollout = this.rollout(environment, component);
    if (rollout === undefined) return;
    act(rollout);
    this.#recorder.decide(environment, by, `${verb} ${component} in ${environment}`, 'done');
  }

  rollout(environment: string, component: string) {
    return this.#simulation.engine.store.get(
      'Rollout.argoproj.io',
      this.#environment(environment).namespace,
      component,
    );
  }

  #break(fault: NonNullable<ScenarioEvent['fault']>): void {
    const { time, metrics, git, notifications } = this.#simulation;
    const forMs = fault.for;
    const later = (undo: () => void, text: string) => {
      if (forMs === undefined) return;
      const endMs = time.now() + forMs;
      this.#faultEndMs = Math.min(this.#faultEndMs, endMs);
      time.at(endMs, () => {
        this.#faultEndMs = Number.POSITIVE_INFINITY;
        undo();
        this.#recorder.tell('fault', 'info', text);
      });
    };
    const tell = (text: string) => this.#recorder.tell('fault', 'bad', text);
    if (fault.prometheus !== undefined) {
      metrics.down = true;
      tell('Prometheus does not answer');
      later(() => (metrics.down = false), 'Prometheus answers again');
    }
    if (fault.git !== undefined) {
      git.setOutage(this.#simulation.repoURL, 'the connection was refused');
      tell('the git repository cannot be reached');
      later(() => git.setOutage(this.#simulation.repoURL, undefined), 'the git repository is back');
    }
    if (fault.notifications !== undefined) {
      const service = fault.notifications;
      notifications.setOutage(service, 'the service is down');
      tell(`notification service ${service} refuses messages`);
      later(() => notifications.setOutage(service, undefined), `notification service ${service} is back`);
    }
    if (fault.pod !== undefined) this.#crash(fault.pod, tell);
    if (fault.controllers !== undefined) this.#kill(fault, tell);
  }

  #crash({ environment, component }: { environment: string; component: string }, tell: (text: string) => void): void {
    const { store } = this.#simulation.engine;
    const pod = store
      .list('Pod', this.#environment(environment).namespace)
      .find(({ metadata, status }) => metadata?.name?.startsWith(`${component}-`) && status?.phase === 'Running');
    if (pod?.metadata === undefined) return;
    tell(`pod ${pod.metadata.name} crashes`);
    this.#simulation.node.end(pod.metadata.uid ?? '', pod.spec?.containers[0]?.name ?? '', 1, 'Error');
  }

  #kill({ every, for: forMs }: NonNullable<ScenarioEvent['fault']>, tell: (text: string) => void): void {
    const { time } = this.#simulation;
    const untilMs = forMs === undefined ? this.#endMs : time.now() + forMs;
    tell(
      every === undefined
        ? 'the controllers are killed, and start again'
        : `the controllers are killed every ${every / 1000} s`,
    );
    const kill = () => {
      this.#simulation.restartEngine();
      this.#follow();
      if (every !== undefined && time.now() + every <= untilMs && !this.#isSettledFor(AFTERMATH_MS))
        time.at(time.now() + every, kill);
    };
    time.soon(kill);
  }

  #environment(name: string): Environment {
    const found = this.#world.environments.find((environment) => environment.name === name);
    if (found === undefined) {
      const at = this.#scenario.placeOf([]);
      throw new ScenarioError([{ at, message: `there is no environment "${name}"` }]);
    }
    return found;
  }
}

export { formatProblem };
