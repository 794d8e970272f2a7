/** What this machine changes of the tree, as Kustomize patches of the root Application (docs/decisions/0004). */
import { isRecord, valueAt } from '#core/json.ts';
import type { Manifest } from '#kube/object.ts';
import type { ProjectSpec } from '../stages/sync/app-project/permissions.ts';
import { effectiveSourceIntegrity, KEYRING_NAME } from '../stages/sync/app-project/source-integrity.ts';
import { templateExpression } from './template-expression.ts';

/** One entry of `spec.source.kustomize.patches`. */
export interface KustomizePatch {
  target: { group?: string; kind: string; name: string };
  /** JSON patch operations as text. */
  patch: string;
}

export interface RootOverrides {
  patches: KustomizePatch[];
  /** Each override in one sentence, for `pern status`. */
  remarks: string[];
  /** AppProjects that ask for signatures. */
  signedProjects: string[];
}

export interface OverrideInputs {
  /** The machine's own key; undefined leaves trust, windows and revisions as git has them. */
  key?: { id: string; armoured: string };
  /** Folders of environments that are not wanted. */
  excludedPaths: readonly string[];
  /** Applications of projects that ask for signatures follow `approved/NAME`. */
  followTags: boolean;
}

interface Operation {
  op: 'add';
  path: string;
  value: unknown;
}

const TAG = 'approved/';

/** The tag that an approval of this Application moves. */
export function approvalTag(application: string): string {
  return `${TAG}${application}`;
}

/** The tag that an Application follows on this machine; undefined when it follows what git says. */
export function followedTag(targetRevision: string | undefined): string | undefined {
  return targetRevision?.startsWith(`refs/tags/${TAG}`) === true
    ? targetRevision.slice('refs/tags/'.length)
    : undefined;
}

/** The AppProjects among the root's manifests that ask for signatures. */
export function signedProjects(manifests: readonly Manifest[]): string[] {
  const projects = manifests.filter(({ kind }) => kind === 'AppProject');
  return projects.filter((project) => asksForSignatures(project)).map(({ metadata }) => metadata.name ?? '');
}

/** The patches that fit what the root's folder renders to. */
export function computeRootOverrides(manifests: readonly Manifest[], inputs: OverrideInputs): RootOverrides {
  const signed = signedProjects(manifests);
  const found: RootOverrides = { patches: [], remarks: [], signedProjects: signed };
  if (inputs.key !== undefined) {
    addKey(found, manifests, inputs.key);
    openWindows(found, manifests);
    if (inputs.followTags) followTags(found, manifests);
  }
  leaveOut(found, manifests, inputs.excludedPaths);
  return found;
}

function add(found: RootOverrides, manifest: Manifest, operations: readonly Operation[]): void {
  if (operations.length === 0) return;
  const { kind, metadata } = manifest;
  found.patches.push({ target: { kind, name: metadata.name ?? '' }, patch: JSON.stringify(operations) });
}

function asksForSignatures({ spec }: Manifest): boolean {
  const policies = effectiveSourceIntegrity((spec ?? {}) as ProjectSpec)?.git?.policies ?? [];
  return policies.some(({ gpg }) => (gpg?.mode ?? 'none') !== 'none');
}

function addKey(found: RootOverrides, manifests: readonly Manifest[], key: { id: string; armoured: string }): void {
  for (const manifest of manifests) {
    if (manifest.kind === 'ConfigMap' && manifest.metadata.name === KEYRING_NAME) {
      const data = (manifest as { data?: unknown }).data;
      add(found, manifest, [
        isRecord(data)
          ? { op: 'add', path: `/data/${key.id}`, value: key.armoured }
          : { op: 'add', path: '/data', value: { [key.id]: key.armoured } },
      ]);
    }
    if (manifest.kind !== 'AppProject' || !asksForSignatures(manifest)) continue;
    add(found, manifest, keyOperations(manifest, key.id));
    found.remarks.push(`AppProject ${manifest.metadata.name} also trusts this machine's key ${key.id}`);
  }
}

function keyOperations({ spec }: Manifest, keyId: string): Operation[] {
  const operations: Operation[] = [];
  const keys = valueAt(spec, ['signatureKeys']);
  if (Array.isArray(keys)) operations.push({ op: 'add', path: '/spec/signatureKeys/-', value: { keyID: keyId } });
  const policies = valueAt(spec, ['sourceIntegrity', 'git', 'policies']);
  if (!Array.isArray(policies)) return operations;
  policies.forEach((policy: unknown, index) => {
    const gpg = valueAt(policy, ['gpg']);
    if (!isRecord(gpg) || gpg.mode === 'none') return;
    const path = `/spec/sourceIntegrity/git/policies/${index}/gpg/keys`;
    operations.push(
      Array.isArray(gpg.keys) ? { op: 'add', path: `${path}/-`, value: keyId } : { op: 'add', path, value: [keyId] },
    );
  });
  return operations;
}

