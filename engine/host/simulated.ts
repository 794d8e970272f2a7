import { type Admission, builtInAdmission } from '#api/admission.ts';
import type { StepRecord } from '#control/control-loop.ts';
import { type Entropy, seededEntropy } from '#core/entropy.ts';
import { entropyIds, type Ids } from '#core/ids.ts';
import { SimulatedGit } from '#edges/sim/git/simulated-git.ts';
import { SimulatedMetrics } from '#edges/sim/metrics/simulated-metrics.ts';
import type { ImageBehaviour } from '#edges/sim/node/behaviour.ts';
import { SimNode } from '#edges/sim/node/sim-node.ts';
import { SimulatedNotifications } from '#edges/sim/notification/simulated-notifications.ts';
import type { ServiceBehaviour } from '#edges/sim/traffic/behaviour.ts';
import { type LoadProfile, SimulatedTraffic } from '#edges/sim/traffic/simulated-traffic.ts';
import { VirtualTime } from '#edges/sim/virtual-time.ts';
import { SimulatedWeb } from '#edges/sim/web/simulated-web.ts';
import { assessHealth } from '#kube/health/health.ts';
import type { ContainerState } from '#machine/pods.ts';
import { type Journal, volatileJournal } from '#store/journal.ts';
import { kustomizeLibrary } from '../stages/render/kustomize.ts';
import { DEFAULT_CONFIG } from '../stages/sync/application/config.ts';
import { kubeStateMetrics } from '../workloads/metrics/kube-state.ts';
import { queriedMetrics } from '../workloads/metrics/queried-metrics.ts';
import { applyRoot, installCluster, parseRootManifests, rootRepoURL } from './cluster-objects.ts';
import { allControllers } from './controllers.ts';
import { Engine } from './engine.ts';
import { Transcript } from './transcript.ts';

/** How an image behaves: as a container on the node, and as a service under requests. */
export interface SimulatedImage {
  container?: Partial<ImageBehaviour>;
  service?: ServiceBehaviour;
}

export interface SimulationOptions {
  seed: number;
  /** When the simulated world begins, RFC 3339. */
  start: string;
  /** The repository's first commit: path → content. */
  files: Readonly<Record<string, string>>;
  loads: readonly LoadProfile[];
  /** By image reference; images that are not named are healthy. */
  images: Readonly<Record<string, SimulatedImage>>;
  /** What web metrics are answered; without it no host is found. */
  web?: ConstructorParameters<typeof SimulatedWeb>[1];
  /** Sees every step of the control loop, after the transcript has recorded it. */
  onStep?: (step: StepRecord) => void;
}

const ROOT_FILE = 'pern-gitops/bootstrap/root-app.yaml';
/** Entries without virtual time moving on that count as a livelock, times the length of a run. */
const STEPS_MAX = 5_000_000;

/**
 * The engine in a modelled world: the same controllers, store and rules as the live host, on a virtual clock. The seed
 * and the inputs decide everything; nothing is read from the machine.
 */
export class Simulation {
  readonly time: VirtualTime;
  readonly git: SimulatedGit;
  readonly node: SimNode;
  readonly traffic: SimulatedTraffic;
  readonly metrics: SimulatedMetrics;
  readonly web: SimulatedWeb;
  readonly notifications: SimulatedNotifications;
  readonly transcript: Transcript;
  readonly #repoURL: string;
  readonly #entropy: Entropy;
  readonly #ids: Ids;
  readonly #admission: Admission = builtInAdmission({ serviceNetwork: '127.17' });
  readonly #onStep: (step: StepRecord) => void;
  #engine: Engine;
  /** Pods (`namespace/name`) with a running container. */
  readonly #running = new Map<string, { image: string; answers: boolean }>();

