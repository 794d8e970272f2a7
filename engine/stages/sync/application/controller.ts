import { type Controller, onRoot, type Trigger, trigger } from '#control/controller.ts';
import { KINDS } from '#kube/kinds.ts';
import { type KubeObject, objectKey } from '#kube/object.ts';
import { type ApplicationConfig, DEFAULT_CONFIG } from './config.ts';
import { type ApplicationObservation, observeApplication } from './observe.ts';
import { planApplication } from './plan.ts';
import { keyOfInstance, trackedInstance } from './tracking.ts';
import type { Application } from './types.ts';

/**
 * Argo CD's application controller: keeps what runs equal to what a commit declares. Its root is the Application; it
 * looks again when the commit moves, when a managed object of any kind changes, and when the project does.
 * @param given What the host provides (`normalise`), and departures from the defaults.
 */
export function applicationController(
  given: Pick<ApplicationConfig, 'normalise'> & Partial<ApplicationConfig>,
): Controller<ApplicationObservation> {
  const config: ApplicationConfig = { ...DEFAULT_CONFIG, ...given };
  return {
    name: 'argocd-application-controller',
    root: 'Application.argoproj.io',
    triggers: [
      onRoot('Application.argoproj.io'),
      ...KINDS.map((kind) => onManaged(kind.id, config)),
      trigger('AppProject.argoproj.io', (project, objects) =>
        (objects.list('Application.argoproj.io') as readonly Application[])
          .filter((application) => (application.spec.project || 'default') === project.metadata.name)
          .map(objectKey),
      ),
      trigger('Namespace', (namespace, objects) =>
        (objects.list('Application.argoproj.io') as readonly Application[])
          .filter(({ spec }) => spec.destination?.namespace === namespace.metadata.name)
          .map(objectKey),
      ),
    ],
    observe: (key, world) => observeApplication(config, key, world),
    plan: planApplication,
  };
}

/** Any object that carries a tracking id wakes the Application that manages it. */
function onManaged(kind: string, config: ApplicationConfig): Trigger {
  return trigger(kind, (object) => {
    const instance = trackedInstance(object as KubeObject);
    return instance === undefined ? [] : [keyOfInstance(instance, config.controlPlaneNamespace)];
  });
}
