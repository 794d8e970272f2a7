import type { StepRecord } from '#control/control-loop.ts';
import { type Controller, onRoot } from '#control/controller.ts';
import { Draft } from '#control/plan.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Machine } from '#edges/ports.ts';
import { KINDS, type ObjectRef, refOf } from '#kube/kinds.ts';
import { controllerOf, isDeleting, type KubeObject, type Manifest, splitKey } from '#kube/object.ts';
import { volatileJournal } from '#store/journal.ts';
import type { Reader } from '#store/store.ts';
import { SimulatedGit } from '../../../edges/sim/git/simulated-git.ts';
import { VirtualTime } from '../../../edges/sim/virtual-time.ts';
import { Engine } from '../../../host/engine.ts';
import { kustomizeLibrary } from '../../render/kustomize.ts';
import { defaultProject } from '../app-project/default-project.ts';
import type { ApplicationConfig } from '../application/config.ts';
import { applicationController } from '../application/controller.ts';
import type { Application, Health } from '../application/types.ts';
import { applicationSetController } from '../application-set/controller.ts';

export const REPOSITORY = 'https://example.com/team/shop.git';

/** The annotation that stands in for what a resource's own controller would report. */
export const HEALTH = 'test/health';

/** Health as tests set it; a Job is Progressing until they do, everything else has no check. */
function healthByAnnotation(object: KubeObject): Pick<Health, 'status' | 'message'> | undefined {
  const said = object.metadata.annotations?.[HEALTH] as Health['status'] | undefined;
  if (said !== undefined) return { status: said, message: `the test says ${said}` };
  return object.kind === 'Job' || object.kind === 'Deployment' ? { status: 'Progressing' } : undefined;
}

/**
 * The sync stage in a simulated world: an engine on virtual time, repositories in memory, a stand-in for the garbage
 * collector, and health that the test decides.
 */
export class SyncWorld {
  readonly time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  readonly git = new SimulatedGit(this.time, kustomizeLibrary);
  readonly steps: StepRecord[] = [];
  readonly engine: Engine;

  constructor(config: Partial<ApplicationConfig> = {}) {
    const application = applicationController({
      normalise: (object) => object,
      assessHealth: healthByAnnotation,
      ...config,
    });
    this.engine = new Engine({
      scheduler: this.time,
      ids: entropyIds(seededEntropy(1)),
      entropy: seededEntropy(2),
      journal: volatileJournal,
      admission: { admit: config.normalise ?? ((object) => object) },
      machine: machineOf(this.git),
      controllers: [application, applicationSetController(), ...collectors()] as Controller<never>[],
      onStep: (record) => this.steps.push(record),
    });
    for (const name of ['argocd', 'shop']) this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    this.create(defaultProject('argocd'));
    this.engine.start();
  }

  create(manifest: Manifest): void {
    this.engine.resources.create(manifest);
  }

  /** Lets virtual time pass. Throws when the world does not come to rest, or when a controller threw. */
  run(forMs = 1000): void {
    const untilMs = this.time.now() + forMs;
    this.time.at(untilMs, () => {});
    const outcome = this.time.runUntil(() => false, { untilMs, stepsMax: 20_000 });
    if (outcome === 'steps') throw new Error('the world does not come to rest');
    const broken = this.steps.find((step) => step.error !== undefined);
    if (broken !== undefined) throw broken.error;
  }

  get(kind: string, name: string, namespace: string | undefined = 'shop'): KubeObject | undefined {
    return this.engine.store.get(kind, namespace, name) as KubeObject | undefined;
  }

  application(name = 'shop'): Application {
    const found = this.get('Application.argoproj.io', name, 'argocd');
    if (found === undefined) throw new Error(`there is no Application ${name}`);
    return found as Application;
  }

  setHealth(kind: string, name: string, status: Health['status'], namespace: string | undefined = 'shop'): void {
    this.patch({ kind, namespace, name }, { metadata: { annotations: { [HEALTH]: status } } });
  }

  patch(ref: ObjectRef, patch: Record<string, unknown>): void {
    this.engine.resources.patch(ref, { type: 'merge', patch });
  }
}

/** An Application named `shop` that syncs folder `path` of the repository into namespace `shop`. */
export function shopApplication(spec: Record<string, unknown> = {}, metadata: Manifest['metadata'] = {}): Manifest {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop', namespace: 'argocd', ...metadata },
    spec: {
      project: 'default',
      source: { repoURL: REPOSITORY, targetRevision: 'HEAD', path: 'deploy' },
      destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
      ...spec,
    },
  };
}

/** A ConfigMap as YAML, with annotations. */
export function configMap(name: string, data: string, annotations: Record<string, string> = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, annotations },
    data: { value: data },
  });
}

function machineOf(git: SimulatedGit): Machine {
  const nothing = () => {};
  return {
    node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer: () => nothing },
    traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
    metrics: { setScrapes: nothing, answer: () => nothing },
    source: git,
  };
}

/** Deletes what an object that waits for its dependents owns, then lets it go; and what has lost its owner. */
function collectors(): Controller<{ object: KubeObject; objects: Reader }>[] {
  return KINDS.filter((kind) => kind.id !== 'Event').map((kind) => ({
    name: `collector-${kind.id}`,
    root: kind.id,
    triggers: [onRoot(kind.id)],
    observe(key, { objects }) {
      const { namespace, name } = splitKey(key);
      const object = objects.get(kind.id, kind.namespaced ? namespace : undefined, name) as KubeObject | undefined;
      return object === undefined ? undefined : { object, objects };
    },
    plan({ object, objects }) {
      const draft = new Draft();
      const owner = controllerOf(object);
      if (owner !== undefined && objects.byUid(owner.uid) === undefined && !isDeleting(object)) {
        draft.add({ effect: 'delete', target: refOf(object) });
      }
      const finalizers = object.metadata.finalizers ?? [];
      if (isDeleting(object) && finalizers.includes('foregroundDeletion')) {
        const rest = finalizers.filter((finalizer) => finalizer !== 'foregroundDeletion');
        draft.add({
          effect: 'patch',
          target: refOf(object),
          patch: { metadata: { finalizers: rest.length ? rest : null } },
        });
      }
      return draft.finish();
    },
  }));
}
