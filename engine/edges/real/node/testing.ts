import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Controller } from '#control/controller.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Machine } from '#edges/ports.ts';
import type { KindMap } from '#kube/kinds.ts';
import { type Journal, volatileJournal } from '#store/journal.ts';
import { Engine } from '../../../host/engine.ts';
import { kubeletController, sandboxCleanupController } from '../../../workloads/kubelet/controller.ts';
import { BUILT_IN_IMAGES } from '../images/built-in-images.ts';
import { type ImageConfig, ImageStore } from '../images/image-store.ts';
import { machineTime } from '../machine-time.ts';
import type { Isolation } from './isolation.ts';
import { RealNode } from './real-node.ts';

/** For end-to-end tests: an engine with the kubelet alone on a real node, in a state folder of its own. */
export interface NodeWorld {
  state: string;
  engine: Engine;
  node: RealNode;
  images: ImageStore;
  /** Resolves with the pod as soon as `check` holds for it; looks after every write, never at intervals. */
  pod(name: string, check: (pod: KindMap['Pod']) => boolean): Promise<KindMap['Pod']>;
  /** Resolves when the pod's object is gone. */
  gone(name: string): Promise<void>;
  /** Ends the engine as `kill -9` would: processes go on. */
  drop(): void;
  remove(): Promise<void>;
}

export function newState(): string {
  const state = mkdtempSync(join(tmpdir(), 'pern-node-'));
  chmodSync(state, 0o755);
  return state;
}

let networks = 30 + (process.pid % 100);

export function startWorld(isolation: Isolation, state = newState(), journal: Journal = volatileJournal): NodeWorld {
  const images = new ImageStore(state, BUILT_IN_IMAGES);
  const node = new RealNode({ stateDirectory: state, logDirectory: join(state, 'logs'), images, isolation });
  const nothing = () => {};
  const machine: Machine = {
    node,
    traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
    metrics: { setScrapes: nothing, answer: () => nothing },
    source: { answer: () => nothing },
  };
  const engine = new Engine({
    scheduler: machineTime,
    ids: entropyIds(seededEntropy(Date.now())),
    entropy: seededEntropy(1),
    journal,
    admission: { admit: (object) => object },
    machine,
    controllers: [
      kubeletController({ podNetwork: `127.${networks++}` }),
      sandboxCleanupController,
    ] as Controller<never>[],
  });
  if (engine.store.get('Namespace', undefined, 'shop') === undefined) {
    engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  }
  engine.start();
  const drop = () => {
    engine.stop();
    node.close();
  };
  return {
    state,
    engine,
    node,
    images,
    pod: (name, check) =>
      waitFor(engine, () => {
        const pod = engine.store.get('Pod', 'shop', name);
        return pod !== undefined && check(pod) ? pod : undefined;
      }),
    gone: async (name) => {
      await waitFor(engine, () => (engine.store.get('Pod', 'shop', name) === undefined ? true : undefined));
    },
    drop,
    async remove() {
      engine.stop();
      for (const { podUid } of node.sandboxes()) node.apply({ op: 'removeSandbox', podUid });
      node.close();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

function waitFor<T>(engine: Engine, look: () => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const check = () => {
      const found = look();
      if (found === undefined) return;
      end();
      resolve(found);
    };
    const end = engine.store.subscribe(check);
    check();
  });
}

/** Puts an image of a few text files into the store. */
export async function installImage(
  world: NodeWorld,
  image: string,
  config: ImageConfig,
  files: Record<string, string>,
): Promise<void> {
  await world.images.install(image, {
    config,
    fill(rootfs) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(rootfs, path)), { recursive: true });
        writeFileSync(join(rootfs, path), text, { mode: 0o755 });
      }
    },
  });
}

/** A pod bound to the node. */
export function createPod(world: NodeWorld, name: string, spec: Record<string, unknown>): KindMap['Pod'] {
  return world.engine.resources.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { nodeName: 'local', enableServiceLinks: false, ...spec },
  }) as unknown as KindMap['Pod'];
}

/** All of a container's output so far, or to its end with `follow`. */
export async function logOf(
  world: NodeWorld,
  podUid: string,
  container: string,
  options: object = {},
): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of world.node.readLogs(podUid, container, options)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export function readyIn(pod: KindMap['Pod']): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}
