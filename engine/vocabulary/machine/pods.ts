import { canonicalJson, fnv1a32 } from '#core/json.ts';

/** The node's vocabulary: what the kubelet controller asks of the machine, and what it sees there. */

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

/** A probe with names and defaults resolved: the port is a number, the host an address. */
export interface ProbeSpec {
  action:
    | {
        type: 'httpGet';
        host: string;
        port: number;
        path: string;
        scheme: string;
        headers: Readonly<Record<string, string>>;
      }
    | { type: 'tcpSocket'; host: string; port: number }
    | { type: 'exec'; command: readonly string[] };
  initialDelayMs: number;
  periodMs: number;
  timeoutMs: number;
  successThreshold: number;
  failureThreshold: number;
}

/** A file tree that a volume shows: relative path → content. Bytes are base64, since objects are JSON. */
export interface VolumeFile {
  base64: string;
  mode: number;
}

export type VolumeSource =
  | { type: 'files'; files: Readonly<Record<string, VolumeFile>> }
  | { type: 'emptyDir' }
  /** The uid keeps a claim that is made anew under the same name from finding the old one's data. */
  | { type: 'claim'; namespace: string; claimName: string; uid: string };

export interface Mount {
  volume: string;
  source: VolumeSource;
  mountPath: string;
  subPath?: string;
  readOnly: boolean;
}

/** Everything a container start needs, resolved: no references to other objects are left. */
export interface ContainerStart {
  podUid: string;
  container: string;
  /** 0 for the first run; equals restartCount. */
  attempt: number;
  image: string;
  /** Replaces the image's entry point when not empty. */
  command: readonly string[];
  /** Replaces the image's cmd when not empty. */
  args: readonly string[];
  workingDir?: string;
  env: readonly { name: string; value: string }[];
  mounts: readonly Mount[];
  ports: readonly { name?: string; containerPort: number }[];
  runAsUser?: number;
  runAsGroup?: number;
  fsGroup?: number;
  runAsNonRoot: boolean;
  readOnlyRootFilesystem: boolean;
  /**
   * How long after the end of this run the next one must wait (crash back-off). The node only keeps it and shows it
   * in ContainerState, so that the back-off survives the engine.
   */
  restartDelayMs: number;
  /** The pod awaits the end of this container (init container, restartPolicy other than Always). For models of programs. */
  runsToCompletion: boolean;
  /** Memory limit in bytes; undefined when there is none. */
  memoryLimitBytes?: number;
  cpuLimitCores?: number;
}

/** What runs before SIGTERM. */
export type PreStopHook =
  | { type: 'exec'; command: readonly string[] }
  | { type: 'httpGet'; host: string; port: number; path: string }
  | { type: 'sleep'; durationMs: number };

export type NodeEffect =
  | { op: 'createSandbox'; podUid: string; namespace: string; name: string; ip: string; hostname: string }
  | { op: 'startContainer'; start: ContainerStart }
  | { op: 'startProbe'; podUid: string; container: string; attempt: number; probe: ProbeKind; spec: ProbeSpec }
  | { op: 'stopProbe'; podUid: string; container: string; probe: ProbeKind }
  /**
   * Runs preStop, then SIGTERM, then SIGKILL when `graceMs` have passed since the call. While it is under way, a
   * second call can only bring SIGKILL forward.
   */
  | { op: 'stopContainer'; podUid: string; container: string; graceMs: number; preStop?: PreStopHook }
  /** New content of a configMap, secret or projected volume, swapped in atomically. */
  | { op: 'updateVolume'; podUid: string; volume: string; files: Readonly<Record<string, VolumeFile>> }
  /** Kills what still runs, removes emptyDirs and forgets the pod. Claims and logs stay. */
  | { op: 'removeSandbox'; podUid: string };

export interface ProbeState {
  /** After thresholds: `unknown` until the first verdict. */
  result: 'unknown' | 'success' | 'failure';
  /** What the last failing attempt said. */
  message: string;
  atMs: number;
}

export interface ContainerState {
  container: string;
  attempt: number;
  phase: 'starting' | 'running' | 'stopping' | 'exited';
  /** `process://<pid>-<start>`: identifies this run. */
  containerId: string;
  image: string;
  /** Content identity of the image, `sha256:…`. */
  imageId: string;
  startedAtMs: number;
  /** As given in ContainerStart. */
  restartDelayMs: number;
  /** While stopping: when SIGKILL is due. A stopContainer with an earlier end brings it forward. */
  killAtMs?: number;
  finishedAtMs?: number;
  exitCode?: number;
  signal?: string;
  /** `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun`, … once exited. */
  reason?: string;
  message?: string;
  probes: Readonly<Partial<Record<ProbeKind, ProbeState>>>;
  usage?: { cpuSeconds: number; memoryBytes: number };
}

export interface SandboxState {
  podUid: string;
  namespace: string;
  name: string;
  ip: string;
  createdAtMs: number;
  /** The last run of each container. */
  containers: Readonly<Record<string, ContainerState>>;
  /** Identity (`filesHash`) of what each volume of files shows now: volume name → hash. */
  volumes: Readonly<Record<string, string>>;
  /** How faithfully this machine can run the pod, e.g. `isolation: process`; shown as a pod condition. */
  isolation: string;
}

/** Identity of a volume's content: equal trees have equal hashes. For noticing changes, not for trust. */
export function filesHash(files: Readonly<Record<string, VolumeFile>>): string {
  const text = canonicalJson(files);
  return `${fnv1a32(text).toString(16)}-${fnv1a32(`${text.length}|${text}`).toString(16)}`;
}
