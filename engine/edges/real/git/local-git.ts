import type { SourcePort } from '#edges/ports.ts';
import type { Answer } from '#machine/questions.ts';
import { contentsOf, treeValue } from '../../../stages/commit/answers.ts';
import { failureOf, repositoryNotFound } from '../../../stages/commit/failures.ts';
import { normaliseRepoUrl } from '../../../stages/commit/repo-url.ts';
import { checkLinks, type Snapshot, snapshotFileSystem } from '../../../stages/commit/snapshot.ts';
import type { KustomizeBuild } from '../../../stages/render/kustomize.ts';
import { RenderCache } from '../../../stages/render/render-cache.ts';
import type { KustomizeBinary } from '../kustomize/kustomize-binary.ts';
import { LocalRepository } from './local-repository.ts';
import { RevisionFollowers } from './revision-followers.ts';
import { SignatureVerifier } from './signatures.ts';

type SourceQuestion = Parameters<SourcePort['answer']>[0];
type CommitQuestion = Exclude<SourceQuestion, { ask: 'revision' | 'signatures' }>;

/** Content of neighbours is loaded along when it is at most this big: a directory's files are mostly needed together. */
const PREFETCH_BYTES_MAX = 256 * 1024;
/** Rounds of loading before a rendering that always wants more is given up. */
const LOAD_ROUNDS_MAX = 500;

/**
 * Git repositories on this machine as the engine's source. A map says which folder stands in for which URL. Answers
 * about commits read the commit, never the work tree; `revision` is answered anew when the ref moves.
 */
export class LocalGit implements SourcePort {
  readonly #repositories = new Map<string, LocalRepository>();
  readonly #signatures = new SignatureVerifier();
  readonly #followers = new Map<LocalRepository, RevisionFollowers>();
  readonly #cache: RenderCache;
  readonly #binary: KustomizeBinary | undefined;
  readonly #openRemote: ((repoURL: string) => LocalRepository | undefined) | undefined;

  /**
   * @param folders Repository URL → folder of a clone (work tree or bare).
   * @param binary Renders instead of `buildKustomize` when given.
   * @param openRemote Makes a repository of a URL that no folder stands in for.
   */
  constructor(
    folders: Readonly<Record<string, string>>,
    buildKustomize: KustomizeBuild,
    binary?: KustomizeBinary,
    openRemote?: (repoURL: string) => LocalRepository | undefined,
  ) {
    this.#binary = binary;
    this.#openRemote = openRemote;
    for (const [repoURL, folder] of Object.entries(folders)) {
      this.#adopt(normaliseRepoUrl(repoURL), new LocalRepository(repoURL, folder));
    }
    this.#cache = new RenderCache(buildKustomize);
  }

  answer(question: SourceQuestion, respond: (answer: Answer) => void): () => void {
    const repository = this.repositoryOf(question.repoURL);
    if (repository === undefined) return this.#unknown(question.repoURL, respond);
    if (question.ask === 'revision') return this.#followersOf(repository).follow(question, respond);
    if (question.ask === 'signatures') return this.#signatures.answer(repository, question, respond);
    let asked = true;
    void this.#answerCommit(repository, question)
      .catch((error: unknown): Answer => ({ ok: false, failure: failureOf(error) }))
      .then((answer) => {
        if (asked) respond(answer);
      });
    return () => {
      asked = false;
    };
  }

  /** The repository behind a URL, opened when it is a remote one; undefined when nothing stands in for it. */
  repositoryOf(repoURL: string): LocalRepository | undefined {
    const key = normaliseRepoUrl(repoURL);
    const known = this.#repositories.get(key);
    if (known !== undefined) return known;
    const remote = this.#openRemote?.(repoURL);
    if (remote !== undefined) this.#adopt(key, remote);
    return remote;
  }

  #adopt(key: string, repository: LocalRepository): void {
    repository.findRepository = (url) => this.repositoryOf(url);
    this.#repositories.set(key, repository);
  }

  refresh(repoURL: string): void {
    this.#repositories.get(normaliseRepoUrl(repoURL))?.refresh();
  }

  /** Ends watchers and git processes. */
  close(): void {
    for (const repository of this.#repositories.values()) repository.close();
    this.#signatures.close();
  }

  #followersOf(repository: LocalRepository): RevisionFollowers {
    const known = this.#followers.get(repository);
    if (known !== undefined) return known;
    const followers = new RevisionFollowers(repository, (snapshot, source) =>
      this.#cache.isUnchanged(repository.folder, snapshot, source),
    );
    this.#followers.set(repository, followers);
    return followers;
  }

  #unknown(repoURL: string, respond: (answer: Answer) => void): () => void {
    const known = [...this.#repositories.values()].map((repository) => repository.repoURL).sort();
    const fix = `map the URL to a local clone; mapped are: ${known.join(', ') || 'none'}`;
    const failure = failureOf(repositoryNotFound(repoURL, 'no local repository stands in for it', fix));
    const timer = setImmediate(() => respond({ ok: false, failure }));
    return () => clearImmediate(timer);
  }

  async #answerCommit(repository: LocalRepository, question: CommitQuestion): Promise<Answer> {
    const snapshot = await repository.snapshot(question.sha);
    switch (question.ask) {
      case 'commit':
        return { ok: true, value: await repository.commit(question.sha) };
      case 'tree':
        return { ok: true, value: treeValue(snapshot) };
      case 'files':
        checkLinks(snapshot);
        return { ok: true, value: { contents: await readFiles(repository, snapshot, question) } };
      case 'render':
        checkLinks(snapshot);
        if (this.#binary !== undefined) return this.#binary.render(repository.folder, question.sha, question.source);
        return this.#render(repository, snapshot, question);
    }
  }

  /** Rendering is synchronous and content is loaded on demand: render, load what was missing, render again. */
  async #render(
    repository: LocalRepository,
    snapshot: Snapshot,
    question: Extract<SourceQuestion, { ask: 'render' }>,
  ): Promise<Answer> {
    for (let round = 0; round < LOAD_ROUNDS_MAX; round++) {
      const rendered = this.#cache.render(repository.folder, snapshot, question.source, (oid) =>
        repository.contentOf(oid),
      );
      if ('answer' in rendered) return rendered.answer;
      await repository.load(withNeighbours(snapshot, rendered.missing));
    }
    return { ok: false, failure: { code: 'SourceFailed', message: `${question.source.path}: too many files to read` } };
  }
}

async function readFiles(
  repository: LocalRepository,
  snapshot: Snapshot,
  question: Extract<SourceQuestion, { ask: 'files' }>,
): Promise<Record<string, string>> {
  const missing = new Set<string>();
  const files = snapshotFileSystem(snapshot, (oid) => repository.contentOf(oid), {
    onMissing: (oid) => missing.add(oid),
  });
  for (const path of question.paths) files.readFile(path);
  await repository.load(missing);
  return contentsOf(question, (path) => files.readFile(path));
}

function withNeighbours(snapshot: Snapshot, missing: ReadonlyMap<string, string>): Set<string> {
  const oids = new Set<string>(missing.keys());
  for (const path of missing.values()) {
    const slash = path.lastIndexOf('/');
    const directory = slash < 0 ? '' : path.slice(0, slash);
    for (const name of snapshot.children.get(directory) ?? []) {
      const entry = snapshot.entries.get(directory === '' ? name : `${directory}/${name}`);
      if (entry?.type === 'file' && entry.sizeBytes <= PREFETCH_BYTES_MAX) oids.add(entry.oid);
    }
  }
  return oids;
}
