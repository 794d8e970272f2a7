import type { RevisionSignature, SignatureRequest, SignatureResult } from '#machine/signatures.ts';

/** A signature as a fact of a modelled commit or tag: made with a key, and what gpg would say of it. */
export interface SimulatedSignature {
  keyId: string;
  /** `signed` when left out. A key that the asker's keyring lacks is found to be lacking whatever is said here. */
  result?: SignatureResult;
}

export interface SignedCommit {
  sha: string;
  parent: string | undefined;
  message: string;
  author: string;
  signature: SimulatedSignature | undefined;
}

export interface SimulatedTag {
  sha: string;
  /** Undefined for a lightweight tag, which is nothing but a name. */
  tagger: string | undefined;
  signature: SimulatedSignature | undefined;
}

/** The signatures that decide about a revision; the same rules as for real repositories (argo-cd.md §1.9). */
export function signaturesOf(
  repository: { commits: ReadonlyMap<string, SignedCommit>; tags: ReadonlyMap<string, SimulatedTag> },
  { revision, sha, history, keyring }: SignatureRequest,
): RevisionSignature[] {
  const name = revision.replace(/^refs\/tags\//, '');
  const tag = repository.tags.get(name);
  const found: RevisionSignature[] = [];
  if (tag?.tagger !== undefined && tag.sha === sha) {
    found.push(checked(name, tag.signature, tag.tagger, keyring));
    if (!history) return found;
  }
  for (let at: string | undefined = sha; at !== undefined; ) {
    const commit = repository.commits.get(at);
    if (commit === undefined) break;
    const verified = checked(commit.sha, commit.signature, commit.author, keyring);
    found.push(verified);
    const isSeal = /^argocd-gpg-seal:/im.test(commit.message) && verified.result === 'signed';
    at = history && !isSeal ? commit.parent : undefined;
  }
  return found;
}

function checked(
  revision: string,
  signature: SimulatedSignature | undefined,
  identity: string,
  keyring: Readonly<Record<string, string>>,
): RevisionSignature {
  if (signature === undefined) return { revision, result: 'unsigned', keyId: '', identity };
  const { keyId, result = 'signed' } = signature;
  const isKnown = keyring[keyId] !== undefined;
  return { revision, result: isKnown ? result : 'signed with key not in keyring', keyId, identity };
}
