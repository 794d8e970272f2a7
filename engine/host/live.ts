import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '#kube/object.ts';
import { applyDefaults, builtInAdmission } from '#api/defaulting-admission.ts';
import { assessHealth } from '#kube/health/health.ts';
import type { StepRecord } from '#control/control-loop.ts';
import { EventRecorder } from '#control/event-recorder.ts';
import { build as buildKustomize } from '#lib/kustomize/index.ts';
import { formatExposition } from '#lib/exposition/index.ts';
import { LocalGit } from '#edges/real/git/local-git.ts';
import { openHttpApi } from '#edges/real/http-api/server.ts';
import { BUILT_IN_IMAGES } from '#edges/real/images/built-in-images.ts';
import { ImageStore } from '#edges/real/images/image-store.ts';
import { machineEntropy, machineIds } from '#edges/real/machine-entropy.ts';
import { machineTime } from '#edges/real/machine-time.ts';
import { openMetrics, type RealMetrics } from '#edges/real/metrics/metrics-port.ts';
import { servePrometheus } from '#edges/real/metrics/prometheus-api.ts';
import { RealNode } from '#edges/real/node/real-node.ts';
import { openSqliteJournal } from '#edges/real/sqlite-journal.ts';
import { openTraffic, type RealTraffic } from '#edges/real/traffic/traffic-port.ts';
import { DEFAULT_CONFIG } from '../stages/sync/application/config.ts';
import { cadvisorMetrics } from '../workloads/metrics/cadvisor.ts';
import { kubeStateMetrics } from '../workloads/metrics/kube-state.ts';
import { applyRoot, installCluster, parseRootManifests, rootRepoURL } from './cluster-objects.ts';
import { allControllers } from './controllers.ts';
import { Engine } from './engine.ts';
import { takeNetwork } from './loopback-network.ts';

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
  version: string;
  log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
}

/** Something the person at the keyboard can mend; the message is one sentence that says how. */
export class StartError extends Error {
  override name = 'StartError';
}

export interface LiveHost {
  apiPort: number;
  ingressPort: number;
  engine: Engine;
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
  const { stateFolder, log } = options;
  mkdirSync(stateFolder, { recursive: true, mode: 0o755 });
  const rootManifests = readRoot(options.repository);
  const network = await takeNetwork(join(stateFolder, 'network'));
  const journal = openSqliteJournal(join(stateFolder, 'objects.db'));
  const machine = openMachine(options, rootRepoURL(rootManifests));
  const ingressPort = await listenOr(options.ingressPort, 'ingress', (port) => machine.traffic.ingress.listen(port));

  const engine = new Engine({
    scheduler: machineTime,
    ids: machineIds,
    entropy: machineEntropy,
    journal,
    admission: builtInAdmission({ serviceNetwork: network.serviceNetwork }),
    machine,
    controllers: allControllers({
      podNetwork: network.podNetwork,
      ingressAddress: '127.0.0.1',
      application: { ...DEFAULT_CONFIG, normalise: applyDefaults, assessHealth },
    }),
    onStep: (step) => logStep(step, log),
    sliceMs: SLICE_MS,
  });
  machine.onProblem = serviceProblemRecorder(engine);
  installCluster(engine.resources);
  applyRoot(engine.resources, rootManifests, excludedPaths(options));
  machine.metrics.startExporters(exportersOf(machine, engine));
}
