import type { LoadProfile } from '../../engine/edges/sim/traffic/simulated-traffic.ts';
import { type SimulatedImage, Simulation } from '../../engine/host/simulated.ts';
import type { StepRecord } from '../../engine/mechanism/control/control-loop.ts';
import type { Manifest } from '../../engine/vocabulary/kube/object.ts';
import type { Scenario, TrafficModel } from '../scenario/types.ts';
import { healthyImage, simulatedImage } from '../world/image-models.ts';
import { DEFAULT_TRAFFIC, loadProfiles } from '../world/load.ts';
import { componentOfService, type Environment, environmentsOf, splitImage } from '../world/map.ts';
import type { Root } from '../world/root.ts';
import { environmentFolders, type Files, signingKeys, withoutEnvironments } from '../world/tree-files.ts';
import { requestSync } from './people.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const TUESDAY = 2;
/** Nothing happened for this long: what is not deployed yet waits for a person. */
const STALL_MS = 90_000;
const INSTALL_MAX_MS = 4 * HOUR_MS;
/** Before the story begins, so that queries have something to look back on. */
const WARM_UP_MS = 6 * 60_000;

/** The tree could not be brought up: nothing can be said of its releases. */
export class InstallationError extends Error {
  override name = 'InstallationError';
}

export interface World {
  simulation: Simulation;
  environments: readonly Environment[];
  trafficOf: (environment: string) => TrafficModel;
  /** The tree as it was committed. */
  files: Record<string, string>;
  /** Id of the key that signs commits, when the tree asks for signatures. */
  key: string | undefined;
  /** Commits without a signature, filled by the story. */
  unsigned: Set<string>;
}

/**
 * Installs the tree as a team would have long ago, and brings the clock to the start of the scenario. What waits for an
 * approval then is approved: the story begins with a world that runs.
 */
export function installWorld(
  scenario: Scenario,
  tree: { files: Files; root: Root },
  onStep: (step: StepRecord) => void,
): World {
  const files = scenarioFiles(scenario, tree.files);
  const [key, ...others] = signingKeys(files);
  const loads: LoadProfile[] = [];
  const components = new Map<string, string>();
  const simulation = new Simulation({
    seed: scenario.seed,
    start: new Date(installTime(scenario.startMs)).toISOString(),
    files,
    loads,
    images: imageTable(scenario, components),
    root: withPatches(tree.root.manifests, scenario.tree.patches ?? []),
    repoURL: tree.root.repoURL,
    objects: [...(tree.root.objects ?? []), ...(key === undefined ? [] : [keyring([key, ...others])])],
    ...(key === undefined ? {} : { signature: { keyId: key } }),
    onStep,
  });
  for (const url of tree.root.otherURLs) simulation.git.commit(url, files, 'first commit');
  bringUp(simulation, tree.root);
  const environments = environmentsOf(simulation.engine.store);
  for (const { components: all } of environments) for (const { name, image } of all) components.set(image, name);
  const trafficOf = (environment: string): TrafficModel =>
    scenario.traffic[environment] ?? scenario.traffic['*'] ?? DEFAULT_TRAFFIC;
  simulation.metrics.suspend();
  simulation.sleepUntil(scenario.startMs - WARM_UP_MS);
  simulation.metrics.resume();
  for (const { name, namespace } of environments) {
    const componentOf = componentOfService(simulation.engine.store, namespace);
    loads.push(...loadProfiles(simulation.traffic.table.routes, namespace, trafficOf(name), componentOf));
  }
  simulation.run(() => false, WARM_UP_MS);
  return { simulation, environments, trafficOf, files, key, unsigned: new Set() };
}

function scenarioFiles(scenario: Scenario, files: Files): Record<string, string> {
  const folders = environmentFolders(files);
  const named = new Set([
    ...(scenario.environments ?? []),
    ...(scenario.environments !== undefined
      ? []
      : [
          ...scenario.events.flatMap(({ when, commit, approve, refuse, promote, abort, fault }) =>
            [when, commit, approve, refuse, promote, abort, fault?.pod].flatMap((part) => part?.environment ?? []),
          ),
          ...scenario.expect.map(({ environment }) => environment),
        ]),
  ]);
  const known = folders.filter((folder) => named.has(folder));
  // A name that is no folder may still be the name of an Application: then nothing is left out.
  const isPartial = known.length > 0 && [...named].every((name) => folders.includes(name));
  const kept = isPartial ? withoutEnvironments(files, named) : { ...files };
  for (const [path, content] of Object.entries(scenario.tree.files ?? {})) {
    if (content === null) delete kept[path];
    else kept[path] = String(content);
  }
  return kept;
}

/** The last Tuesday noon (UTC) at least a day before: an hour at which people install things. */
function installTime(startMs: number): number {
  for (let day = Math.floor(startMs / DAY_MS) - 1; ; day--) {
    if (new Date(day * DAY_MS).getUTCDay() === TUESDAY) return day * DAY_MS + 12 * HOUR_MS;
  }
}

