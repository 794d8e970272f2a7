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

type SourceQuestion = Parameters<SourcePort['answer']>[0];
type CommitQuestion = Exclude<SourceQuestion, { ask: 'revision' }>;

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
  readonly #cache: RenderCache;
  readonly #binary: KustomizeBinary | undefined;

  /**
   * @param folders Repository URL → folder of a clone (work tree or bare).
   * @param binary Renders instead of `buildKustomize` when given.
   */
  constructor(folders: Readonly<Record<string, string>>, buildKustomize: KustomizeBuild, binary?: KustomizeBinary) {
    this.#binary = binary;
    for (const [repoURL, folder] of Object.entries(folders)) {
      this.#repositories.set(normaliseRepoUrl(repoURL), new LocalRepository(repoURL, folder));
    }
    this.#cache = new RenderCache(buildKustomize);
  }

  answer(question: SourceQuestion, respond: (answer: Answer) => void): () => void {
    const repository = this.#repositories.get(normaliseRepoUrl(question.repoURL));
    if (repository === undefined) return this.#unknown(question.repoURL, respond);
    if (question.ask === 'revision') return followRevision(repository, question.revision, respond);
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

  /** Ends watchers and git processes. */
  close(): void {
    for (const repository of this.#repositories.values()) repository.close();
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

function followRevision(repository: LocalRepository, revision: string, respond: (answer: Answer) => void): () => void {
  let asked = true;
  let latest = 0;
  const look = () => {
    const mine = ++latest;
    void repository
      .revision(revision)
      .then(
        (value): Answer => ({ ok: true, value }),
        (error: unknown): Answer => ({ ok: false, failure: failureOf(error) }),
      )
      .then((answer) => {
        if (asked && mine === latest) respond(answer);
      });
  };
  const end = repository.onRefChange(look);
  look();
  return () => {
    asked = false;
    end();
  };
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
