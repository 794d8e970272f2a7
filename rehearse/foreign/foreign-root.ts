import { isArgo, sourcesOf } from '../../check/model/deployments.ts';
import { expandSet } from '../../check/model/expand-set.ts';
import { type Deployment, openTree, type Tree } from '../../check/model/tree.ts';
import { memoryFileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';
import { isRecord } from '../../engine/vocabulary/core/json.ts';
import { findKind } from '../../engine/vocabulary/kube/kinds.ts';
import type { Manifest } from '../../engine/vocabulary/kube/object.ts';
import type { Root } from '../world/root.ts';
import type { Files } from '../world/tree-files.ts';

const ARGO_KINDS = ['Application', 'ApplicationSet', 'AppProject'];
const OWN_URL = 'https://git.invalid/tree.git';

/**
 * The root of a tree in any layout: its Applications, ApplicationSets and projects that no other one deploys, and an
 * Application of our own for each kustomization that nobody deploys. What cannot be modelled is listed.
 */
export function foreignRoot(files: Files): Root {
  const tree = openTree(memoryFileSystem(files), { folder: '', repositories: [], expandSet });
  const deployed = new Set(
    tree.deployments.filter(({ application }) => application !== undefined).flatMap(({ read }) => [...read]),
  );
  const declared = [...tree.sources.values()]
    .filter(({ path }) => !deployed.has(path))
    .flatMap(({ documents }) => documents)
    .map(({ value }) => value)
    .filter(
      (value): value is Record<string, unknown> => isRecord(value) && ARGO_KINDS.some((kind) => isArgo(value, kind)),
    );
  const urls = [...new Set(tree.deployments.flatMap(({ application }) => urlsOf(application?.value)))];
  const repoURL = urls[0] ?? OWN_URL;
  const loose = tree.deployments.filter(
    ({ via, objects }) =>
      via !== 'application' && objects.some(({ value }) => !ARGO_KINDS.some((kind) => isArgo(value, kind))),
  );
  const manifests = [...declared.map(inArgo), ...loose.map((deployment) => wrapped(deployment, repoURL))];
  return {
    file: [...tree.sources.keys()][0] ?? '.',
    manifests: manifests.filter((manifest) => manifest.metadata.name !== undefined),
    repoURL,
    otherURLs: urls.slice(1),
    notModelled: leftOut(tree),
    isLenient: true,
    objects: [...missingNamespaces(tree), ...exclusions(tree)],
  };
}

function urlsOf(application: Readonly<Record<string, unknown>> | undefined): string[] {
  const spec = isRecord(application?.spec) ? application.spec : {};
  return sourcesOf(spec).flatMap(({ repoURL, isForeign }) => (isForeign || repoURL === '' ? [] : [repoURL]));
}

function inArgo(value: Record<string, unknown>): Manifest {
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  return { ...value, metadata: { namespace: 'argocd', ...metadata } } as unknown as Manifest;
}

function wrapped({ name, via, namespace }: Deployment, repoURL: string): Manifest {
  const path = name === '' ? '.' : name;
  const slug =
    path
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(-50) || 'tree';
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: slug, namespace: 'argocd' },
    spec: {
      project: 'default',
      source: { repoURL, targetRevision: 'HEAD', path, ...(via === 'files' ? { directory: { recurse: false } } : {}) },
      destination: { server: 'https://kubernetes.default.svc', namespace: namespace || 'default' },
      syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ['CreateNamespace=true'] },
    },
  } as unknown as Manifest;
}

/** Namespaces that Applications deploy to and that nothing creates: a cluster has them. */
function missingNamespaces(tree: Tree): Manifest[] {
  const wanted = new Set(tree.objects.map(({ namespace }) => namespace).filter((name) => name !== ''));
  const made = new Set(tree.byKind('Namespace').map(({ name }) => name));
  const present = ['default', 'kube-system', 'argocd', 'argo-rollouts', 'monitoring'];
  return [...wanted]
    .filter((name) => !made.has(name) && !present.includes(name))
    .sort()
    .map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
}

function unknownKinds(tree: Tree): { group: string; kind: string; count: number }[] {
  const counts = new Map<string, { group: string; kind: string; count: number }>();
  for (const { kindId, value } of tree.objects) {
    if (findKind(kindId) !== undefined) continue;
    const apiVersion = String(value.apiVersion ?? '');
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    const known = counts.get(kindId) ?? { group, kind: String(value.kind), count: 0 };
    known.count++;
    counts.set(kindId, known);
  }
  return [...counts.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

/** Kinds that nobody here acts on are left alone by the sync, as a cluster's administrator would exclude them. */
function exclusions(tree: Tree): Manifest[] {
  const kinds = unknownKinds(tree);
  if (kinds.length === 0) return [];
  const lines = kinds.map(({ group, kind }) => `- apiGroups: ["${group}"]\n  kinds: ["${kind}"]\n  clusters: ["*"]\n`);
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
      data: { 'resource.exclusions': lines.join('') },
    },
  ];
}

function leftOut(tree: Tree): string[] {
  return [
    ...unknownKinds(tree).map(
      ({ group, kind, count }) =>
        `${count} × ${kind}${group === '' ? '' : `.${group}`}: nothing here acts on this kind; it is not deployed`,
    ),
    ...tree.deployments.flatMap(({ name, elsewhere }) =>
      elsewhere.map((source) => `${name}: ${source} is not in this tree`),
    ),
    ...tree.deployments.flatMap(({ name, failures }) =>
      failures.map(({ at, message }) => `${name}: ${at.file}:${at.line}:${at.column} ${message}`),
    ),
  ];
}
