import { type Controller, onOwned, onRoot, trigger } from '#control/controller.ts';
import { type KubeObject, objectKey, splitKey } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { type ApplicationConfig, DEFAULT_CONFIG } from '../application/config.ts';
import { clusterOf } from './cluster-secret.ts';
import type { ClusterSecret } from './inputs.ts';
import { type ApplicationSetObservation, planApplicationSet } from './plan.ts';
import type { ApplicationSet } from './types.ts';
import type { SetConfig } from './validation.ts';

const SECRET_TYPE_LABEL = 'argocd.argoproj.io/secret-type';

/**
 * Argo CD's ApplicationSet controller: one Application for each set of parameters. A generator that fails touches
 * nothing, so a repository that is away for a moment deletes no environment.
 */
export function applicationSetController(
  given: Partial<Pick<ApplicationConfig, 'clusters' | 'controlPlaneNamespace'>> = {},
): Controller<ApplicationSetObservation> {
  const { clusters, controlPlaneNamespace } = { ...DEFAULT_CONFIG, ...given };
  const config: SetConfig = { clusters, controlPlaneNamespace };
  const allSets = (objects: Reader) =>
    (objects.list('ApplicationSet.argoproj.io') as readonly KubeObject[]).map(objectKey);
  return {
    name: 'argocd-applicationset-controller',
    root: 'ApplicationSet.argoproj.io',
    triggers: [
      onRoot('ApplicationSet.argoproj.io'),
      onOwned('Application.argoproj.io', 'ApplicationSet'),
      trigger('AppProject.argoproj.io', (_project, objects) => allSets(objects)),
      trigger('Secret', (secret, objects) => (isClusterSecret(secret as KubeObject) ? allSets(objects) : [])),
    ],
    observe(key, { objects, answers }) {
      const { namespace, name } = splitKey(key);
      const set = objects.get('ApplicationSet.argoproj.io', namespace, name) as ApplicationSet | undefined;
      if (set === undefined) return undefined;
      const all = objects.list('Application.argoproj.io', namespace) as unknown as readonly KubeObject[];
      const projects = objects
        .list('AppProject.argoproj.io', controlPlaneNamespace)
        .map((project) => project.metadata.name);
      return {
        set,
        config,
        applications: new Map(all.map((application) => [application.metadata.name, application])),
        owned: objects.ownedBy('Application.argoproj.io', set.metadata.uid) as unknown as readonly KubeObject[],
        projects: new Set(projects),
        clusters: clusterSecrets(objects, controlPlaneNamespace),
        answers,
      };
    },
    plan: planApplicationSet,
  };
}

function isClusterSecret({ metadata }: KubeObject): boolean {
  return metadata.labels?.[SECRET_TYPE_LABEL] === 'cluster';
}

/** Clusters registered by Secrets, as the clusters generator and destinations know them. */
function clusterSecrets(objects: Reader, namespace: string): ClusterSecret[] {
  const secrets = objects.list('Secret', namespace) as unknown as readonly KubeObject[];
  return secrets.filter(isClusterSecret).map(clusterOf);
}
