import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtInAdmission, chain } from '#api/admission.ts';
import { policyAdmission } from '#api/policies.ts';
import type { StepRecord } from '#control/control-loop.ts';
import { EventRecorder } from '#control/event-recorder.ts';
import { runGit } from '#edges/real/git/object-reader.ts';
import { machineEntropy, machineIds } from '#edges/real/machine-entropy.ts';
import { machineTime } from '#edges/real/machine-time.ts';
import { servePrometheus } from '#edges/real/metrics/prometheus-api.ts';
import { openSqliteJournal } from '#edges/real/sqlite-journal.ts';
import type { ListenProblem } from '#edges/real/traffic/service-listeners.ts';
import { serveWebhook } from '#edges/real/webhook/receiver.ts';
import { assessHealth } from '#kube/health/health.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { DEFAULT_CONFIG } from '../stages/sync/application/config.ts';
import { approveFirstInstalls } from './approval/first-install.ts';
import { WaitingApprovals } from './approval/waiting.ts';
import { openAudit } from './audit.ts';
import { installCluster, parseRootManifests, rootRepoURL } from './cluster-objects.ts';
import { allControllers } from './controllers.ts';
import { Engine } from './engine.ts';
import { builderFor, buildFirstImages } from './first-images.ts';
import { openApi } from './live-api.ts';
import { exportersOf, type LiveMachine, openMachine } from './live-machine.ts';
import { LocalTrust } from './local-trust.ts';
import type { Log } from './log.ts';
import { takeNetwork } from './loopback-network.ts';
import { servePern } from './pern-routes.ts';
import { keepPrivate } from './private-file.ts';
import { refreshOnRequest, storedAccess } from './repository-secrets.ts';
import { followRoot } from './root-application.ts';

export interface LiveOptions {
  /** A git work tree with `pern-gitops/` in it. */
  repository: string;
  stateFolder: string;
  /** 0 takes any free port. */
  apiPort: number;
  ingressPort: number;
  /** Only these environments; all of them when undefined. */
  environments?: readonly string[];
  /** Queries go to this Prometheus instead of the embedded store. */
  prometheusUrl?: string;
  /** A kustomize binary that renders instead of the library. */
  kustomize?: string;
  /** No local overrides: no key of this machine's own, windows and revisions as git has them. */
  strict?: boolean;
  version: string;
  log: Log;
}

/** Something the person at the keyboard can mend; the message is one sentence that says how. */
export class StartError extends Error {
  override name = 'StartError';
}

export interface LiveHost {
  apiPort: number;
  ingressPort: number;
  /** Stops every pod process and everything else. */
  stop(): Promise<void>;
}

const ROOT_FILE = 'pern-gitops/bootstrap/root-app.yaml';
const OVERLAYS = 'pern-gitops/apps/pern-app/overlays';
/** Planning pauses after this long so that proxied requests and the API get their turn. */
const SLICE_MS = 8;
/** A pod's own grace period may be longer; at the end of the engine nobody waits for that. */
const STOP_GRACE_MS = 15_000;

