import { applyManifest } from '#api/apply.ts';
import type { Resources } from '#api/resources.ts';
import { canonicalJson, isRecord } from '#core/json.ts';
import type { SourcePort } from '#edges/ports.ts';
import type { KubeObject, Manifest } from '#kube/object.ts';
import type { Answer } from '#machine/questions.ts';
import { KEYRING_NAME } from '../stages/sync/app-project/source-integrity.ts';
import { rootRepoURL } from './cluster-objects.ts';
import { computeRootOverrides, type OverrideInputs, signedProjects } from './root-overrides.ts';

/** What is different from git on this machine, one sentence a line; on the root Application. */
export const OVERRIDES_ANNOTATION = 'pern-gitops.dev/local-overrides';

const MANAGER = 'pern';
const CONTROL_PLANE = 'argocd';

type SourceQuestion = Parameters<SourcePort['answer']>[0];
type Key = NonNullable<OverrideInputs['key']>;

export interface RootParts {
  resources: Resources;
  source: SourcePort;
  /** The documents of `bootstrap/root-app.yaml`. */
  manifests: readonly Manifest[];
  excludedPaths: readonly string[];
  /** Gives the machine's own key, when it is the first time that a project asks for signatures; absent when nothing is overridden. */
  withKey?: (use: (key: Key) => void) => void;
  followTags: boolean;
  /** Overrides that are not patches: which folder stands in for the repository. */
  remarks: readonly string[];
  /** Called after the first time that the root was applied. */
  onApplied?: () => void;
}

/**
 * `kubectl apply -f bootstrap/root-app.yaml`, with this machine's overrides, and again whenever HEAD moves to a tree that
 * needs others. A tree that does not render gets no overrides: its root says what is wrong with it.
 */
export function followRoot(parts: RootParts): void {
  const application = parts.manifests.find(({ kind }) => kind === 'Application');
  const repoURL = rootRepoURL(parts.manifests);
  const { path, targetRevision, kustomize } = sourceOf(application);
  let applied: string | undefined;
  const apply = (overrides: Pick<ReturnType<typeof computeRootOverrides>, 'patches' | 'remarks'>) => {
    const isFirst = applied === undefined;
    const text = canonicalJson(overrides);
    if (text === applied) return;
    applied = text;
    for (const manifest of parts.manifests) {
      const own = manifest === application ? withOverrides(manifest, overrides, parts.remarks) : manifest;
      applyManifest(parts.resources, own, { manager: MANAGER, strategy: 'client' });
    }
    if (isFirst) parts.onApplied?.();
  };
  const onRendered = (manifests: readonly Manifest[]) => {
    const inputs = { excludedPaths: parts.excludedPaths, followTags: parts.followTags };
    if (parts.withKey === undefined || signedProjects(manifests).length === 0) {
      apply(computeRootOverrides(manifests, inputs));
      return;
    }
    parts.withKey((key) => {
      if (!manifests.some(isKeyring)) trust(parts.resources, key);
      apply(computeRootOverrides(manifests, { ...inputs, key }));
    });
  };
  /** Once something was applied, a commit that cannot be read or rendered changes nothing here. */
  const onFailure = () => {
    if (applied === undefined) apply({ patches: [], remarks: [] });
  };
  let latest = 0;
  parts.source.answer({ ask: 'revision', repoURL, revision: targetRevision }, (answer) => {
    const sha = answer.ok && 'sha' in answer.value ? answer.value.sha : undefined;
    if (sha === undefined) return onFailure();
    const mine = ++latest;
    askOnce(parts.source, { ask: 'render', repoURL, sha, source: { path, kustomize } }, (rendered) => {
      if (mine !== latest) return;
      if (rendered.ok && 'manifests' in rendered.value) onRendered(rendered.value.manifests);
      else onFailure();
    });
  });
}

/** Asks one question and gives it up with its first answer. */
export function askOnce(source: SourcePort, question: SourceQuestion, use: (answer: Answer) => void): void {
  let done = false;
  let cancel: (() => void) | undefined;
  cancel = source.answer(question, (answer) => {
    if (done) return;
    done = true;
    cancel?.();
    use(answer);
  });
}

function sourceOf(application: Manifest | undefined): { path: string; targetRevision: string; kustomize?: unknown } {
  const spec = application?.spec;
  const source = isRecord(spec) && isRecord(spec.source) ? spec.source : {};
  return {
    path: typeof source.path === 'string' ? source.path : '.',
    targetRevision: typeof source.targetRevision === 'string' ? source.targetRevision : 'HEAD',
    ...(source.kustomize === undefined ? {} : { kustomize: source.kustomize }),
  };
}

function withOverrides(
  root: Manifest,
  { patches, remarks }: Pick<ReturnType<typeof computeRootOverrides>, 'patches' | 'remarks'>,
  more: readonly string[],
): Manifest {
  const sentences = [...more, ...remarks];
  const annotations = {
    ...root.metadata.annotations,
    ...(sentences.length === 0 ? {} : { [OVERRIDES_ANNOTATION]: sentences.join('\n') }),
  };
  const named = { ...root, metadata: { ...root.metadata, annotations } };
  if (patches.length === 0) return sentences.length === 0 ? root : named;
  const spec = root.spec as { source: Record<string, unknown> };
  const own = isRecord(spec.source.kustomize) ? spec.source.kustomize : {};
  const all = [...(Array.isArray(own.patches) ? own.patches : []), ...patches];
  return { ...named, spec: { ...spec, source: { ...spec.source, kustomize: { ...own, patches: all } } } };
}

function isKeyring({ kind, metadata }: Manifest): boolean {
  return kind === 'ConfigMap' && metadata.name === KEYRING_NAME;
}

/** The keyring is part of an Argo CD installation; where git does not declare it, the key goes into the installed one. */
function trust(resources: Resources, key: Key): void {
  const ref = { kind: 'ConfigMap', namespace: CONTROL_PLANE, name: KEYRING_NAME };
  const live = resources.store.get(ref.kind, ref.namespace, ref.name) as KubeObject | undefined;
  const known = live?.data;
  if (isRecord(known) && known[key.id] === key.armoured) return;
  const data = { [key.id]: key.armoured };
  if (live !== undefined) resources.patch(ref, { type: 'merge', patch: { data } }, { fieldManager: MANAGER });
  else {
    const metadata = { name: ref.name, namespace: ref.namespace };
    resources.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as Manifest, { fieldManager: MANAGER });
  }
}
