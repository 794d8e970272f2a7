import type { Simulation } from '../../engine/host/simulated.ts';
import type { WatchEvent } from '../../engine/mechanism/store/store.ts';
import type { AnalysisRun } from '../../engine/stages/analysis/types.ts';
import { controllerOf } from '../../engine/vocabulary/kube/object.ts';
import type { TrafficModel } from '../scenario/types.ts';
import {
  type Application,
  componentOfService,
  type Environment,
  imageOf,
  type Rollout,
  splitImage,
} from '../world/map.ts';
import { usersExposed } from '../world/users.ts';
import { AnalysisRecorder } from './analysis-recorder.ts';
import type { Decision, Release, TimelineEntry, Tone } from './facts.ts';
import { PodRecorder } from './pod-recorder.ts';

type Sample = { atMs: number; requestsPerSecond: number; errorRate: number };

/** Watches a simulation and writes down what people would want to know. */
export class Recorder {
  readonly timeline: TimelineEntry[] = [];
  readonly decisions: Decision[] = [];
  readonly analyses = new AnalysisRecorder();
  readonly pods: PodRecorder;
  /** By `environment/component`, then version. */
  readonly samples = new Map<string, Map<string, Sample[]>>();
  readonly #simulation: Simulation;
  readonly #environments: readonly Environment[];
  readonly #byNamespace: ReadonlyMap<string, Environment>;
  readonly #trafficOf: (environment: string) => TrafficModel;
  readonly #releases: Release[] = [];
  readonly #open = new Map<string, Release>();
  /** What each version had been sent at the last sample, and at the start of the recording. */
  readonly #seen = new Map<string, { requests: number; failed: number; slow: number }>();
  #sampledMs: number;
  #end: () => void = () => {};

  constructor(
    simulation: Simulation,
    environments: readonly Environment[],
    trafficOf: (environment: string) => TrafficModel,
  ) {
    this.#simulation = simulation;
    this.#environments = environments;
    this.#byNamespace = new Map(environments.map((environment) => [environment.namespace, environment]));
    this.#trafficOf = trafficOf;
    this.#sampledMs = simulation.time.now();
    this.pods = new PodRecorder(simulation, environments);
    for (const [key, exposure] of simulation.traffic.exposureByNamespace) this.#seen.set(key, { ...exposure });
  }

  get releases(): readonly Release[] {
    return this.#releases;
  }

  /** The release that is under way. */
  openRelease(environment: string, component: string): Release | undefined {
    return this.#open.get(`${environment}/${component}`);
  }

  get nowMs(): number {
    return this.#simulation.time.now();
  }

  /** Follows the store of the engine that runs now; to be called again when there is another. */
  follow(): void {
    this.#end();
    this.#end = this.#simulation.engine.store.subscribe((event) => this.#note(event));
  }

  tell(
    what: TimelineEntry['what'],
    tone: Tone,
    text: string,
    about: { environment?: string; component?: string } = {},
  ) {
    this.timeline.push({ atMs: this.nowMs, what, tone, ...about, text });
  }

  decide(environment: string, by: string, what: string, outcome: string): void {
    this.decisions.push({ atMs: this.nowMs, environment, by, what, outcome });
    this.tell('person', 'info', `${by} ${what}: ${outcome}`, { environment });
  }

