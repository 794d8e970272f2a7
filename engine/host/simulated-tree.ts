import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEALTHY, type ServiceBehaviour } from '#edges/sim/traffic/behaviour.ts';
import type { LoadProfile } from '#edges/sim/traffic/simulated-traffic.ts';
import type { WebResponse } from '#edges/sim/web/simulated-web.ts';
import type { Manifest } from '#kube/object.ts';
import type { WebRequest } from '#machine/questions.ts';
import type { Application } from '../stages/sync/application/types.ts';
import { approvalPatch, approvalProblem } from './approval/checks.ts';
import { type SimulatedImage, Simulation, type SimulationOptions } from './simulated.ts';

export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export type Component = 'backend' | 'frontend';

const TREE = 'pern-gitops';
/** A Monday morning, when production's window is open. */
const START = '2026-01-05T09:00:00Z';
/** The key that production asks for: everything this world commits was reviewed, and merged by the git host. */
const SIGNATURE = { keyId: 'B5690EEEBB952194' };
const KEYRING: Manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'argocd-gpg-keys-cm', namespace: 'argocd' },
  data: { [SIGNATURE.keyId]: 'armoured' },
} as Manifest;
/** What `pern demo` sends to development, and enough elsewhere to judge a release by. */
const REQUESTS_PER_SECOND: Record<Environment, number> = { development: 400, staging: 100, production: 20 };
const INSTALL_MAX_MS = 10 * 60_000;

