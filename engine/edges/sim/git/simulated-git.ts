import type { Scheduler } from '#core/clock.ts';
import { fnv1a32 } from '#core/json.ts';
import type { SourcePort } from '#edges/ports.ts';
import type { Answer, AnswerValues } from '#machine/questions.ts';
import { contentsOf, treeValue } from '../../../stages/commit/answers.ts';
import { commitNotFound, failureOf, repositoryNotFound, revisionNotFound } from '../../../stages/commit/failures.ts';
import { normaliseRepoUrl } from '../../../stages/commit/repo-url.ts';
import { type Snapshot, snapshotOf, type TreeEntry } from '../../../stages/commit/snapshot.ts';
import { changedFiles, isTouched } from '../../../stages/commit/tree-changes.ts';
import { highestTag } from '../../../stages/commit/version-constraint.ts';
import type { KustomizeBuild } from '../../../stages/render/kustomize.ts';
import { RenderCache } from '../../../stages/render/render-cache.ts';
import { type SignedCommit, type SimulatedSignature, type SimulatedTag, signaturesOf } from './simulated-signatures.ts';

type SourceQuestion = Parameters<SourcePort['answer']>[0];

interface SimulatedCommit extends SignedCommit {
  committedAtMs: number;
  files: ReadonlyMap<string, string>;
  snapshot: Snapshot;
}

interface Asked {
  question: SourceQuestion;
  respond: (answer: Answer) => void;
  /** The commit that a revision question was answered with last. */
  sha: string | undefined;
}

interface SimulatedRepository {
  url: string;
  commits: Map<string, SimulatedCommit>;
  /** Branch and tag names → sha. HEAD is the branch `main`. */
  refs: Map<string, string>;
  /** Tags with what they are besides a name; each is in `refs` too. */
  tags: Map<string, SimulatedTag>;
  /** Set while the repository cannot be reached. */
  outage: string | undefined;
}

/**
 * Repositories held in memory, with the questions and the renderer of the real ones. Moving a ref answers the
 * `revision` questions about it anew, at the same virtual time.
 */
export class SimulatedGit implements SourcePort {
  readonly #repositories = new Map<string, SimulatedRepository>();
  readonly #asked = new Set<Asked>();
  readonly #scheduler: Scheduler;
  readonly #cache: RenderCache;

  constructor(scheduler: Scheduler, buildKustomize: KustomizeBuild) {
    this.#scheduler = scheduler;
    this.#cache = new RenderCache(buildKustomize);
  }

  /**
   * Commits `changes` (path → content, null removes) on top of `branch` and moves the branch. The first commit makes the
   * repository. Returns the commit's sha, which depends on its parent, its message and its content only.
   */
  commit(
    repoURL: string,
    changes: Readonly<Record<string, string | null>>,
    message = 'change',
    options: { branch?: string; author?: string; signature?: SimulatedSignature } = {},
  ): string {
    const repository = this.#repositoryOrNew(repoURL);
    const branch = options.branch ?? 'main';
    const parent = repository.refs.get(branch) ?? repository.refs.get('main');
    const files = new Map(parent === undefined ? [] : repository.commits.get(parent)?.files);
    for (const path of Object.keys(changes).sort()) {
      const content = changes[path];
      if (content === null || content === undefined) files.delete(path);
      else files.set(path, content);
    }
    const signed = options.signature === undefined ? '' : `${JSON.stringify(options.signature)}\n`;
    const sha = shaOf(
      `${signed}${parent ?? ''}\n${message}\n${[...files].map((entry) => entry.join('\0')).join('\0')}`,
    );
    repository.commits.set(sha, {
      sha,
      parent,
      message,
      signature: options.signature,
      author: options.author ?? 'Simulated Author <author@example.com>',
      committedAtMs: this.#scheduler.now(),
      files,
      snapshot: snapshotOfFiles(files),
    });
    this.moveRef(repoURL, branch, sha);
    return sha;
  }

  /** Makes a tag, or moves it. One with a tagger is annotated, and may be signed. */
  tag(repoURL: string, name: string, sha: string, annotation: Partial<Omit<SimulatedTag, 'sha'>> = {}): void {
    this.#repositoryOrNew(repoURL).tags.set(name, { tagger: undefined, signature: undefined, ...annotation, sha });
    this.moveRef(repoURL, name, sha);
  }

  /** Points a branch or tag at a commit: a force-push, or a rollback. */
  moveRef(repoURL: string, ref: string, sha: string): void {
    const repository = this.#repositoryOrNew(repoURL);
    if (!repository.commits.has(sha)) throw commitNotFound(repoURL, sha);
    repository.refs.set(ref, sha);
    this.#announce(repository);
  }

  /** Makes the repository unreachable, with the reason that failures then give; undefined ends the outage. */
  setOutage(repoURL: string, reason: string | undefined): void {
    const repository = this.#repositoryOrNew(repoURL);
    repository.outage = reason;
    this.#announce(repository);
  }

  answer(question: SourceQuestion, respond: (answer: Answer) => void): () => void {
    const asked: Asked = { question, respond, sha: undefined };
    this.#asked.add(asked);
    this.#respondSoon(asked);
    return () => this.#asked.delete(asked);
  }

  /** Those whose rendering a commit changes hear of it first; those who named paths that it leaves alone, not at all. */
  #announce(repository: SimulatedRepository): void {
    const concerned = [...this.#asked].filter(
      ({ question }) => normaliseRepoUrl(question.repoURL) === normaliseRepoUrl(repository.url),
    );
    const isQuiet = (asked: Asked) => this.#isQuiet(repository, asked);
    const news = concerned.filter((asked) => !this.#isNoNews(repository, asked));
    for (const asked of news.filter((one) => !isQuiet(one))) this.#respondSoon(asked);
    for (const asked of news.filter(isQuiet)) this.#respondSoon(asked);
  }