  /** Reads the counters: rates since the last sample, exposure of the releases that are under way. */
  sample(): void {
    const { traffic } = this.#simulation;
    traffic.account();
    const nowMs = this.nowMs;
    const seconds = (nowMs - this.#sampledMs) / 1000;
    if (seconds <= 0) return;
    for (const environment of this.#environments) {
      for (const component of environment.components)
        this.#sampleComponent(environment, component.name, component.image, seconds);
    }
    this.pods.sample();
    this.#sampledMs = nowMs;
  }

  /** The world slept: nothing is to be said of that time. */
  skip(): void {
    this.#sampledMs = this.nowMs;
  }

  #sampleComponent(environment: Environment, component: string, image: string, seconds: number): void {
    const nowMs = this.nowMs;
    const prefix = `${environment.namespace}/${image}:`;
    const rates: { version: string; requests: number; failed: number; slow: number }[] = [];
    for (const [key, exposure] of this.#simulation.traffic.exposureByNamespace) {
      if (!key.startsWith(prefix)) continue;
      const before = this.#seen.get(key) ?? { requests: 0, failed: 0, slow: 0 };
      const requests = exposure.requests - before.requests;
      const delta = { requests, failed: exposure.failed - before.failed, slow: exposure.slow - before.slow };
      rates.push({ version: key.slice(prefix.length), ...delta });
      this.#seen.set(key, { ...exposure });
    }
    const versions = this.samples.get(`${environment.name}/${component}`) ?? new Map<string, Sample[]>();
    this.samples.set(`${environment.name}/${component}`, versions);
    const all = rates.reduce((sum, { requests }) => sum + requests, 0);
    for (const { version, requests, failed } of rates) {
      const samples = versions.get(version) ?? [];
      versions.set(version, samples);
      samples.push({
        atMs: nowMs,
        requestsPerSecond: requests / seconds,
        errorRate: requests > 0 ? failed / requests : 0,
      });
    }
    const release = this.openRelease(environment.name, component) ?? this.#justEnded(environment.name, component);
    const mine = rates.find(({ version }) => version === release?.to);
    if (release === undefined || mine === undefined || mine.requests <= 0) return;
    const { exposure } = release;
    exposure.requests += mine.requests;
    exposure.wrongAnswers += mine.failed;
    exposure.slowAnswers += mine.slow;
    exposure.minutesAtRisk += seconds / 60;
    const share = mine.requests / (all || 1);
    const stretch = { ms: seconds * 1000, requestsPerSecond: all / seconds, share };
    exposure.users += usersExposed(this.#trafficOf(environment.name), stretch);
  }

  /** What is counted right after the end belongs to the release that ended, unless it won. */
  #justEnded(environment: string, component: string): Release | undefined {
    const last = this.#releases.findLast(
      (release) => release.environment === environment && release.component === component,
    );
    return last !== undefined && last.outcome !== 'promoted' ? last : undefined;
  }

  #note({ type, object, previous }: WatchEvent): void {
    switch (object.kind) {
      case 'Rollout':
        if (type !== 'DELETED') this.#noteRollout(object as unknown as Rollout, previous as Rollout | undefined);
        break;
      case 'AnalysisRun':
        if (type !== 'DELETED') this.#noteAnalysis(object as unknown as AnalysisRun);
        break;
      case 'Application':
        if (type === 'MODIFIED') this.#noteApplication(object as unknown as Application, previous as never);
        break;
      case 'Pod':
        this.pods.note(object as never, previous as never, (text, about) => this.tell('pod', 'warn', text, about));
        break;
    }
  }

  #noteRollout(rollout: Rollout, previous: Rollout | undefined): void {
    const environment = this.#byNamespace.get(rollout.metadata?.namespace ?? '');
    const component = rollout.metadata?.name ?? '';
    const { status } = rollout;
    if (environment === undefined || status === undefined) return;
    const about = { environment: environment.name, component };
    const key = `${environment.name}/${component}`;
    const hash = status.currentPodHash;
    if (previous !== undefined && hash !== previous.status?.currentPodHash)
      this.#changeRevision(rollout, previous, about);
    const release = this.#open.get(key);
    if (release === undefined) return;
    if (status.stableRS === hash) {
      this.#finish(key, release, release.outcome === 'reverted' ? 'reverted' : 'promoted');
      return;
    }
    const isAborted = status.abort === true;
    if (isAborted) this.#finish(key, release, 'aborted', status.message);
    else if (status.phase === 'Degraded') {
      release.outcome = 'degraded';
      release.message = status.message;
      if (previous?.status?.phase !== 'Degraded')
        this.tell('release', 'bad', `${release.to} is Degraded: ${status.message}`, about);
    } else if (status.phase === 'Paused' && isWaiting(rollout)) {
      release.outcome = 'paused';
      release.message = pauseReason(rollout);
      if (!isWaiting(previous)) this.tell('release', 'warn', `waits for a person: ${release.message}`, about);
    } else release.outcome = 'progressing';
  }

  #changeRevision(rollout: Rollout, previous: Rollout, about: { environment: string; component: string }): void {
    const key = `${about.environment}/${about.component}`;
    const open = this.#open.get(key);
    const to = splitImage(imageOf(rollout)).tag;
    if (open !== undefined) {
      const isBack = rollout.status?.currentPodHash === rollout.status?.stableRS;
      this.#finish(key, open, isBack ? 'reverted' : 'superseded', `${to} came in its place`);
      if (isBack) return;
    }
    // The first revision is an installation, no release.
    if (!previous.status?.stableRS || rollout.status?.currentPodHash === rollout.status?.stableRS) return;
    const from = this.#stableTag(rollout, previous);
    const release: Release = {
      ...about,
      from,
      to: to === from ? `${to} (new settings)` : to,
      startMs: this.nowMs,
      outcome: 'progressing',
      weights: [],
      maxWeightPercent: 0,
      exposure: { requests: 0, wrongAnswers: 0, slowAnswers: 0, users: 0, minutesAtRisk: 0 },
    };
    this.sample();
    this.#open.set(key, release);
    this.#releases.push(release);
    this.tell('release', 'info', `release ${release.from} → ${release.to} begins`, about);
  }

  #stableTag({ status, metadata }: Rollout, previous: Rollout): string {
    const sets = this.#simulation.engine.store.list('ReplicaSet.apps', metadata?.namespace ?? '');
    const stable = sets.find(
      (set) =>
        controllerOf(set as never)?.name === metadata?.name &&
        set.metadata?.labels?.['rollouts-pod-template-hash'] === status?.stableRS,
    );
    return splitImage(stable?.spec?.template?.spec?.containers?.[0]?.image ?? imageOf(previous)).tag;
  }

  #finish(key: string, release: Release, outcome: Release['outcome'], message?: string): void {
    this.sample();
    release.outcome = outcome;
    release.endMs = this.nowMs;
    if (message !== undefined && message !== '') release.message = message;
    this.#open.delete(key);
    const { environment, component } = release;
    const tone = outcome === 'promoted' ? 'good' : outcome === 'aborted' ? 'bad' : 'info';
    const why = outcome === 'promoted' || message === undefined ? '' : `: ${message}`;
    this.tell('release', tone, `${release.to} ${outcome}${why}`, { environment, component });
  }

  /** Weights as the data plane has them now; to be called when its table changed. */
  noteWeights(): void {
    for (const environment of this.#environments) {
      const componentOf = componentOfService(this.#simulation.engine.store, environment.namespace);
      for (const route of this.#simulation.traffic.table.routes) {
        if (route.namespace !== environment.namespace) continue;
        const component = componentOf(route.backend.service);
        const release = component === undefined ? undefined : this.openRelease(environment.name, component);
        if (component === undefined || release === undefined) continue;
        const weightPercent = weightOf(route);
        if (weightPercent === (release.weights.at(-1)?.weightPercent ?? 0)) continue;
        this.sample();
        release.weights.push({ atMs: this.nowMs, weightPercent });
        release.maxWeightPercent = Math.max(release.maxWeightPercent, weightPercent);
        this.tell('weight', 'info', `${release.to} gets ${weightPercent} % of the requests`, {
          environment: environment.name,
          component,
        });
      }
    }
  }

  #noteAnalysis(run: AnalysisRun): void {
    const environment = this.#byNamespace.get(run.metadata.namespace ?? '');
    const component = controllerOf(run as never)?.name;
    if (environment === undefined || component === undefined) return;
    const before = this.analyses.note(run, environment.name, component, this.nowMs);
    const phase = run.status?.phase;
    if (phase === undefined || phase === before || phase === 'Running' || phase === 'Pending') return;
    const tone = phase === 'Successful' ? 'good' : phase === 'Inconclusive' ? 'warn' : 'bad';
    const step = run.metadata.labels?.['step-index'];
    const which = step === undefined ? 'background analysis' : `analysis of step ${Number(step) + 1}`;
    const why = run.status?.message ? `: ${run.status.message}` : '';
    this.tell('analysis', tone, `${which} ${phase}${why}`, { environment: environment.name, component });
  }

  #noteApplication(application: Application, previous: Application): void {
    const environment = this.#environments.find((one) => one.application === application.metadata?.name);
    if (environment === undefined) return;
    const about = { environment: environment.name };
    const [phase, before] = [application.status?.operationState, previous.status?.operationState];
    if (phase?.phase !== before?.phase && phase !== undefined && phase.phase !== 'Running') {
      const tone = phase.phase === 'Succeeded' ? 'good' : 'bad';
      this.tell('sync', tone, `sync ${phase.phase}${tone === 'good' ? '' : `: ${phase.message ?? ''}`}`, about);
    }
    const known = new Set((previous.status?.conditions ?? []).map(({ type, message }) => `${type} ${message}`));
    for (const { type, message } of application.status?.conditions ?? []) {
      if (!known.has(`${type} ${message}`)) this.tell('sync', 'warn', `${type}: ${message}`, about);
    }
  }
}

