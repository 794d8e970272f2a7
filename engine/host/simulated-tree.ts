import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadProfile } from '#edges/sim/traffic/simulated-traffic.ts';
import { Simulation, type SimulationOptions } from './simulated.ts';

export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export type Component = 'backend' | 'frontend';

const TREE = 'pern-gitops';
const START = '2026-01-05T09:00:00Z';
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
      images: {},
      ...options,
    });
  }

  get nowMs(): number {
    return this.simulation.time.now();
  }

  /** Lets time pass until every Application is Synced and Healthy; throws when that does not come about. */
  install(): this {
    if (!this.simulation.run(() => this.isConverged(), INSTALL_MAX_MS))
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

  /** Commits a version of a component to one environment: the one line that a release changes. */
  release(environment: Environment, version: string, component: Component = 'backend'): void {
    const path = `${TREE}/apps/pern-app/overlays/${environment}/kustomization.yaml`;
    const before = this.#files[path] ?? '';
    const after = before.replace(new RegExp(`(gitops/${component}\\n\\s+newTag: )\\S+`), `$1${version}`);
    if (after === before) throw new Error(`${path} has no newTag of ${component} other than ${version}`);
    this.#files[path] = after;
    this.simulation.commit({ [path]: after }, `${component} ${version} to ${environment}`);
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

  /** Share of the API's requests that go to the canary now, 0 to 100. */
  canaryWeightPercent(environment: Environment): number {
    const route = this.simulation.traffic.table.routes.find(
      ({ namespace, ingress }) => namespace === `pern-app-${environment}` && ingress === 'backend',
    );
    return route?.canary === undefined ? 0 : (100 * route.canary.weight) / route.canary.weightTotal;
  }
}

export function imageOf(component: Component, version: string): string {
  return `ghcr.io/pern-gitops/${component}:${version}`;
}