/** Runs the engine on this machine: real time, processes, sockets, git. Throws StartError for what a person can mend. */
export async function startLive(options: LiveOptions): Promise<LiveHost> {
  const { stateFolder, repository, log } = options;
  mkdirSync(stateFolder, { recursive: true, mode: 0o755 });
  const { rootManifests, repoURL } = readRoot(repository);
  const network = await takeNetwork(join(stateFolder, 'network')).catch((error: Error) => {
    throw new StartError(error.message);
  });
  const database = join(stateFolder, 'objects.db');
  keepPrivate(database);
  const journal = openSqliteJournal(database);
  const problems: { report: (problem: ListenProblem) => void } = { report: () => {} };
  const machine = openMachine({
    ...options,
    repoURL,
    onProblem: (problem) => problems.report(problem),
    access: (url) => storedAccess(engine.store, url),
  });
  const ingressPort = await listening('ingress', options.ingressPort, () =>
    machine.traffic.ingress.listen(options.ingressPort),
  );
  const admission = builtInAdmission({ serviceNetwork: network.serviceNetwork });
  const engine = new Engine({
    scheduler: machineTime,
    ids: machineIds,
    entropy: machineEntropy,
    journal,
    admission: chain(admission, policyAdmission),
    machine,
    controllers: allControllers({
      podNetwork: network.podNetwork,
      ingressAddress: '127.0.0.1',
      application: { ...DEFAULT_CONFIG, normalise: admission.admit, assessHealth },
    }),
    onStep: (step) => logStep(step, log),
    sliceMs: SLICE_MS,
  });
  problems.report = serviceProblems(engine);
  refreshOnRequest(engine.store, (url) => machine.source.refresh(url));
  const startedAt = new Date().toISOString();
  const build = builderFor({ repository, stateFolder, log });
  const info = async () => ({
    version: options.version,
    repository,
    branch: await branchOf(repository),
    ingressPort,
    startedAt,
    memoryBytes: process.memoryUsage().rss,
    images: machine.images.list(),
  });
  const audit = openAudit({ stateFolder, store: engine.store, log });
  const trust = options.strict === true ? undefined : new LocalTrust({ stateFolder, repository });
  const api = await listening('API', options.apiPort, () =>
    openApi({
      resources: engine.resources,
      node: machine.node,
      stateFolder,
      port: options.apiPort,
      version: options.version,
      log,
      isReady: () => engine.isPlanning,
      audit,
      source: machine.source,
      signer: () => trust?.signer,
      openRoutes: (request, response) => serveWebhook({ resources: engine.resources, log }, request, response),
      extraRoutes: (request, response) =>
        servePern({ info, build }, request, response) ||
        servePrometheus(machine.metrics, () => Date.now(), request, response),
    }),
  );
  installCluster(engine.resources);
  const environments = listEnvironments(repository);
  const excludedPaths = excluded(environments, options.environments);
  const remarks = [`${repoURL} is read from ${repository}`];
  await applyRoot({ engine, machine, rootManifests, excludedPaths, remarks, trust });
  approveFirstInstalls({ store: engine.store, approvals: api.approvals, log });
  new WaitingApprovals({ resources: engine.resources, source: machine.source, root: rootName(rootManifests) });
  machine.metrics.startExporters(exportersOf(machine, engine.store));
  const publish = () => {
    const { version } = options;
    announce(stateFolder, { pid: process.pid, apiPort: api.port, ingressPort, repository, startedAt, version });
    log('info', 'API ready', { apiPort: api.port, ingressPort });
  };
  if (engine.store.list('Pod').length > 0) {
    // What the objects say is from before the stop. The first look at the machine comes before anybody is told to read.
    engine.start();
    await whenIdle(engine);
    publish();
  } else {
    publish();
    const paths = environments.map((name) => `${OVERLAYS}/${name}`);
    await buildFirstImages({ machine, repository, repoURL, paths, build, log });
    engine.start();
  }
  return {
    apiPort: api.port,
    ingressPort,
    stop: async () => {
      engine.stop();
      await api.close();
      await machine.node.shutdown({ graceMs: STOP_GRACE_MS });
      await closeMachine(machine);
      audit.close();
      journal.close();
      network.release();
      rmSync(join(stateFolder, 'engine.json'), { force: true });
    },
  };
}

/** Applies the root Application and keeps its overrides right; resolves when it is there. Throws StartError without gpg. */
function applyRoot(parts: {
  engine: Engine;
  machine: LiveMachine;
  rootManifests: readonly Manifest[];
  excludedPaths: readonly string[];
  remarks: readonly string[];
  trust: LocalTrust | undefined;
}): Promise<void> {
  const { engine, machine, rootManifests: manifests, trust, ...rest } = parts;
  return new Promise((resolve, reject) => {
    const noKey = (error: Error) => reject(new StartError(error.message));
    followRoot({
      resources: engine.resources,
      source: machine.source,
      manifests,
      ...rest,
      ...(trust === undefined ? {} : { withKey: (use) => void trust.open().then(use, noKey) }),
      followTags: true,
      onApplied: resolve,
    });
  });
}

