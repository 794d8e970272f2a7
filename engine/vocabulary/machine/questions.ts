import type { Manifest } from '#kube/object.ts';
import type { DeliveryReceipt, DeliveryRequest } from './notifications.ts';
import type { RevisionSignature, SignatureRequest } from './signatures.ts';

/**
 * What only the outside can answer. A plan asks (`{ effect: 'ask', question }`); the answer is part of a later
 * observation. Asking again keeps the answer; a plan that no longer asks gives it up. Answers may change while they are
 * asked for (a branch moves, an image appears): the asker is then planned again.
 */
export type Question =
  /** The commit a branch, tag or HEAD points to. Live: answered anew when it moves. */
  | ({ ask: 'revision'; repoURL: string; revision: string } & RevisionInterest)
  /** Directories and files of a commit, for generators. Paths are posix, relative to the repository's root. */
  | { ask: 'tree'; repoURL: string; sha: string }
  /** Contents of the named files of a commit. */
  | { ask: 'files'; repoURL: string; sha: string; paths: readonly string[] }
  | { ask: 'render'; repoURL: string; sha: string; source: RenderSource }
  /** Whether an image is in the store. Live: answered anew when the image appears or changes. */
  | { ask: 'image'; image: string }
  /** One metric query. `measurement` makes each measurement its own question, so that nothing is answered from memory. */
  | { ask: 'query'; measurement: string; request: MetricRequest }
  /** One HTTP request of a web metric; `measurement` as for queries. */
  | { ask: 'web'; measurement: string; request: WebRequest }
  /** Whether the API would take this object as a new one. The failure's message is the API's. */
  | { ask: 'admission'; manifest: Manifest }
  /** A password nobody has seen before. `request.id` makes each generation its own question. */
  | { ask: 'password'; request: PasswordRequest }
  /** What git knows of one commit. */
  | { ask: 'commit'; repoURL: string; sha: string }
  /** The OpenPGP signatures of a commit or annotated tag. Live: answered anew when keys expire. */
  | ({ ask: 'signatures' } & SignatureRequest)
  /** Sends one message. `delivery.id` makes each attempt its own question, so that asking again never sends twice. */
  | { ask: 'deliver'; delivery: DeliveryRequest };

/** What a move of a ref means to the asker, so that a commit is first heard by those whom it concerns. */
export interface RevisionInterest {
  /** What the asker renders of the commit: when that comes out the same, the answer may come a little later. */
  renders?: RenderSource;
  /** Paths and patterns from the root. A commit that changes none of them is no news at all, and is not answered. */
  paths?: readonly string[];
  /** With `paths`: answered at once, and the answer says in `touched` whether they changed since this commit. */
  since?: string;
}

export interface RenderSource {
  path: string;
  /** `spec.source.kustomize` of the Application, as it is. */
  kustomize?: unknown;
  /** `spec.source.directory` of the Application, as it is. */
  directory?: unknown;
}

export interface MetricRequest {
  provider: 'prometheus';
  address: string;
  query: string;
  timeoutMs?: number;
  headers?: readonly { key: string; value: string }[];
  range?: { startMs: number; endMs: number; stepMs: number };
  /** Asked of what this machine measures itself, whatever Prometheus stands behind other queries. */
  own?: boolean;
}

/** An HTTP request, its answer bounded in time and size. Redirects are followed. */
export interface WebRequest {
  method: 'GET' | 'POST' | 'PUT';
  url: string;
  headers?: readonly { key: string; value: string }[];
  body?: string;
  /** For the whole exchange. */
  timeoutMs: number;
  /** Accept any certificate. */
  insecure?: boolean;
  /** Get a token by client credentials first. */
  oauth2?: { tokenUrl: string; clientId: string; clientSecret: string; scopes: readonly string[] };
}

/** What a generated password must look like, with defaults resolved. */
export interface PasswordRequest {
  /** Names the generation, never the value: uid of the asker, place in its spec, time of the last refresh. */
  id: string;
  length: number;
  digits: number;
  symbols: number;
  symbolCharacters: string;
  noUpper: boolean;
  allowRepeat: boolean;
}

/** Where a text is wrong. Lines and columns count from 1. */
export interface Position {
  file: string;
  line?: number;
  column?: number;
}

export interface Failure {
  /** A stable word for programs: `RepositoryNotFound`, `RevisionNotFound`, `BuildFailed`, `ErrImagePull`, … */
  code: string;
  message: string;
  at?: Position;
  fix?: string;
}

export interface RenderedSource {
  sourceType: 'Kustomize' | 'Directory';
  manifests: readonly Manifest[];
  /** Where each manifest was read, index by index, when the renderer knows. */
  origins?: readonly Position[];
  warnings: readonly string[];
}

/** A value as the Prometheus HTTP API's `data` member shapes it. */
export interface MetricResult {
  resultType: 'vector' | 'scalar' | 'matrix' | 'string';
  result: unknown;
  warnings?: readonly string[];
}

export interface ImageFacts {
  /** Content identity, `sha256:…`. */
  imageId: string;
  /** User of the image config (`10001`, `999:999`, `root`), empty when not set. */
  user: string;
}

export interface AnswerValues {
  revision: { sha: string; message?: string; author?: string; committedAtMs?: number; touched?: boolean };
  tree: { directories: readonly string[]; files: readonly string[] };
  files: { contents: Readonly<Record<string, string>> };
  render: RenderedSource;
  image: ImageFacts;
  query: MetricResult;
  web: { status: number; body: string };
  admission: Record<string, never>;
  /** Never logged and never part of an event or a status. */
  password: { password: string };
  /** `author` as `Name <mail>`; tags that point at the commit, sorted. */
  commit: { author: string; authoredAtMs: number; message: string; tags: readonly string[] };
  deliver: DeliveryReceipt;
  /** Newest first; a tag before the commits. */
  signatures: { signatures: readonly RevisionSignature[] };
}

export type Answer<Q extends Question = Question> =
  | { ok: true; value: AnswerValues[Q['ask']] }
  | { ok: false; failure: Failure };
