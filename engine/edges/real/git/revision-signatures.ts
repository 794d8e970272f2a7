import type { RevisionSignature, SignatureRequest, SignatureResult } from '#machine/signatures.ts';
import { SourceError } from '../../../stages/commit/failures.ts';
import { highestTag, isConstraint } from '../../../stages/commit/version-constraint.ts';
import type { Printed } from './signature-process.ts';

/** What `%G?` of git's pretty formats means. */
const BY_LETTER: Readonly<Record<string, SignatureResult>> = {
  G: 'signed',
  B: 'bad signature',
  U: 'signed with untrusted key',
  X: 'expired signature',
  Y: 'signed with expired key',
  R: 'signed with revoked key',
  E: 'signed with key not in keyring',
  N: 'unsigned',
};

const BY_STATUS: Readonly<Record<string, SignatureResult>> = {
  GOODSIG: 'signed',
  BADSIG: 'bad signature',
  EXPSIG: 'expired signature',
  EXPKEYSIG: 'signed with expired key',
  REVKEYSIG: 'signed with revoked key',
  ERRSIG: 'signed with key not in keyring',
};

const COMMIT_FORMAT = '--pretty=format:%H%x00%G?%x00%GK%x00%an <%ae>';

/** An annotated tag, and the object it is now: the same name can become another. */
export interface AnnotatedTag {
  ref: string;
  oid: string;
}

/**
 * The signatures that decide about a revision (argo-cd.md §1.9): of the annotated tag, if the revision is one, else of
 * the commit; with `history` those of the tag and of all commits back to the first, or to signed seal commits.
 */
export async function listSignatures(
  git: Git,
  { sha, history }: Pick<SignatureRequest, 'sha' | 'history'>,
  tag: AnnotatedTag | undefined,
): Promise<RevisionSignature[]> {
  const signatures = tag === undefined ? [] : [await tagSignature(git, tag)];
  if (tag !== undefined && !history) return signatures;
  const limits = history ? await historyLimits(git, sha) : [sha, '-1', '--'];
  const listed = said(await git('rev-list', COMMIT_FORMAT, '--no-commit-header', ...limits));
  return [...signatures, ...listed.split('\n').flatMap((line) => (line === '' ? [] : [commitSignature(line)]))];
}

/** Runs git for signatures in one repository. */
export type Git = (...args: string[]) => Promise<Printed>;

/** The annotated tag that a revision names. Branches come before tags, as when the revision was resolved. */
export async function annotatedTag(
  git: Git,
  { revision, sha }: Pick<SignatureRequest, 'revision' | 'sha'>,
): Promise<AnnotatedTag | undefined> {
  const named = isConstraint(revision) ? await tagOf(git, revision) : revision;
  if (named === undefined || !isName(named)) return undefined;
  const name = named.replace(/^refs\/tags\//, '');
  const isFull = name !== named || named !== revision;
  if (!isFull && (await git('show-ref', '--verify', '--quiet', `refs/heads/${name}`)).exitCode === 0) return undefined;
  const ref = `refs/tags/${name}`;
  const listed = await git('for-each-ref', '--format=%(objecttype) %(objectname)', ref);
  const oid = /^tag ([0-9a-f]+)$/m.exec(listed.stdout)?.[1];
  if (oid === undefined) return undefined;
  const commit = await git('rev-parse', '--verify', '--quiet', `${oid}^{commit}`);
  return commit.stdout.trim() === sha ? { ref, oid } : undefined;
}

/** The tag that a version constraint stands for. */
async function tagOf(git: Git, constraint: string): Promise<string | undefined> {
  const listed = await git('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/tags');
  return highestTag(
    constraint,
    listed.stdout.split('\n').filter((tag) => tag !== ''),
  );
}

/** Whether a revision can name a tag, which can move; a sha cannot. */
export function isName(revision: string): boolean {
  return isConstraint(revision) || !/^(|HEAD|[0-9a-f]{40,64}|-.*|.*[\s~^:?*[\\].*)$/.test(revision);
}

async function tagSignature(git: Git, { ref, oid }: AnnotatedTag): Promise<RevisionSignature> {
  const revision = ref.replace('refs/tags/', '');
  const tagger = said(await git('for-each-ref', ref, '--format=%(taggername) %(taggeremail)'));
  const verified = await git('verify-tag', '--raw', oid);
  const status = /^\[GNUPG:\] (GOODSIG|BADSIG|EXPSIG|EXPKEYSIG|REVKEYSIG|ERRSIG) ([0-9A-F]+)\b/m.exec(verified.stderr);
  const result = BY_STATUS[status?.[1] ?? ''] ?? 'unsigned';
  return { revision, result, keyId: status?.[2]?.slice(-16) ?? '', identity: tagger.trim() };
}

/** Seal commits end the search only if they are correctly signed themselves. */
async function historyLimits(git: Git, sha: string): Promise<string[]> {
  if (said(await git('rev-parse', '--is-shallow-repository')).trim() === 'true') {
    throw new SourceError({
      code: 'HistoryIsShallow',
      message: 'the signatures of the whole history are asked for, and this clone does not have it',
      fix: 'fetch it with "git fetch --unshallow"',
    });
  }
  const format = ['--pretty=format:%G?,%H', '--no-commit-header'];
  const filter = ['--grep=Argocd-gpg-seal:', '--regexp-ignore-case'];
  const sealed = said(await git('rev-list', ...format, ...filter, sha, '--'));
  const seals = sealed.split('\n').flatMap((line) => (line.startsWith('G,') ? [line.slice(2)] : []));
  if (seals.length === 0) return [sha, '--'];
  if (seals[0] === sha) return [sha, '-1', '--'];
  return ['--boundary', sha, '--not', ...seals, '--'];
}

function commitSignature(line: string): RevisionSignature {
  // Boundary commits are marked with a dash.
  const [revision = '', letter = '', keyId = '', identity = ''] = line.replace(/^-/, '').split('\0');
  const result = BY_LETTER[letter];
  if (result === undefined) throw new Error(`unable to parse VerificationResult from '${letter}'`);
  return { revision, result, keyId: result === 'unsigned' ? '' : keyId, identity };
}

function said({ stdout, stderr, exitCode }: Printed): string {
  if (exitCode !== 0) throw new Error(stderr.trim().split('\n')[0] || `git ended with ${exitCode}`);
  return stdout;
}
