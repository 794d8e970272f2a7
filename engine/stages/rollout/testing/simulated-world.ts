import type { StepRecord } from '#control/control-loop.ts';
import type { Controller } from '#control/controller.ts';
import { type Entropy, randomInteger, seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Machine } from '#edges/ports.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import type { Answer, Question } from '#machine/questions.ts';
import type { Journal, JournalEntry } from '#store/journal.ts';
import { VirtualTime } from '../../../edges/sim/virtual-time.ts';
import { SimulatedWeb } from '../../../edges/sim/web/simulated-web.ts';
import { Engine } from '../../../host/engine.ts';
import { podDisruptionBudgetController } from '../../../workloads/pod-disruption-budget/controller.ts';
import { analysisRunController } from '../../analysis/controller.ts';
import type { AnalysisRun } from '../../analysis/types.ts';
import { experimentController } from '../../experiment/controller.ts';
import type { Experiment } from '../../experiment/types.ts';
import { rolloutController } from '../controller.ts';
import type { Ingress, ReplicaSet, Service } from '../observe.ts';
import { rolloutServiceController } from '../service-cleanup.ts';
import { HASH_LABEL, type Rollout } from '../types.ts';

export const NAMESPACE = 'shop';
export const START_MS = Date.parse('2026-01-05T09:00:00Z');

const CONTROLLERS = [
  rolloutController,
  experimentController,
  analysisRunController,
  rolloutServiceController,
  podDisruptionBudgetController,
];

const asAny = (controller: unknown) => controller as Controller<never>;

type WebServer = ConstructorParameters<typeof SimulatedWeb>[1];
type QueryAnswer = (query: string, nowMs: number) => number[];

export interface WorldOptions {
  seed?: number;
  /** How long a pod takes to become available, at least and at most. */
  podDelayMinMs?: number;
  podDelayMaxMs?: number;
  /** How long a query takes, at most. */
  queryDelayMaxMs?: number;
  /** What Prometheus answers: the values of a vector. */
  query?: QueryAnswer;
  /** What web metrics are answered. */
  web?: WebServer;
  /** Whether pods of this template ever become available. */
  podsWork?: (rs: ReplicaSet) => boolean;
}

type Options = Required<Omit<WorldOptions, 'web'>> & Pick<WorldOptions, 'web'>;

/**
 * Rollout and analysis controllers on a virtual clock, with ReplicaSets whose pods become available after random delays
 * and a Prometheus that is a function. `restart` replaces the engine by a new one on the same stored objects.
 */
export class SimulatedWorld {
  readonly time = new VirtualTime(START_MS);
  readonly steps: StepRecord[] = [];
  engine!: Engine;
  readonly #entropy: Entropy;
  readonly #options: Options;
  readonly #journal = rememberingJournal();
  readonly #ids;
  #pods!: PodActor;

  constructor(options: WorldOptions = {}) {
    this.#options = {
      seed: 1,
      podDelayMinMs: 0,
      podDelayMaxMs: 5000,
      queryDelayMaxMs: 200,
      query: () => [1],
      podsWork: () => true,
      ...options,
    };
    this.#entropy = seededEntropy(this.#options.seed);
    this.#ids = entropyIds(seededEntropy(this.#options.seed + 1));
    this.#boot();
    this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  }

  #boot(): void {
    const { time } = this;
    this.engine = new Engine({
      scheduler: time,
      ids: this.#ids,
      entropy: this.#entropy,
      journal: this.#journal,
      admission: { admit: (object) => object },
      machine: this.#machine(),
      controllers: CONTROLLERS.map(asAny),
      onStep: (record) => this.steps.push(record),
    });
    this.#pods = new PodActor(this.engine, time, this.#entropy, this.#options);
    this.engine.start();
  }

  /** A new process on the same store: everything that was only in memory is lost. */
  restart(): void {
    this.engine.stop();
    this.#pods.stop();
    this.#boot();
  }

  #machine(): Machine {
    const nothing = () => {};
    const none = () => nothing;
    return {
      node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer: none },
      traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
      source: { answer: none },
      web: new SimulatedWeb(this.time, this.#options.web),
      metrics: { setScrapes: nothing, answer: (question, respond) => this.#answer(question, respond) },
    };
  }

  #answer(question: Extract<Question, { ask: 'query' }>, respond: (answer: Answer) => void): () => void {
    const { time } = this;
    return time.at(time.now() + randomInteger(this.#entropy, this.#options.queryDelayMaxMs + 1, 'query'), () => {
      const values = this.#options.query(question.request.query, time.now());
      const result = values.map((value) => ({ metric: {}, value: [time.now() / 1000, String(value)] }));
      respond({ ok: true, value: { resultType: 'vector', result } });
    });
  }

  create(manifest: Manifest): KubeObject {
    return this.engine.resources.create(manifest);
  }

  patch(kind: string, name: string, patch: Record<string, unknown>, subresource?: 'status'): void {
    this.engine.resources.patch({ kind, namespace: NAMESPACE, name }, { type: 'merge', patch }, { subresource });
  }

  patchRollout(patch: Record<string, unknown>): void {
    this.patch('Rollout.argoproj.io', 'web', patch);
  }

  /** What the CLI's verbs do: fields of the status. */
  patchStatus(status: Record<string, unknown>): void {
    this.patch('Rollout.argoproj.io', 'web', { status }, 'status');
  }

  run(forMs: number): void {
    const end = this.time.runUntil(() => false, { untilMs: this.time.now() + forMs, stepsMax: 20_000 });
    if (end === 'steps') throw new Error(`livelock: ${this.lastSteps()}`);
    const error = this.steps.find((step) => step.error !== undefined)?.error;
    if (error !== undefined) throw error;
  }

  /** Runs until `done`, at most `limitMs`; false when it did not come. */
  runUntil(done: () => boolean, limitMs = 3_600_000): boolean {
    const end = this.time.runUntil(done, { untilMs: this.time.now() + limitMs, stepsMax: 50_000 });
    if (end === 'steps') throw new Error(`livelock: ${this.lastSteps()}`);
    const error = this.steps.find((step) => step.error !== undefined)?.error;
    if (error !== undefined) throw error;
    return end === 'done';
  }

  lastSteps(): string {
    return JSON.stringify(this.steps.slice(-4), null, 1);
  }

  get rollout(): Rollout {
    return this.engine.store.get('Rollout.argoproj.io', NAMESPACE, 'web') as unknown as Rollout;
  }

  get status(): NonNullable<Rollout['status']> {
    return this.rollout.status ?? {};
  }

  get replicaSets(): readonly ReplicaSet[] {
    return this.engine.store.list('ReplicaSet.apps', NAMESPACE);
  }

  get runs(): readonly AnalysisRun[] {
    return this.engine.store.list('AnalysisRun.argoproj.io', NAMESPACE) as unknown as AnalysisRun[];
  }

  get experiments(): readonly Experiment[] {
    return this.engine.store.list('Experiment.argoproj.io', NAMESPACE) as unknown as Experiment[];
  }

  ingress(name: string): Ingress | undefined {
    return this.engine.store.get('Ingress.networking.k8s.io', NAMESPACE, name);
  }

  service(name: string): Service | undefined {
    return this.engine.store.get('Service', NAMESPACE, name);
  }

  /** Pods by role: `canary/stable`, and others. */
  get pods(): string {
    const size = (hash: string | undefined) =>
      this.replicaSets.find((rs) => rs.metadata.labels?.[HASH_LABEL] === hash)?.spec.replicas ?? 0;
    return `${size(this.status.currentPodHash)}/${size(this.status.stableRS)}`;
  }

  get canaryWeight(): number | undefined {
    const text = this.ingress('web-web-canary')?.metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'];
    return text === undefined ? undefined : Number(text);
  }

  events(): string[] {
    return this.steps.flatMap(({ controller, plan }) =>
      controller === 'rollouts-controller' ? (plan?.events ?? []).map(({ reason }) => reason) : [],
    );
  }
}

