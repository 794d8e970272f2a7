import { parseAllDocuments } from 'yaml';
import { applyManifest } from '#api/apply.ts';
import type { Resources } from '#api/resources.ts';
import { isRecord } from '#core/json.ts';
import type { Manifest } from '#kube/object.ts';
import { defaultProject } from '../stages/sync/app-project/default-project.ts';
import { DEFAULT_STORAGE_CLASS } from '../workloads/persistent-volume-claim/controller.ts';

const MANAGER = 'pern';

/** The script of Argo CD's documentation for apps of apps: a wave of children waits until they are healthy. */
const APPLICATION_HEALTH = `hs = {}
hs.status = "Progressing"
hs.message = ""
if obj.status ~= nil then
  if obj.status.health ~= nil then
    hs.status = obj.status.health.status
    if obj.status.health.message ~= nil then
      hs.message = obj.status.health.message
    end
  end
end
return hs
`;

/** What a cluster with Argo CD, Argo Rollouts, ingress-nginx and a storage class has before anybody deploys to it. */
export const CLUSTER_MANIFESTS: readonly Manifest[] = [
  ...['default', 'kube-system', 'argocd', 'argo-rollouts', 'monitoring'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  })),
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'nginx' },
    spec: { controller: 'k8s.io/ingress-nginx' },
  },
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: DEFAULT_STORAGE_CLASS, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'pern-gitops/local',
  },
  defaultProject('argocd'),
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    data: { 'resource.customizations.health.argoproj.io_Application': APPLICATION_HEALTH },
  },
];

/** Creates what is missing of the cluster's own objects; what is there is left as it is. */
export function installCluster(resources: Resources): void {
  for (const manifest of CLUSTER_MANIFESTS) {
    const { kind, apiVersion } = manifest;
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    const id = group === '' ? kind : `${kind}.${group}`;
    if (resources.store.get(id, manifest.metadata.namespace, manifest.metadata.name ?? '') === undefined) {
      resources.create(manifest, { fieldManager: MANAGER });
    }
  }
}

/** The documents of `bootstrap/root-app.yaml`: what `kubectl apply -f` would send. Throws on text that is not YAML. */
export function parseRootManifests(text: string, file: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const problem = document.errors[0];
    if (problem !== undefined) throw new Error(`${file}:${problem.linePos?.[0].line ?? 1}: ${problem.message}`);
    const value: unknown = document.toJS();
    if (!isRecord(value) || typeof value.kind !== 'string')
      throw new Error(`${file}: a document is not a Kubernetes object`);
    return value as unknown as Manifest;
  });
}

/** The repository URL the root Application reads: the one that the repository at hand stands in for. */
export function rootRepoURL(manifests: readonly Manifest[]): string {
  for (const { kind, spec } of manifests) {
    const source = kind === 'Application' && isRecord(spec) ? spec.source : undefined;
    if (isRecord(source) && typeof source.repoURL === 'string') return source.repoURL;
  }
  throw new Error('pern-gitops/bootstrap/root-app.yaml: no Application with spec.source.repoURL');
}

/** `kubectl apply -f bootstrap/root-app.yaml`, as it is in git. */
export function applyRoot(resources: Resources, manifests: readonly Manifest[]): void {
  for (const manifest of manifests) applyManifest(resources, manifest, { manager: MANAGER, strategy: 'client' });
}
