import type { KubeObject } from '#kube/object.ts';
import type { Failure } from '#machine/questions.ts';
import type { Reader } from '#store/store.ts';
import { integrityDemand, KEYRING_NAME, keyringOf, signatureProblems } from '../app-project/source-integrity.ts';
import type { Ask } from './desired.ts';
import type { SourceSet } from './sources.ts';
import type { CheckedSpec } from './spec.ts';

/** What verification says about one source at one commit; the one place where an unverified commit is refused. */
export type Verification =
  | { state: 'pending' }
  | { state: 'failed'; failure: Failure }
  /** `problems` is empty for a commit that may be deployed. */
  | { state: 'done'; problems: readonly string[] };

const VERIFIED: Verification = { state: 'done', problems: [] };

/**
 * Whether the project permits this commit of the source (argo-cd.md §1.9). A revision that names a tag is verified by the
 * tag for as long as the tag points at this very commit.
 */
export function verifySource(
  around: { checked: Pick<CheckedSpec, 'project'>; objects: Reader; config: { controlPlaneNamespace: string } },
  { sources }: SourceSet,
  index: number,
  { revision, sha }: { revision: string; sha: string },
  ask: Ask,
): Verification {
  const { repoURL = '', targetRevision = '', name } = sources[index] ?? {};
  const demand = integrityDemand(around.checked.project, repoURL);
  if (demand.demand === 'none') return VERIFIED;
  if (demand.demand === 'invalid') {
    const fix = "put the AppProject's spec.sourceIntegrity right; nothing is deployed until then";
    return { state: 'failed', failure: { code: 'InvalidSourceIntegrity', message: demand.error, fix } };
  }
  const configMap = around.objects.get('ConfigMap', around.config.controlPlaneNamespace, KEYRING_NAME);
  const answer = ask({
    ask: 'signatures',
    repoURL,
    revision: revision === sha ? targetRevision : revision,
    sha,
    history: demand.history,
    keyring: keyringOf(configMap as KubeObject | undefined),
  });
  if (answer === undefined) return { state: 'pending' };
  if (!answer.ok) return { state: 'failed', failure: answer.failure };
  const { signatures } = answer.value;
  // There is always one; without it nothing has been verified.
  if (signatures.length === 0) {
    const message = `git LsSignatures found no signatures for ${revision}`;
    return { state: 'failed', failure: { code: 'NoSignatures', message } };
  }
  const problems = signatureProblems(demand, signatures);
  if (sources.length <= 1) return { state: 'done', problems };
  const prefix = name === undefined || name === '' ? `source ${index + 1} of ${sources.length}: ` : `source ${name}: `;
  return { state: 'done', problems: problems.map((text) => text.replace(/^GIT\/GPG: /, `GIT/GPG: ${prefix}`)) };
}

/** Manifests that come with a sync request are in no commit, so nobody has signed them (case cd/G17). */
export function localManifestsRefused(project: CheckedSpec['project'], { sources }: SourceSet): Failure | undefined {
  const isVerified = sources.some(({ repoURL = '' }) => integrityDemand(project, repoURL).demand !== 'none');
  if (!isVerified) return undefined;
  return { code: 'SourceIntegrity', message: 'Cannot use local manifests when source integrity is enforced' };
}

/** Problems as the condition shows them. */
export function integrityConditions(problems: readonly string[]): { type: string; message: string }[] {
  return problems.length === 0 ? [] : [{ type: 'ComparisonError', message: problems.join('\n') }];
}
