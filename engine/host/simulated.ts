import { type Admission, builtInAdmission, chain } from '#api/admission.ts';
import { policyAdmission } from '#api/policies.ts';
import type { StepRecord } from '#control/control-loop.ts';
import { type Entropy, seededEntropy } from '#core/entropy.ts';
import { entropyIds, type Ids } from '#core/ids.ts';
import { SimulatedGit } from '#edges/sim/git/simulated-git.ts';
import type { SimulatedSignature } from '#edges/sim/git/simulated-signatures.ts';
import { SimulatedMetrics } from '#edges/sim/metrics/simulated-metrics.ts';
import type { ImageBehaviour } from '#edges/sim/node/behaviour.ts';
import { SimNode } from '#edges/sim/node/sim-node.ts';
import { SimulatedNotifications } from '#edges/sim/notification/simulated-notifications.ts';
import type { ServiceModel } from '#edges/sim/traffic/behaviour.ts';
import { type LoadProfile, SimulatedTraffic } from '#edges/sim/traffic/simulated-traffic.ts';
import { VirtualTime } from '#edges/sim/virtual-time.ts';
import { SimulatedWeb, type WebResponse } from '#edges/sim/web/simulated-web.ts';
import { assessHealth } from '#kube/health/health.ts';
import type { ObjectRef } from '#kube/kinds.ts';
import type { Manifest } from '#kube/object.ts';
import { parseQuantity } from '#kube/quantity.ts';
import type { ContainerState, SandboxState } from '#machine/pods.ts';
import type { WebRequest } from '#machine/questions.ts';
import { type Journal, volatileJournal } from '#store/journal.ts';
import { kustomizeLibrary } from '../stages/render/kustomize.ts';
import { DEFAULT_CONFIG } from '../stages/sync/application/config.ts';
import { cadvisorMetrics } from '../workloads/metrics/cadvisor.ts';
import { kubeStateMetrics } from '../workloads/metrics/kube-state.ts';
import { queriedMetrics } from '../workloads/metrics/queried-metrics.ts';
import { applyRoot, installCluster, parseRootManifests, rootRepoURL } from './cluster-objects.ts';
import { allControllers } from './controllers.ts';
import { Engine } from './engine.ts';
import { followRoot } from './root-application.ts';
import { serveService } from './simulated-services.ts';
import { Transcript } from './transcript.ts';

/** How an image behaves: as a container on the node, and as a service under requests. */
export interface SimulatedImage {
  container?: Partial<ImageBehaviour>;
  service?: ServiceModel;
}

export interface SimulationOptions {
  seed: number;
  /** When the simulated world begins, RFC 3339. */
  start: string;
  /** The repository's first commit: path → content. */
  files: Readonly<Record<string, string>>;
  loads: readonly LoadProfile[];
  /** By image reference; images that are not named are healthy. */
  images: Readonly<Record<string, SimulatedImage>> | ((image: string) => SimulatedImage | undefined);
  /** What stands for `kubectl apply -f bootstrap/root-app.yaml`; that file of `files` when left out. */
  root?: readonly Manifest[];
  /** The repository that `files` stand in for; that of the root Application when left out. */
  repoURL?: string;
  /** Paths of environments that are left out. */
  excludedPaths?: readonly string[];
  /** Objects the cluster has before anybody deploys to it. */
  objects?: readonly Manifest[];
  /** Signature of the first commit. */
  signature?: SimulatedSignature;
  /** What web metrics are answered; without it the cluster's own Services answer (`simulated-services.ts`). */
  web?: ConstructorParameters<typeof SimulatedWeb>[1];
  /** Sees every step of the control loop, after the transcript has recorded it. */
  onStep?: (step: StepRecord) => void;
}

