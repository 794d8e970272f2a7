import type { KubeObject } from '#kube/object.ts';
import type { RevisionSignature } from '#machine/signatures.ts';
import { compileGlob } from '../../render/glob.ts';
import type { ProjectSpec } from './permissions.ts';

/** One of `spec.sourceIntegrity.git.policies`. */
interface GitPolicy {
  repos?: readonly { url?: string }[];
  gpg?: { mode?: string; keys?: readonly string[] } | null;
}

interface SourceIntegrity {
  git?: { policies?: readonly GitPolicy[] } | null;
}

/** Whose signatures a repository's revisions need. */
export interface SignaturePolicy {
  /** All commits back to the first, or to a signed seal commit; otherwise the tag or the one commit. */
  history: boolean;
  /** Key ids or fingerprints as the project writes them. */
  keys: readonly string[];
}

/** What a project asks for: nothing, signatures, or something that cannot be fulfilled and therefore refuses everything. */
export type IntegrityDemand =
  | { demand: 'none' }
  | ({ demand: 'signatures' } & SignaturePolicy)
  | { demand: 'invalid'; error: string };

const NONE: IntegrityDemand = { demand: 'none' };

/** `spec.sourceIntegrity`, or what the older `spec.signatureKeys` mean in its words (cases cd/G12, cd/G13). */
export function effectiveSourceIntegrity({ signatureKeys, sourceIntegrity }: ProjectSpec): SourceIntegrity | undefined {
  const current = (sourceIntegrity ?? undefined) as SourceIntegrity | undefined;
  const keys = ((signatureKeys ?? []) as readonly { keyID?: string }[]).map(({ keyID = '' }) => keyID);
  if (keys.length === 0 || (current?.git ?? undefined) !== undefined) return current;
  return { ...current, git: { policies: [{ repos: [{ url: '*' }], gpg: { mode: 'head', keys } }] } };
}

/**
 * What a project asks of a repository's revisions (argo-cd.md §1.9, cases cd/G01-G05). Several policies for one
 * repository refuse everything until the project is put right.
 */
export function integrityDemand(spec: ProjectSpec, repoURL: string): IntegrityDemand {
  const policies = (effectiveSourceIntegrity(spec)?.git?.policies ?? []).filter((policy) => isAbout(policy, repoURL));
  if (policies.length > 1) {
    const error = `multiple (${policies.length}) git source integrity policies found for repo URL: ${repoURL}`;
    return { demand: 'invalid', error };
  }
  const { mode = '', keys = [] } = policies[0]?.gpg ?? { mode: 'none' };
  if (mode === 'none') return NONE;
  if (mode === 'head' || mode === 'strict') return { demand: 'signatures', history: mode === 'strict', keys };
  const quoted = JSON.stringify(mode);
  return { demand: 'invalid', error: `unknown GPG mode ${quoted} configured for GIT source integrity` };
}

function isAbout({ repos = [] }: GitPolicy, repoURL: string): boolean {
  const matches = (pattern: string) => compileGlob(pattern)(repoURL);
  const urls = repos.map(({ url = '' }) => url);
  if (urls.some((url) => url.startsWith('!') && matches(url.slice(1)))) return false;
  return urls.some((url) => !url.startsWith('!') && matches(url));
}

const PROBLEMS_MAX = 10;

/**
 * Why signatures do not satisfy a policy, in the words of Argo CD; empty when they do (cases cd/G06-G11). At most ten,
 * one for each key, but each unsigned commit and each tag has its own.
 */
export function signatureProblems({ keys }: SignaturePolicy, signatures: readonly RevisionSignature[]): string[] {
  const problems: string[] = [];
  const reported = new Set<string>();
  const allowed = new Set(keys.map(shortKeyId).filter((id) => id !== undefined));
  for (const signature of signatures) {
    const { revision, result, keyId, identity } = signature;
    if (result === 'signed' && allowed.has(keyId)) continue;
    if (keyId !== '' && /^[0-9a-f]{40}$/.test(revision)) {
      if (reported.has(keyId)) continue;
      reported.add(keyId);
    }
    const verdict = result === 'signed' ? 'signed with unallowed key' : result;
    problems.push(`GIT/GPG: Failed verifying revision ${revision} by '${identity}': ${verdict} (key_id=${keyId})`);
    if (problems.length >= PROBLEMS_MAX) break;
  }
  return problems;
}

/** The last 16 digits of a fingerprint, or a key id as it is; undefined when it is neither. Case counts, as upstream. */
export function shortKeyId(key: string): string | undefined {
  if (/^[0-9a-fA-F]{40}$/.test(key)) return key.slice(24);
  return /^[0-9a-fA-F]{16}$/.test(key) ? key : undefined;
}

/** The ConfigMap that holds the public keys: key id → armoured text. */
export const KEYRING_NAME = 'argocd-gpg-keys-cm';

export function keyringOf(configMap: KubeObject | undefined): Readonly<Record<string, string>> {
  return (configMap?.data ?? {}) as Readonly<Record<string, string>>;
}
