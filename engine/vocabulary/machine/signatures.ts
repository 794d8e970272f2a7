/** How the check of one signature came out, in the words of Argo CD (argo-cd.md §1.9). */
export type SignatureResult =
  | 'signed'
  | 'bad signature'
  | 'signed with untrusted key'
  | 'expired signature'
  | 'signed with expired key'
  | 'signed with revoked key'
  | 'signed with key not in keyring'
  | 'unsigned';

export interface RevisionSignature {
  /** The sha of a commit, or the name of an annotated tag. */
  revision: string;
  result: SignatureResult;
  /** 16 hexadecimal digits; empty for `unsigned`, and for signatures that are not OpenPGP's. */
  keyId: string;
  /** Author of the commit or tagger of the tag, as `Name <mail>`. */
  identity: string;
}

/** Which signatures of a revision are asked for. */
export interface SignatureRequest {
  repoURL: string;
  /** As it was asked for: an annotated tag is verified instead of its commit. */
  revision: string;
  /** The commit it stands for. */
  sha: string;
  /** Also all ancestors, back to the first commit or to seal commits (trailer `Argocd-gpg-seal:`) that are signed. */
  history: boolean;
  /** Public keys: key id → armoured text. An entry that holds another key, or none, is left out. */
  keyring: Readonly<Record<string, string>>;
}