  #isQuiet(repository: SimulatedRepository, { question, sha }: Asked): boolean {
    if (question.ask !== 'revision' || question.renders === undefined || sha === undefined) return false;
    const snapshot = commitOf(repository, question.revision)?.snapshot;
    return snapshot !== undefined && this.#cache.isUnchanged(repository.url, snapshot, question.renders);
  }

  #isNoNews(repository: SimulatedRepository, { question, sha }: Asked): boolean {
    if (question.ask !== 'revision' || question.paths === undefined || repository.outage !== undefined) return false;
    const [before, after] = [repository.commits.get(sha ?? ''), commitOf(repository, question.revision)];
    if (before === undefined || after === undefined) return false;
    return !isTouched(question.paths, changedFiles(before.snapshot, after.snapshot));
  }

  #respondSoon(asked: Asked): void {
    this.#scheduler.soon(() => {
      if (!this.#asked.has(asked)) return;
      const answer = this.#answerNow(asked.question);
      asked.sha = answer.ok && 'sha' in answer.value ? answer.value.sha : undefined;
      asked.respond(answer);
    });
  }

  #answerNow(question: SourceQuestion): Answer {
    try {
      const repository = this.#repositories.get(normaliseRepoUrl(question.repoURL));
      if (repository === undefined) {
        throw repositoryNotFound(question.repoURL, 'there is no such repository', 'commit to it first');
      }
      if (repository.outage !== undefined) {
        throw repositoryNotFound(question.repoURL, repository.outage, 'wait until the repository is back');
      }
      if (question.ask === 'revision') return { ok: true, value: revisionValue(repository, question) };
      const commit = repository.commits.get(question.sha);
      if (commit === undefined) throw commitNotFound(question.repoURL, question.sha);
      return this.#answerCommit(repository, commit, question);
    } catch (error) {
      return { ok: false, failure: failureOf(error) };
    }
  }

  #answerCommit(
    repository: SimulatedRepository,
    commit: SimulatedCommit,
    question: Exclude<SourceQuestion, { ask: 'revision' }>,
  ): Answer {
    switch (question.ask) {
      case 'signatures':
        return { ok: true, value: { signatures: signaturesOf(repository, question) } };
      case 'commit': {
        const { author, message, committedAtMs: authoredAtMs, sha } = commit;
        const tags = [...repository.refs]
          .filter(([name, at]) => at === sha && /^v?\d/.test(name))
          .map(([name]) => name);
        return { ok: true, value: { author, message, authoredAtMs, tags: tags.sort() } };
      }
      case 'tree':
        return { ok: true, value: treeValue(commit.snapshot) };
      case 'files':
        return { ok: true, value: { contents: contentsOf(question, (path) => commit.files.get(path)) } };
      case 'render': {
        const rendered = this.#cache.render(repository.url, commit.snapshot, question.source, (oid) => oid.slice(1));
        return 'answer' in rendered ? rendered.answer : { ok: false, failure: failureOf('content is missing') };
      }
    }
  }

  #repositoryOrNew(repoURL: string): SimulatedRepository {
    const key = normaliseRepoUrl(repoURL);
    const known = this.#repositories.get(key);
    if (known !== undefined) return known;
    const repository = { url: repoURL, commits: new Map(), refs: new Map(), tags: new Map(), outage: undefined };
    this.#repositories.set(key, repository);
    return repository;
  }
}

function commitOf(repository: SimulatedRepository, named: string): SimulatedCommit | undefined {
  const revision = highestTag(named, [...repository.refs.keys()]) ?? named;
  const wanted = revision === '' || revision === 'HEAD' ? 'main' : revision.replace(/^refs\/(heads|tags)\//, '');
  const sha =
    repository.refs.get(wanted) ??
    (/^[0-9a-f]{7,40}$/.test(wanted)
      ? [...repository.commits.keys()].find((key) => key.startsWith(wanted))
      : undefined);
  return sha === undefined ? undefined : repository.commits.get(sha);
}

function revisionValue(
  repository: SimulatedRepository,
  { revision, paths, since }: Extract<SourceQuestion, { ask: 'revision' }>,
): AnswerValues['revision'] {
  const commit = commitOf(repository, revision);
  if (commit === undefined) throw revisionNotFound(repository.url, revision);
  const { sha, message, author, committedAtMs } = commit;
  if (paths === undefined || since === undefined) return { sha, message, author, committedAtMs };
  const before = repository.commits.get(since);
  const changed = before === undefined ? undefined : changedFiles(before.snapshot, commit.snapshot);
  return { sha, message, author, committedAtMs, touched: isTouched(paths, changed) };
}

/** In memory the content is its own identity. */
function snapshotOfFiles(files: ReadonlyMap<string, string>): Snapshot {
  const entries = new Map<string, TreeEntry>();
  for (const [path, content] of files) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      entries.set(parts.slice(0, depth).join('/'), { type: 'directory', oid: 'directory', sizeBytes: 0 });
    }
    entries.set(path, { type: 'file', oid: `:${content}`, sizeBytes: content.length });
  }
  return snapshotOf(entries, new Map());
}

function shaOf(text: string): string {
  const part = (salt: number) => fnv1a32(`${salt}\n${text}`).toString(16).padStart(8, '0');
  return [1, 2, 3, 4, 5].map(part).join('');
}