function rootName(manifests: readonly Manifest[]): string {
  return manifests.find(({ kind }) => kind === 'Application')?.metadata.name ?? '';
}

/** Resolves when every key has been planned once, and what that led to. */
async function whenIdle(engine: Engine): Promise<void> {
  while (!engine.loop.idle) await new Promise((resolve) => setImmediate(resolve));
}

/** The root Application at HEAD and the URL it reads. Throws StartError for a file that says neither. */
function readRoot(repository: string): { rootManifests: Manifest[]; repoURL: string } {
  const text = git(repository, 'show', `HEAD:${ROOT_FILE}`);
  try {
    const rootManifests = parseRootManifests(text, ROOT_FILE);
    return { rootManifests, repoURL: rootRepoURL(rootManifests) };
  } catch (error) {
    throw new StartError(`${(error as Error).message}; correct it and commit`);
  }
}

async function closeMachine(machine: LiveMachine): Promise<void> {
  await machine.traffic.close();
  await machine.web.close();
  machine.metrics.close();
  machine.source.close();
  await machine.notifications.close();
}

/** Runs `open`, and turns a port that is taken into a sentence. */
async function listening<T>(what: string, port: number, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const flag = what === 'API' ? '--api-port' : '--ingress-port';
    const why = code === 'EADDRINUSE' ? 'is in use by another process' : 'may not be opened by this user';
    throw new StartError(
      `port ${port} for the ${what} ${why}; choose another with ${flag} N, or ${flag} 0 for any free one`,
    );
  }
}

function git(repository: string, ...args: string[]): string {
  try {
    return execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const text = String((error as { stderr?: string }).stderr ?? (error as Error).message).trim();
    throw new StartError(
      `${repository}: git ${args[0]} failed: ${text}; run pern inside a git repository that has ${ROOT_FILE} committed`,
    );
  }
}

/** Folder names under the overlays at HEAD. */
function listEnvironments(repository: string): string[] {
  const lines = git(repository, 'ls-tree', '-d', '--name-only', 'HEAD', `${OVERLAYS}/`).split('\n');
  return lines.filter((line) => line !== '').map((line) => line.slice(OVERLAYS.length + 1));
}

/** Overlay folders to leave out when only some environments are wanted. Throws StartError for names that do not exist. */
function excluded(all: readonly string[], wanted: readonly string[] | undefined): string[] {
  if (wanted === undefined) return [];
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new StartError(`there is no environment "${unknown}"; there are: ${all.join(', ')}`);
  return all.filter((name) => !wanted.includes(name)).map((name) => `${OVERLAYS}/${name}`);
}

/** The branch that is checked out; `HEAD` when none is. */
async function branchOf(repository: string): Promise<string> {
  return (await runGit(repository, ['rev-parse', '--abbrev-ref', 'HEAD'])).toString().trim();
}

function announce(stateFolder: string, facts: Record<string, unknown>): void {
  writeFileSync(join(stateFolder, 'engine.json'), `${JSON.stringify(facts, null, 2)}\n`);
}

function logStep({ controller, key, error, retryInMs }: StepRecord, log: Log): void {
  if (error === undefined) return;
  const message = error instanceof Error ? error.message : String(error);
  log('warn', message, { controller, key, retryInMs, ...(isExpected(error) ? {} : { stack: (error as Error).stack }) });
}

/** A refused write is an ordinary event in a level-triggered world; anything else is worth its stack. */
function isExpected(error: unknown): boolean {
  return error instanceof Error && error.name === 'ApiError';
}

/** Says on the Service itself that its address could not be opened. */
function serviceProblems(engine: Engine): (problem: ListenProblem) => void {
  const events = new EventRecorder(engine.resources, machineTime);
  return ({ namespace, service, message }) => {
    const object = engine.store.get('Service', namespace, service) as KubeObject | undefined;
    if (object !== undefined)
      events.record('service-proxy', object, { type: 'Warning', reason: 'ListenFailed', message });
  };
}