const ROOT_FILE = 'pern-gitops/bootstrap/root-app.yaml';
/** What a program uses of which no model says more: autoscalers need a figure of every pod. */
const IDLE = { cpuCores: 0.005, memoryBytes: 32 * 2 ** 20 };
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
  readonly #images: (image: string) => SimulatedImage | undefined;
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
    const rootManifests = options.root ?? parseRootManifests(options.files[ROOT_FILE] ?? '', ROOT_FILE);
    this.#repoURL = options.repoURL ?? rootRepoURL(rootManifests);
    const { images } = options;
    this.#images = typeof images === 'function' ? images : (image) => images[image];
    const imageOf = this.#images;
    this.notifications = new SimulatedNotifications(this.time);
    this.git = new SimulatedGit(this.time, kustomizeLibrary);
    this.node = new SimNode({
      scheduler: this.time,
      entropy,
      behaviours: (image, start) => {
        const container = imageOf(image)?.container;
        // A task of the same image (a migration) is another program: only the image is the same.
        return start?.runsToCompletion === true ? { exists: container?.exists ?? true } : container;
      },
    });
    this.node.onChange((podUid) => this.#noteRunning(podUid));
    this.traffic = new SimulatedTraffic({
      clock: this.time,
      profiles: options.loads,
      imageOf: (pod) => {
        const running = this.#running.get(pod);
        return running?.answers ? running.image : undefined;
      },
      behaviourOf: (image) => imageOf(image)?.service,
      onAccounted: () => this.#endExhausted(),
    });
    this.metrics = new SimulatedMetrics({
      scheduler: this.time,
      traffic: this.traffic,
      isUp: (pod) => this.#running.get(pod) !== undefined,
    });
    this.web = new SimulatedWeb(this.time, options.web ?? ((request) => this.#serveWeb(request)));
    this.#onStep = (step) => {
      this.transcript.record(step);
      options.onStep?.(step);
    };
    this.#engine = this.#newEngine(volatileJournal);
    installCluster(this.engine.resources);
    for (const object of options.objects ?? []) this.#install(object);
    const { signature } = options;
    this.git.commit(this.#repoURL, options.files, 'first commit', signature === undefined ? {} : { signature });
    const { excludedPaths = [] } = options;
    if (excludedPaths.length === 0) applyRoot(this.engine.resources, rootManifests);
    else
      followRoot({
        ...this.engine,
        source: this.git,
        manifests: rootManifests,
        excludedPaths,
        followTags: false,
        remarks: [],
      });
    this.engine.start();
    this.metrics.startExporters([
      {
        job: 'kube-state-metrics',
        instance: 'engine',
        families: (names) => kubeStateMetrics(this.engine.store, names),
        wanted: () => queriedMetrics(this.engine.store),
        version: () => this.engine.store.resourceVersion,
      },
      {
        job: 'kubelet',
        instance: 'engine',
        families: () => cadvisorMetrics(this.#usedSandboxes(), this.engine.store),
        wanted: () => this.#wantedUsage(),
        version: () => this.time.now(),
      },
      {
        job: 'ingress-nginx',
        instance: 'engine',
        families: () => this.traffic.edge.families(),
        wanted: () => withHistogramNames(queriedMetrics(this.engine.store)),
        version: () => this.traffic.edge.version,
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
  commit(
    changes: Readonly<Record<string, string | null>>,
    message: string,
    options: { author?: string; signature?: SimulatedSignature } = {},
  ): string {
    const sha = this.git.commit(this.#repoURL, changes, message, options);
    this.transcript.add(this.time.now(), 'commit', `${sha.slice(0, 7)} ${message}`);
    return sha;
  }

  /** Creates an object, or adds to the one that is there. */
  #install(object: Manifest): void {
    const { kind, apiVersion, metadata } = object;
    const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : '';
    const ref = { kind: `${kind}${group}`, namespace: metadata.namespace, name: metadata.name ?? '' } as ObjectRef;
    const isThere = this.engine.store.get(ref.kind, ref.namespace, ref.name) !== undefined;
    const patch = { ...object } as Record<string, unknown>;
    if (isThere) this.engine.resources.patch(ref, { type: 'merge', patch }, { fieldManager: 'pern' });
    else this.engine.resources.create(object, { fieldManager: 'pern' });
  }

  get repoURL(): string {
    return this.#repoURL;
  }

  /** Lets the world sleep until a time: nobody uses it, nothing is scraped, nothing is done. */
  sleepUntil(timeMs: number): void {
    this.traffic.account();
    this.time.jumpTo(timeMs);
    this.traffic.skip();
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
      admission: chain(this.#admission, policyAdmission),
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
    if (running === undefined) {
      this.#running.delete(pod);
      this.traffic.restarted(pod);
    } else this.#running.set(pod, { image: running.image, answers: canAnswer(running) });
  }

  /** What the model says that containers use, in the node's words. A program without a model of its own idles. */
  #usedSandboxes(): SandboxState[] {
    this.traffic.account();
    const nowMs = this.time.now();
    return this.node.sandboxes().map((sandbox) => {
      const counters = this.traffic.pods.get(`${sandbox.namespace}/${sandbox.name}`);
      const modelled = counters?.behaviour.usage === undefined ? undefined : counters;
      const containers = Object.entries(sandbox.containers).map(([name, state]) => {
        const idle = {
          cpuSeconds: ((nowMs - state.startedAtMs) / 1000) * IDLE.cpuCores,
          memoryBytes: IDLE.memoryBytes,
        };
        const { cpuSeconds, memoryBytes } = modelled ?? state.usage ?? idle;
        return [name, { ...state, usage: { cpuSeconds, memoryBytes } }];
      });
      return { ...sandbox, containers: Object.fromEntries(containers) };
    });
  }

  #serveWeb({ url }: WebRequest): WebResponse {
    return serveService(this.engine.store, url, (image) => {
      const service = this.#images(image)?.service;
      return typeof service === 'function' ? undefined : service;
    });
  }

  /** Analyses ask for usage, and autoscalers do. */
  #wantedUsage(): ReadonlySet<string> {
    const names = queriedMetrics(this.engine.store);
    if (this.engine.store.list('HorizontalPodAutoscaler.autoscaling').length === 0) return names;
    return new Set([...names, 'container_cpu_usage_seconds_total', 'container_memory_working_set_bytes']);
  }

  /** The kernel ends what holds more memory than its limit. */
  #endExhausted(): void {
    for (const [pod, { memoryBytes, behaviour }] of this.traffic.pods) {
      if ((behaviour.usage?.memoryBytesPerRequest ?? 0) === 0) continue;
      const slash = pod.indexOf('/');
      const object = this.engine.store.get('Pod', pod.slice(0, slash), pod.slice(slash + 1));
      const [container] = object?.spec?.containers ?? [];
      const limit = container?.resources?.limits?.memory;
      if (object?.metadata === undefined || container === undefined || limit === undefined) continue;
      if (memoryBytes > (parseQuantity(String(limit)) ?? Number.POSITIVE_INFINITY)) {
        this.node.end(object.metadata.uid ?? '', container.name, 137, 'OOMKilled');
      }
    }
  }
}

/** A query names a histogram's series; its family has the name without the ending. */
function withHistogramNames(names: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...names, ...[...names].map((name) => name.replace(/_(bucket|sum|count)$/, ''))]);
}

/** A program that its own probes call unready answers nobody: whoever sends it requests has made a mistake. */
function canAnswer({ phase, probes }: ContainerState): boolean {
  if (phase === 'stopping') return true;
  return [probes.startup, probes.readiness].every((probe) => probe === undefined || probe.result === 'success');
}
