import { join } from 'node:path';
import type { Machine } from '#edges/ports.ts';
import { LocalGit } from '#edges/real/git/local-git.ts';
import { isRemoteUrl, RemoteRepository } from '#edges/real/git/remote-repository.ts';
import type { RepositoryAccess } from '#edges/real/git/repository-access.ts';
import { BUILT_IN_IMAGES } from '#edges/real/images/built-in-images.ts';
import { ImageStore } from '#edges/real/images/image-store.ts';
import { KustomizeBinary } from '#edges/real/kustomize/kustomize-binary.ts';
import { machineEntropy, machineIds } from '#edges/real/machine-entropy.ts';
import { machineTime } from '#edges/real/machine-time.ts';
import { openMetrics, type RealMetrics } from '#edges/real/metrics/metrics-port.ts';
import type { Exporter } from '#edges/real/metrics/self-scrape.ts';
import { RealNode } from '#edges/real/node/real-node.ts';
import { openNotifications, type RealNotifications } from '#edges/real/notification/notification-port.ts';
import type { ListenProblem } from '#edges/real/traffic/service-listeners.ts';
import { openTraffic, type RealTraffic } from '#edges/real/traffic/traffic-port.ts';
import { openWeb, type RealWeb } from '#edges/real/web/web-port.ts';
import { formatExposition } from '#lib/exposition/index.ts';
import type { SandboxState } from '#machine/pods.ts';
import type { Store } from '#store/store.ts';
import { kustomizeLibrary } from '../stages/render/kustomize.ts';
import { cadvisorMetrics } from '../workloads/metrics/cadvisor.ts';
import { kubeStateMetrics } from '../workloads/metrics/kube-state.ts';
import type { Log } from './log.ts';

export interface LiveMachine extends Machine {
  node: RealNode;
  traffic: RealTraffic;
  metrics: RealMetrics;
  source: LocalGit;
  notifications: RealNotifications;
  web: RealWeb;
  images: ImageStore;
}

/** The real machine, with all it keeps inside the state folder. `repository` stands in for `repoURL`. */
export function openMachine(parts: {
  stateFolder: string;
  repository: string;
  repoURL: string;
  prometheusUrl?: string;
  /** A kustomize binary that renders instead of the library. */
  kustomize?: string;
  /** How a remote repository is read now. */
  access: (repoURL: string) => RepositoryAccess;
  onProblem: (problem: ListenProblem) => void;
  log: Log;
}): LiveMachine {
  const { stateFolder } = parts;
  const images = new ImageStore(stateFolder, BUILT_IN_IMAGES);
  const traffic = openTraffic({
    entropy: machineEntropy,
    ids: machineIds,
    namesFolder: join(stateFolder, 'names'),
    onProblem: parts.onProblem,
  });
  const remotes = {
    folder: join(stateFolder, 'repositories'),
    scheduler: machineTime,
    entropy: machineEntropy,
    access: parts.access,
  };
  return {
    images,
    node: new RealNode({ stateDirectory: stateFolder, logDirectory: join(stateFolder, 'logs'), images }),
    traffic,
    web: openWeb((host) => traffic.names.addressesOf(host)),
    metrics: openMetrics({
      scheduler: machineTime,
      snapshotFile: join(stateFolder, 'metrics.snapshot'),
      prometheusUrl: parts.prometheusUrl,
      onProblem: (message) => parts.log('warn', message),
    }),
    notifications: openNotifications(machineTime),
    source: new LocalGit(
      { [parts.repoURL]: parts.repository },
      kustomizeLibrary,
      parts.kustomize === undefined ? undefined : new KustomizeBinary(parts.kustomize),
      (url) => (isRemoteUrl(url) ? new RemoteRepository(url, remotes) : undefined),
    ),
  };
}

/** What the engine itself exports: the ingress, the state of objects, the use of containers. */
export function exportersOf(machine: LiveMachine, objects: Store): Exporter[] {
  return [
    {
      job: 'ingress-nginx',
      instance: 'ingress',
      honorLabels: true,
      exposition: () => machine.traffic.metrics.exposition(),
    },
    {
      job: 'kube-state-metrics',
      instance: 'engine',
      honorLabels: true,
      exposition: () => formatExposition(kubeStateMetrics(objects)),
    },
    {
      job: 'kubelet',
      instance: 'pern-local',
      honorLabels: true,
      exposition: () => formatExposition(cadvisorMetrics(withUsage(machine.node), objects)),
    },
  ];
}

/** Sandboxes with what their containers use at this moment. */
function withUsage(node: RealNode): SandboxState[] {
  return node.sandboxes().map((sandbox) => ({
    ...sandbox,
    containers: Object.fromEntries(
      Object.entries(sandbox.containers).map(([name, state]) => [
        name,
        { ...state, usage: state.phase === 'exited' ? undefined : node.usage(sandbox.podUid, name) },
      ]),
    ),
  }));
}
