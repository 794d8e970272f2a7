import type { Manifest } from '#kube/object.ts';

/** The project every Argo CD has, which permits everything: the host creates it in the control plane's namespace. */
export function defaultProject(namespace: string): Manifest {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'default', namespace },
    spec: {
      sourceRepos: ['*'],
      destinations: [{ server: '*', namespace: '*' }],
      clusterResourceWhitelist: [{ group: '*', kind: '*' }],
    },
  };
}
