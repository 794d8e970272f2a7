import { builtInAdmission } from '#api/admission.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import { SimulatedGit } from '#edges/sim/git/simulated-git.ts';
import { SimulatedMetrics } from '#edges/sim/metrics/simulated-metrics.ts';
import type { ImageBehaviour } from '#edges/sim/node/behaviour.ts';
import { SimNode } from '#edges/sim/node/sim-node.ts';
import type { ServiceBehaviour } from '#edges/sim/traffic/behaviour.ts';
import { type LoadProfile, SimulatedTraffic } from '#edges/sim/traffic/simulated-traffic.ts';
import { VirtualTime } from '#edges/sim/virtual-time.ts';
import { assessHealth } from '#kube/health/health.ts';
import { volatileJournal } from '#store/journal.ts';
import { kustomizeLibrary } from '../stages/render/kustomize.ts';
import { DEFAULT_CONFIG } from '../stages/sync/application/config.ts';
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
  readonly engine: Engine;
  readonly transcript: Transcript;
  readonly #repoURL: string;
  /** Running pod (`namespace/name`) → image. */
  readonly #running = new Map<string, string>();

  constructor(options: SimulationOptions) {
    const entropy = seededEntropy(options.seed);
    const startMs = Date.parse(options.start);
    this.time = new VirtualTime(startMs);
    this.transcript = new Transcript(startMs);
    const rootManifests = parseRootManifests(options.files[ROOT_FILE] ?? '', ROOT_FILE);
    this.#repoURL = rootRepoURL(rootManifests);
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
      imageOf: (pod) => this.#running.get(pod),
      behaviourOf: (image) => options.images[image]?.service,
    });
    this.metrics = new SimulatedMetrics({
      scheduler: this.time,
      traffic: this.traffic,
      isUp: (pod) => this.#running.get(pod) !== undefined,
    });
    const admission = builtInAdmission({ serviceNetwork: '127.17' });
    this.engine = new Engine({
      scheduler: this.time,
      ids: entropyIds(entropy),
      entropy,
      journal: volatileJournal,
      admission,
      machine: { node: this.node, traffic: this.traffic, metrics: this.metrics, source: this.git },
      controllers: allControllers({
        podNetwork: '127.16',
        ingressAddress: '127.0.0.1',
        application: { ...DEFAULT_CONFIG, normalise: admission.admit, assessHealth },
      }),
      onStep: (step) => this.transcript.record(step),
    });
    installCluster(this.engine.resources);
    this.git.commit(this.#repoURL, options.files, 'first commit');
    applyRoot(this.engine.resources, rootManifests, []);
    this.engine.start();
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

  #noteRunning(podUid: string): void {
    const sandbox = this.node.sandbox(podUid);
    // A sandbox that is gone had no running container left before it went.
    if (sandbox === undefined) return;
    const pod = `${sandbox.namespace}/${sandbox.name}`;
    const running = Object.values(sandbox.containers).find(({ phase }) => phase === 'running' || phase === 'stopping');
    if (running === undefined) this.#running.delete(pod);
    else this.#running.set(pod, running.image);
  }
}