/** `components`: image name → Rollout, as far as it is known; until then an image's own name is taken for it. */
function imageTable(
  scenario: Scenario,
  components: ReadonlyMap<string, string>,
): (image: string) => SimulatedImage | undefined {
  const known = new Map<string, SimulatedImage>();
  return (image) => {
    let found = known.get(image);
    if (found !== undefined) return found;
    const { name, tag } = splitImage(image);
    const component = components.get(name) ?? name.slice(name.lastIndexOf('/') + 1);
    const model = (scenario.images[component] ?? scenario.images[name])?.[tag];
    found = model === undefined ? healthyImage(component) : simulatedImage(component, model);
    known.set(image, found);
    return found;
  };
}

function keyring(keys: readonly string[]): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-gpg-keys-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    data: Object.fromEntries(keys.map((key) => [key, 'a model of a public key'])),
  };
}

function withPatches(manifests: readonly Manifest[], patches: readonly unknown[]): readonly Manifest[] {
  if (patches.length === 0) return manifests;
  return manifests.map((manifest) => {
    if (manifest.kind !== 'Application') return manifest;
    const spec = manifest.spec as { source: { kustomize?: { patches?: unknown[] } } };
    const kustomize = { ...spec.source.kustomize, patches: [...(spec.source.kustomize?.patches ?? []), ...patches] };
    return { ...manifest, spec: { ...spec, source: { ...spec.source, kustomize } } };
  });
}

function bringUp(simulation: Simulation, root: Root): void {
  const { store } = simulation.engine;
  const untilMs = simulation.time.now() + INSTALL_MAX_MS;
  let writtenMs = simulation.time.now();
  const end = store.subscribe(() => {
    writtenMs = simulation.time.now();
  });
  let seen = -1;
  let converged = false;
  const attempts = new Map<string, number>();
  const isUp = () => {
    if (store.resourceVersion !== seen) {
      seen = store.resourceVersion;
      converged = isConverged(simulation);
    }
    return converged;
  };
  while (!isUp()) {
    const isStalled = () => isUp() || simulation.time.now() - writtenMs >= STALL_MS;
    simulation.run(isStalled, STALL_MS);
    if (isUp()) break;
    if (simulation.time.now() >= untilMs) {
      if (root.isLenient === true) break;
      throw new InstallationError(installationTrouble(simulation, root));
    }
    if (simulation.time.now() - writtenMs < STALL_MS) continue;
    const waiting = store
      .list('Application.argoproj.io')
      .filter(({ status }) => status?.sync?.status === 'OutOfSync' && status.operationState?.phase !== 'Running');
    if (waiting.length === 0 || waiting.every(({ metadata }) => (attempts.get(metadata?.name ?? '') ?? 0) >= 2)) {
      if (root.isLenient === true) break;
      throw new InstallationError(installationTrouble(simulation, root));
    }
    writtenMs = simulation.time.now();
    for (const { metadata } of waiting) {
      const name = metadata?.name ?? '';
      attempts.set(name, (attempts.get(name) ?? 0) + 1);
      requestSync(simulation, name, 'installation');
    }
  }
  end();
}

function isConverged({ engine }: Simulation): boolean {
  const applications = engine.store.list('Application.argoproj.io');
  return (
    applications.length > 0 &&
    engine.store
      .list('ApplicationSet.argoproj.io')
      .every(({ metadata }) =>
        applications.some(({ metadata: own }) => own?.ownerReferences?.some(({ uid }) => uid === metadata?.uid)),
      ) &&
    applications.every(({ status }) => status?.health?.status === 'Healthy' && status.sync?.status === 'Synced')
  );
}

/** What keeps the tree from running, Application by Application. */
function installationTrouble({ engine }: Simulation, { file }: Root): string {
  const applications = engine.store.list('Application.argoproj.io');
  const lines = applications
    .filter(({ status }) => status?.health?.status !== 'Healthy' || status.sync?.status !== 'Synced')
    .map(({ metadata, status }) => {
      const messages = [
        ...(status?.conditions ?? []).map(({ type, message }) => `${type}: ${message}`),
        ...(status?.operationState?.phase === 'Succeeded' ? [] : [status?.operationState?.message ?? '']),
        ...(
          (status?.resources ?? []) as {
            kind?: string;
            name?: string;
            health?: { status?: string; message?: string };
          }[]
        )
          .filter(({ health }) => health?.status !== undefined && health.status !== 'Healthy')
          .map(
            ({ kind, name, health }) =>
              `${kind} ${name} is ${health?.status}${health?.message ? `: ${health.message}` : ''}`,
          ),
      ].filter((text) => text !== '');
      return `  ${metadata?.name}: ${status?.sync?.status ?? 'not compared'}, ${status?.health?.status ?? 'health unknown'}${messages.map((text) => `\n    ${text}`).join('')}`;
    });
  return `${file}: the tree does not come up before the first event:\n${lines.join('\n') || '  it deploys no Application'}`;
}