/** Makes pods out of numbers: created at once, available after a while, gone at once. */
class PodActor {
  readonly #engine: Engine;
  readonly #time: VirtualTime;
  readonly #entropy: Entropy;
  readonly #options: Options;
  readonly #unsubscribe: () => void;
  readonly #pending = new Map<string, number>();
  #stopped = false;

  constructor(engine: Engine, time: VirtualTime, entropy: Entropy, options: Options) {
    this.#engine = engine;
    this.#time = time;
    this.#entropy = entropy;
    this.#options = options;
    this.#unsubscribe = engine.store.subscribe(({ object }) => {
      if (object.kind === 'ReplicaSet') this.#look(object.metadata.name);
    });
    for (const rs of engine.store.list('ReplicaSet.apps')) this.#look(rs.metadata.name);
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
  }

  #look(name: string): void {
    this.#time.soon(() => this.#settle(name, 0));
  }

  #settle(name: string, ready: number): void {
    const rs = this.#stopped ? undefined : this.#engine.store.get('ReplicaSet.apps', NAMESPACE, name);
    if (rs === undefined) return;
    const wanted = rs.spec.replicas ?? 0;
    const available = Math.min(wanted, (rs.status?.availableReplicas ?? 0) + ready);
    const status = {
      replicas: wanted,
      readyReplicas: available,
      availableReplicas: available,
      observedGeneration: rs.metadata.generation,
    };
    this.#engine.resources.patch(
      { kind: 'ReplicaSet.apps', namespace: NAMESPACE, name },
      { type: 'merge', patch: { status } },
      { subresource: 'status' },
    );
    if (this.#options.podsWork(rs)) this.#schedule(name, wanted - available);
  }

  #schedule(name: string, missing: number): void {
    for (let pod = this.#pending.get(name) ?? 0; pod < missing; pod++) {
      this.#pending.set(name, (this.#pending.get(name) ?? 0) + 1);
      const { podDelayMinMs, podDelayMaxMs } = this.#options;
      const delayMs = podDelayMinMs + 1 + randomInteger(this.#entropy, podDelayMaxMs - podDelayMinMs, 'pod');
      this.#time.at(this.#time.now() + delayMs, () => {
        this.#pending.set(name, (this.#pending.get(name) ?? 1) - 1);
        this.#settle(name, 1);
      });
    }
  }
}

/** Remembers the last state of every object, as a database would. */
function rememberingJournal(): Journal {
  const objects = new Map<string, KubeObject>();
  let resourceVersion = 0;
  return {
    load: () => ({ resourceVersion, objects: [...objects.values()] }),
    append: (entry: JournalEntry) => {
      resourceVersion = entry.resourceVersion;
      if (entry.op === 'put') objects.set(entry.object.metadata.uid, entry.object);
      else objects.delete(entry.uid);
    },
  };
}
