import type { StepRecord } from '#control/control-loop.ts';
import type { Controller } from '#control/controller.ts';
import { formatTime } from '#core/clock.ts';
import { seededEntropy } from '#core/entropy.ts';
import { entropyIds } from '#core/ids.ts';
import type { Machine, NotificationPort } from '#edges/ports.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import { volatileJournal } from '#store/journal.ts';
import { SimulatedGit } from '../../../edges/sim/git/simulated-git.ts';
import { SimulatedNotifications } from '../../../edges/sim/notification/simulated-notifications.ts';
import { VirtualTime } from '../../../edges/sim/virtual-time.ts';
import { Engine } from '../../../host/engine.ts';
import { kustomizeLibrary } from '../../render/kustomize.ts';
import { applicationNotificationController } from '../application-controller.ts';
import { notificationDeliveryController } from '../delivery-controller.ts';
import { notificationRetentionController } from '../retention-controller.ts';
import { rolloutNotificationController } from '../rollout-controller.ts';
import { NOTIFICATION, type Notification } from '../types.ts';

export const REPOSITORY = 'https://example.com/team/shop.git';

/** The notification controllers alone, on virtual time; tests write what other controllers would. */
export class NotificationWorld {
  readonly time = new VirtualTime(Date.parse('2026-01-05T09:00:00Z'));
  readonly git = new SimulatedGit(this.time, kustomizeLibrary);
  readonly sent = new SimulatedNotifications(this.time);
  readonly steps: StepRecord[] = [];
  readonly engine: Engine;

  /** `port` sends in place of the recording model. */
  constructor(port?: NotificationPort) {
    const nothing = () => {};
    const machine: Machine = {
      node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer: () => nothing },
      traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
      metrics: { setScrapes: nothing, answer: () => nothing },
      source: this.git,
      notifications: port ?? this.sent,
    };
    this.engine = new Engine({
      scheduler: this.time,
      ids: entropyIds(seededEntropy(1)),
      entropy: seededEntropy(2),
      journal: volatileJournal,
      admission: { admit: (object) => object },
      machine,
      controllers: [
        applicationNotificationController,
        rolloutNotificationController,
        notificationDeliveryController,
        notificationRetentionController,
      ] as unknown as Controller<never>[],
      onStep: (record) => this.steps.push(record),
    });
    for (const name of ['argocd', 'argo-rollouts', 'shop'])
      this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    this.engine.start();
  }

  create(manifest: Manifest): void {
    this.engine.resources.create(manifest);
  }

  /** Lets virtual time pass. Throws when the world does not come to rest, or when a controller threw. */
  run(forMs = 1000): void {
    const untilMs = this.time.now() + forMs;
    this.time.at(untilMs, () => {});
    if (this.time.runUntil(() => false, { untilMs, stepsMax: 20_000 }) === 'steps')
      throw new Error('the world does not come to rest');
    const broken = this.steps.find((step) => step.error !== undefined);
    if (broken !== undefined) throw broken.error;
  }

  configure(data: Record<string, string>, secret?: Record<string, string>, names = ARGO_CD): void {
    const metadata = { namespace: names.namespace, name: names.configMap };
    this.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    if (secret === undefined) return;
    this.setSecret(secret, names);
  }

  setSecret(values: Record<string, string>, names = ARGO_CD): void {
    const data = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    );
    this.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: names.namespace, name: names.secret },
      data,
    });
  }

  application(name = 'shop'): KubeObject {
    return this.engine.store.get('Application.argoproj.io', 'argocd', name) as unknown as KubeObject;
  }

  /** Merges into the Application's status and marks it as refreshed now. */
  setStatus(status: Record<string, unknown>, name = 'shop'): void {
    this.patch(name, { status: { reconciledAt: formatTime(this.time.now()), ...status } });
  }

  patch(name: string, patch: Record<string, unknown>): void {
    const target = { kind: 'Application.argoproj.io', namespace: 'argocd', name };
    this.engine.resources.patch(target, { type: 'merge', patch });
  }

  notifications(namespace = 'argocd'): Notification[] {
    return [...(this.engine.store.list(NOTIFICATION, namespace) as unknown as readonly Notification[])];
  }

  conditions(name = 'shop'): { type: string; message: string }[] {
    return (this.application(name).status as { conditions?: { type: string; message: string }[] }).conditions ?? [];
  }

  notified(name = 'shop'): Record<string, number> {
    const text = this.application(name).metadata.annotations?.['notified.notifications.argoproj.io'];
    return JSON.parse(text ?? '{}') as Record<string, number>;
  }
}

const ARGO_CD = { namespace: 'argocd', configMap: 'argocd-notifications-cm', secret: 'argocd-notifications-secret' };
export const ARGO_ROLLOUTS: typeof ARGO_CD = {
  namespace: 'argo-rollouts',
  configMap: 'argo-rollouts-notification-configmap',
  secret: 'argo-rollouts-notification-secret',
};

/** Application `shop` of project `default` with these annotations. */
export function shopApplication(annotations: Record<string, string> = {}, name = 'shop'): Manifest {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { namespace: 'argocd', name, annotations },
    spec: {
      project: 'default',
      source: { repoURL: REPOSITORY, targetRevision: 'HEAD', path: 'deploy' },
      destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
    },
  };
}