/** Every file below `pern-gitops/` of a work tree, as a first commit: path from the root of the repository → text. */
export function readTree(repository: string): Record<string, string> {
  const entries = readdirSync(join(repository, TREE), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    paths.sort().map((path) => [path.slice(repository.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8')]),
  );
}

/** Requests to the API of an environment, by day and by night. */
export function steadyLoad(environment: Environment): LoadProfile {
  return {
    host: `pern-app-${environment}.localhost`,
    path: '/api/articles',
    requestsPerSecond: () => REQUESTS_PER_SECOND[environment],
  };
}

/** What a pod of the application uses: enough for the autoscalers to see, far from their target. */
const USAGE: ServiceBehaviour['usage'] = {
  cpuMillis: 20,
  cpuMillisPerRequest: 0.1,
  memoryBytes: 64 << 20,
  memoryBytesPerRequest: 0,
};

/** Images as the test wants them, each of which uses something. */
function usedImages(images: SimulationOptions['images']): (image: string) => SimulatedImage {
  return (image) => {
    const wanted = typeof images === 'function' ? images(image) : images[image];
    const service = wanted?.service ?? HEALTHY;
    return { ...wanted, service: typeof service === 'function' ? service : { usage: USAGE, ...service } };
  };
}

/** The front end's settings, which the smoke test asks its canary Service for. */
function serveSettings({ url }: WebRequest): WebResponse {
  const environment = /^http:\/\/frontend-canary\.pern-app-([^.]+)\.svc\/config\.json$/.exec(url)?.[1];
  return environment === undefined ? { error: 'no such host' } : { status: 200, body: JSON.stringify({ environment }) };
}

/** The team's own tree in the simulated host, with the vocabulary of its stories: install, release, look. */
export class SimulatedTree {
  readonly simulation: Simulation;
  readonly #files: Record<string, string>;

  constructor(repository: string, options: Partial<SimulationOptions> = {}) {
    this.#files = readTree(repository);
    this.simulation = new Simulation({
      seed: 1,
      start: START,
      files: this.#files,
      loads: ENVIRONMENTS.map(steadyLoad),
      web: serveSettings,
      signature: SIGNATURE,
      objects: [KEYRING],
      ...options,
      images: usedImages(options.images ?? {}),
    });
  }

  get nowMs(): number {
    return this.simulation.time.now();
  }

  /**
   * Lets time pass until every Application is Synced and Healthy, and approves production once it waits for that; throws
   * when it does not come about.
   */
  install(): this {
    const { simulation } = this;
    const waits = () => this.#application('production')?.status?.sync?.status === 'OutOfSync';
    if (simulation.run(waits, INSTALL_MAX_MS)) this.approve('production');
    if (!simulation.run(() => this.isConverged(), INSTALL_MAX_MS))
      throw new Error(`the tree is not healthy after ${INSTALL_MAX_MS} ms:\n${this.simulation.transcript}`);
    return this;
  }

  isConverged(): boolean {
    const applications = this.simulation.engine.store.list('Application.argoproj.io');
    return (
      applications.length === ENVIRONMENTS.length + 1 &&
      applications.every(({ status }) => status?.health?.status === 'Healthy' && status.sync?.status === 'Synced')
    );
  }

  /** What `pern approve` does: syncs an environment that waits for a person to the newest commit. */
  approve(environment: Environment): void {
    const application = this.#application(environment);
    if (application === undefined) throw new Error(`there is no Application for ${environment}`);
    const problem = approvalProblem(application);
    if (problem !== undefined) throw new Error(`${environment} cannot be approved: ${problem}`);
    const sha = application.status?.sync?.revision ?? '';
    const { name } = application.metadata;
    this.simulation.engine.resources.patch(
      { kind: 'Application.argoproj.io', namespace: 'argocd', name },
      { type: 'merge', patch: approvalPatch(application, { sha, username: 'tester', reason: undefined }) },
    );
  }

  #application(environment: Environment): Application | undefined {
    const { store } = this.simulation.engine;
    return store.get('Application.argoproj.io', 'argocd', `pern-app-${environment}`) as Application | undefined;
  }

  /** Commits a version of a component to one environment, the one line that a release changes; in production, approves it. */
  release(environment: Environment, version: string, component: Component = 'backend'): void {
    const path = `${TREE}/apps/pern-app/overlays/${environment}/kustomization.yaml`;
    const before = this.#files[path] ?? '';
    const after = before.replace(new RegExp(`(gitops/${component}\\n\\s+newTag: )\\S+`), `$1${version}`);
    if (after === before) throw new Error(`${path} has no newTag of ${component} other than ${version}`);
    this.#files[path] = after;
    const sha = this.simulation.commit({ [path]: after }, `${component} ${version} to ${environment}`, {
      signature: SIGNATURE,
    });
    if (environment !== 'production') return;
    const isCompared = () => this.#application(environment)?.status?.sync?.revision === sha;
    if (!this.simulation.run(isCompared, INSTALL_MAX_MS)) throw new Error(`${environment} was not compared`);
    this.approve(environment);
  }

  /** A file of the tree as it was committed last. */
  read(path: string): string {
    return this.#files[path] ?? '';
  }

  rollout(environment: Environment, component: Component = 'backend') {
    const rollout = this.simulation.engine.store.get('Rollout.argoproj.io', `pern-app-${environment}`, component);
    if (rollout === undefined) throw new Error(`there is no Rollout ${component} in ${environment}`);
    return rollout;
  }

  /** The release is through: the version that is wanted is the stable one. */
  isPromoted(environment: Environment, version: string): boolean {
    const { spec, status } = this.rollout(environment);
    const image = spec?.template?.spec?.containers?.[0]?.image;
    return (
      image === imageOf('backend', version) && status?.phase === 'Healthy' && status.currentPodHash === status.stableRS
    );
  }

  /** Share of a component's requests that go to the canary now, 0 to 100. */
  canaryWeightPercent(environment: Environment, component: Component = 'backend'): number {
    const route = this.simulation.traffic.table.routes.find(
      ({ namespace, ingress }) => namespace === `pern-app-${environment}` && ingress === component,
    );
    return route?.canary === undefined ? 0 : (100 * route.canary.weight) / route.canary.weightTotal;
  }
}

export function imageOf(component: Component, version: string): string {
  return `ghcr.io/pern-gitops/${component}:${version}`;
}
