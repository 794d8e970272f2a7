import { type Controller, onRoot, type Trigger, trigger } from '#control/controller.ts';
import { KINDS } from '#kube/kinds.ts';
import { type KubeObject, objectKey } from '#kube/object.ts';
import { KEYRING_NAME } from '../app-project/source-integrity.ts';
import { type ApplicationConfig, DEFAULT_CONFIG } from './config.ts';
import { type ApplicationObservation, observeApplication } from './observe.ts';
import { orphanWatchers } from './orphans.ts';
import { planApplication } from './plan.ts';
import { inheritsFrom, isClusterSecret } from './project.ts';
import { SETTINGS_NAME, settingsOf } from './settings.ts';
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
          .filter(({ spec }) =>
            inheritsFrom(objects, config.controlPlaneNamespace, spec.project, project.metadata.name),
          )
          .map(objectKey),
      ),
      trigger('ConfigMap', ({ metadata }, objects) =>
        (metadata.name === SETTINGS_NAME || metadata.name === KEYRING_NAME) &&
        metadata.namespace === config.controlPlaneNamespace
          ? objects.list('Application.argoproj.io').map((application) => objectKey(application))
          : [],
      ),
      trigger('Secret', (secret, objects) =>
        isClusterSecret(secret as KubeObject)
          ? objects.list('Application.argoproj.io').map((application) => objectKey(application))
          : [],
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

/** An object that carries a tracking id wakes the Application that manages it, any other those that look for orphans. */
function onManaged(kind: string, config: ApplicationConfig): Trigger {
  return trigger(kind, (object, objects) => {
    const { tracking } = settingsOf(objects, config.controlPlaneNamespace);
    const instance = trackedInstance(object as KubeObject, tracking);
    if (instance === undefined) return orphanWatchers(object as KubeObject, objects, config.controlPlaneNamespace);
    return [keyOfInstance(instance, config.controlPlaneNamespace)];
  });
}