function weightOf(route: {
  canary?: { weight: number; weightTotal: number };
  split?: readonly { weight: number }[];
}): number {
  if (route.canary !== undefined) return Math.round((100 * route.canary.weight) / route.canary.weightTotal);
  const total = (route.split ?? []).reduce((sum, { weight }) => sum + weight, 0);
  // Argo Rollouts writes the stable back end first.
  return total === 0 ? 0 : Math.round((100 * (route.split?.[1]?.weight ?? 0)) / total);
}

/** Paused with no time set: only a person ends it. */
export function isWaiting(rollout: Rollout | undefined): boolean {
  if (rollout?.status?.phase !== 'Paused') return false;
  return pauseReason(rollout) !== undefined;
}

function pauseReason({ spec, status }: Rollout): string | undefined {
  if (spec?.paused === true) return 'paused by a person';
  const [condition] = status?.pauseConditions ?? [];
  if (condition?.reason === 'InconclusiveAnalysisRun')
    return `the analysis was inconclusive${status?.message ? ` (${status.message})` : ''}`;
  const step = (spec?.strategy?.canary?.steps ?? [])[status?.currentStepIndex ?? 0] as
    | { pause?: { duration?: unknown } }
    | undefined;
  if (condition?.reason === 'BlueGreenPause') return 'promotion of the preview';
  if (condition?.reason === 'CanaryPauseStep' && step?.pause !== undefined && step.pause.duration === undefined) {
    return 'a pause without a duration';
  }
  return undefined;
}