  constructor(options: SimulationOptions) {
    const entropy = seededEntropy(options.seed);
    this.#entropy = entropy;
    this.#ids = entropyIds(entropy);
    const startMs = Date.parse(options.start);
    this.time = new VirtualTime(startMs);
    this.transcript = new Transcript(startMs);
    const rootManifests = parseRootManifests(options.files[ROOT_FILE] ?? '', ROOT_FILE);
    this.#repoURL = rootRepoURL(rootManifests);
    this.notifications = new SimulatedNotifications(this.time);
    this.git = new SimulatedGit(this.time, kustomizeLibrary);
    this.node = new SimNode({
      scheduler: this.time,
      entropy,
      behaviours: (image) => options.images[image]?.container,
    });
    this.node.onChange((podUid) => this.#noteRunning(podUid));
    this.traffic = new SimulatedTraffic({
      clock: this.time,
      profiles: options.loads,
      imageOf: (pod) => {
        const running = this.#running.get(pod);
        return running?.answers ? running.image : undefined;
      },
      behaviourOf: (image) => options.images[image]?.service,
    });
    this.metrics = new SimulatedMetrics({
      scheduler: this.time,
      traffic: this.traffic,
      isUp: (pod) => this.#running.get(pod) !== undefined,
    });
    this.web = new SimulatedWeb(this.time, options.web);
    this.#onStep = (step) => {
      this.transcript.record(step);
      options.onStep?.(step);
    };
    this.#engine = this.#newEngine(volatileJournal);
    installCluster(this.engine.resources);
    this.git.commit(this.#repoURL, options.files, 'first commit');
    applyRoot(this.engine.resources, rootManifests, []);
    this.engine.start();
    this.metrics.startExporters([
      {
        job: 'kube-state-metrics',
        instance: 'engine',
        families: (names) => kubeStateMetrics(this.engine.store, names),
        wanted: () => queriedMetrics(this.engine.store),
        version: () => this.engine.store.resourceVersion,
      },
    ]);
  }

  /** The engine that runs now: another object after `restartEngine`. */
  get engine(): Engine {
    return this.#engine;
  }

  /**
   * Ends the engine between two steps, as `kill -9` would, and starts a new one from the objects the old one had
   * acknowledged. Pods, routes and series stay as they are; answers, wake-ups and queued work are lost.
   */
  restartEngine(): void {
    const { store } = this.#engine;
    this.#engine.stop();
    this.transcript.add(this.time.now(), 'engine', 'restart');
    const { resourceVersion } = store;
    this.#engine = this.#newEngine({
      ...volatileJournal,
      load: () => ({ resourceVersion, objects: [...store.all()] }),
    });
    this.#engine.start();
  }

  /** Commits changes (path → content, null removes) on HEAD and returns the commit's sha. */
  commit(changes: Readonly<Record<string, string | null>>, message: string): string {
    const sha = this.git.commit(this.#repoURL, changes, message);
    this.transcript.add(this.time.now(), 'commit', `${sha.slice(0, 7)} ${message}`);
    return sha;
  }

  /** Lets time pass until `done`, at most for `withinMs`. Returns whether it was done; throws on a livelock. */
  run(done: () => boolean, withinMs: number): boolean {
    const outcome = this.time.runUntil(done, { untilMs: this.time.now() + withinMs, stepsMax: STEPS_MAX });
    this.traffic.account();
    if (outcome === 'steps')
      throw new Error(`the world does not come to rest:\n${this.transcript.lines.slice(-20).join('\n')}`);
    return outcome === 'done';
  }

  #newEngine(journal: Journal): Engine {
    return new Engine({
      scheduler: this.time,
      ids: this.#ids,
      entropy: this.#entropy,
      journal,
      admission: this.#admission,
      machine: {
        node: this.node,
        traffic: this.traffic,
        metrics: this.metrics,
        source: this.git,
        web: this.web,
        notifications: this.notifications,
      },
      controllers: allControllers({
        podNetwork: '127.16',
        ingressAddress: '127.0.0.1',
        application: { ...DEFAULT_CONFIG, normalise: this.#admission.admit, assessHealth },
      }),
      onStep: (step) => this.#onStep(step),
    });
  }

  #noteRunning(podUid: string): void {
    const sandbox = this.node.sandbox(podUid);
    // A sandbox that is gone had no running container left before it went.
    if (sandbox === undefined) return;
    // Requests up to now were answered by the pod as it was.
    this.traffic.account();
    const pod = `${sandbox.namespace}/${sandbox.name}`;
    const running = Object.values(sandbox.containers).find(({ phase }) => phase === 'running' || phase === 'stopping');
    if (running === undefined) this.#running.delete(pod);
    else this.#running.set(pod, { image: running.image, answers: canAnswer(running) });
  }
}

/** A program that its own probes call unready answers nobody: whoever sends it requests has made a mistake. */
function canAnswer({ phase, probes }: ContainerState): boolean {
  if (phase === 'stopping') return true;
  return [probes.startup, probes.readiness].every((probe) => probe === undefined || probe.result === 'success');
}