/** People may sync whenever they like on their own machine; automation is still held to the windows. */
function openWindows(found: RootOverrides, manifests: readonly Manifest[]): void {
  for (const manifest of manifests) {
    const windows = manifest.kind === 'AppProject' ? valueAt(manifest.spec, ['syncWindows']) : undefined;
    if (!Array.isArray(windows)) continue;
    const operations = windows.flatMap((window: unknown, index): Operation[] =>
      isRecord(window) && window.manualSync !== true
        ? [{ op: 'add', path: `/spec/syncWindows/${index}/manualSync`, value: true }]
        : [],
    );
    add(found, manifest, operations);
    if (operations.length === 0) continue;
    const count = operations.length === 1 ? 'one window' : `${operations.length} windows`;
    found.remarks.push(`AppProject ${manifest.metadata.name}: a sync by hand is permitted at any time (${count})`);
  }
}

function followTags(found: RootOverrides, manifests: readonly Manifest[]): void {
  const { signedProjects: signed } = found;
  if (signed.length === 0) return;
  for (const manifest of manifests) {
    const isSet = manifest.kind === 'ApplicationSet';
    if (!isSet && manifest.kind !== 'Application') continue;
    const value = isSet ? templatedRevision(manifest, signed) : ownRevision(manifest, signed);
    if (value === undefined) continue;
    if (value === 'unreadable') {
      const why = 'its project is chosen by a condition in a template';
      found.remarks.push(`ApplicationSet ${manifest.metadata.name} follows git as it is, because ${why}`);
      continue;
    }
    const path = isSet ? '/spec/template/spec/source/targetRevision' : '/spec/source/targetRevision';
    add(found, manifest, [{ op: 'add', path, value }]);
    found.remarks.push(
      `Applications of ${signed.join(', ')} follow the signed tag ${TAG}NAME, which an approval moves, instead of HEAD`,
    );
  }
}

function ownRevision({ spec, metadata }: Manifest, signed: readonly string[]): string | undefined {
  const isSigned = signed.includes(textAt(spec, ['project'])) && isRecord(valueAt(spec, ['source']));
  return isSigned ? `refs/tags/${approvalTag(metadata.name ?? '')}` : undefined;
}

/** The set's revision for Applications of other projects, the tag for those of signed ones. */
function templatedRevision({ spec }: Manifest, signed: readonly string[]): string | 'unreadable' | undefined {
  const template = valueAt(spec, ['template']);
  const source = valueAt(template, ['spec', 'source']);
  if (!isRecord(source)) return undefined;
  const project = textAt(template, ['spec', 'project']);
  const tag = `refs/tags/${approvalTag(textAt(template, ['metadata', 'name']))}`;
  if (!project.includes('{{')) return signed.includes(project) ? tag : undefined;
  const expression = valueAt(spec, ['goTemplate']) === true ? templateExpression(project) : undefined;
  if (expression === undefined) return 'unreadable';
  const [first = '', ...others] = signed.map((name) => `(eq ${expression} ${JSON.stringify(name)})`);
  const condition = others.length === 0 ? first : `or ${[first, ...others].join(' ')}`;
  return `{{ if ${condition} }}${tag}{{ else }}${textAt(source, ['targetRevision']) || 'HEAD'}{{ end }}`;
}

/** Leaves environments out of every git generator of every set. */
function leaveOut(found: RootOverrides, manifests: readonly Manifest[], paths: readonly string[]): void {
  if (paths.length === 0) return;
  for (const manifest of manifests) {
    if (manifest.kind !== 'ApplicationSet') continue;
    const lists = gitLists(valueAt(manifest.spec, ['generators']), '/spec/generators');
    const operations = lists.flatMap(({ pointer, isFiles }) =>
      paths.map((path): Operation => {
        return { op: 'add', path: `${pointer}/-`, value: { path: isFiles ? `${path}/**` : path, exclude: true } };
      }),
    );
    add(found, manifest, operations);
  }
  const names = paths.map((path) => path.slice(path.lastIndexOf('/') + 1));
  found.remarks.push(`left out by --env: ${names.join(', ')}`);
}

/** JSON pointers of the lists of paths in git generators, nested ones too. */
function gitLists(value: unknown, pointer: string): { pointer: string; isFiles: boolean }[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => gitLists(item, `${pointer}/${index}`));
  if (!isRecord(value)) return [];
  const { git } = value;
  const own = (['directories', 'files'] as const).flatMap((list) =>
    isRecord(git) && Array.isArray(git[list]) ? [{ pointer: `${pointer}/git/${list}`, isFiles: list === 'files' }] : [],
  );
  const nested = ['matrix', 'merge'].flatMap((kind) =>
    gitLists(valueAt(value, [kind, 'generators']), `${pointer}/${kind}/generators`),
  );
  return [...own, ...nested];
}

function textAt(value: unknown, path: readonly string[]): string {
  const text = valueAt(value, path);
  return typeof text === 'string' ? text : '';
}
