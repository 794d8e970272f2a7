import { type Controller, onRoot, type Trigger, trigger, type World } from '#control/controller.ts';
import type { Answers } from '#control/plan.ts';
import type { KindMap } from '#kube/kinds.ts';
import { objectKey, splitKey } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { planApplicationNotifications } from './application-plan.ts';
import { APPLICATION_SETTINGS, observeSettings, type Settings, type SettingsNames } from './settings.ts';
import { NOTIFICATION, type Notification } from './types.ts';

export type Application = KindMap['Application.argoproj.io'];

export interface ApplicationNotificationObservation {
  application: Application;
  project: KindMap['AppProject.argoproj.io'] | undefined;
  names: SettingsNames;
  settings: Settings;
  /** Messages about this very Application, by name. */
  records: readonly Notification[];
  answers: Answers;
}

/**
 * Argo CD's notifications controller: evaluates the triggers an Application is subscribed to and records a message for
 * each that fires. Sending is another controller's work.
 */
export const applicationNotificationController: Controller<ApplicationNotificationObservation> = {
  name: 'argocd-notifications-controller',
  root: 'Application.argoproj.io',
  triggers: [
    onRoot('Application.argoproj.io'),
    trigger('AppProject.argoproj.io', ({ metadata }, objects) =>
      applicationKeys(objects, metadata.namespace, ({ spec }) => spec.project === metadata.name),
    ),
    onSettings('ConfigMap', APPLICATION_SETTINGS.configMap),
    onSettings('Secret', APPLICATION_SETTINGS.secret),
    trigger(NOTIFICATION, (object) => {
      const { about } = (object as unknown as Notification).spec;
      return about.kind === 'Application' ? [`${about.namespace}/${about.name}`] : [];
    }),
  ],
  observe: observeApplicationNotifications,
  plan: planApplicationNotifications,
};

function onSettings(kind: 'ConfigMap' | 'Secret', name: string): Trigger {
  return trigger(kind, ({ metadata }, objects) =>
    metadata.name === name && metadata.namespace === APPLICATION_SETTINGS.namespace
      ? applicationKeys(objects, metadata.namespace, () => true)
      : [],
  );
}

function applicationKeys(
  objects: Reader,
  namespace: string | undefined,
  wanted: (application: Application) => boolean,
): string[] {
  return objects.list('Application.argoproj.io', namespace).filter(wanted).map(objectKey);
}

/** Only Applications of the control plane's namespace notify, as upstream without application namespaces. */
function observeApplicationNotifications(
  key: string,
  { objects, answers }: World,
): ApplicationNotificationObservation | undefined {
  const { namespace, name } = splitKey(key);
  const application = objects.get('Application.argoproj.io', namespace, name);
  if (application === undefined || namespace !== APPLICATION_SETTINGS.namespace) return undefined;
  const records = objects.list(NOTIFICATION, namespace) as unknown as readonly Notification[];
  return {
    application,
    project: objects.get('AppProject.argoproj.io', namespace, application.spec.project),
    names: APPLICATION_SETTINGS,
    settings: observeSettings(objects, APPLICATION_SETTINGS),
    records: records.filter(({ spec }) => spec.about.uid === application.metadata.uid),
    answers,
  };
}
