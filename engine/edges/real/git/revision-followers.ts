import type { Answer, AnswerValues, Question } from '#machine/questions.ts';
import { failureOf } from '../../../stages/commit/failures.ts';
import type { Snapshot } from '../../../stages/commit/snapshot.ts';
import { changedFiles, isTouched } from '../../../stages/commit/tree-changes.ts';
import type { LocalRepository } from './local-repository.ts';

type RevisionQuestion = Extract<Question, { ask: 'revision' }>;
type Revision = AnswerValues['revision'];

interface Follower {
  question: RevisionQuestion;
  respond: (answer: Answer) => void;
  /** The commit it was told last. */
  sha: string | undefined;
}

/** Whether a source comes out the same at a commit as it came out last. */
export type IsUnchanged = (snapshot: Snapshot, source: NonNullable<RevisionQuestion['renders']>) => boolean;

/** Those whom a commit does not concern hear of it in groups this big, this far apart: the others get the engine to themselves. */
const LATER_GROUP = 20;
const LATER_FIRST_MS = 60;
const LATER_EVERY_MS = 12;

/**
 * Who follows the refs of one repository. When refs move, each is looked up once, whoever many follow it; askers whose
 * rendering the commit changes are told at once, the others bit by bit, and those who named paths that it does not touch
 * are not told.
 */
export class RevisionFollowers {
  readonly #repository: LocalRepository;
  readonly #isUnchanged: IsUnchanged;
  readonly #followers = new Set<Follower>();
  #unwatch: (() => void) | undefined;
  /** Told later: follower → what it is told. */
  readonly #later = new Map<Follower, Answer>();
  #timer: NodeJS.Timeout | undefined;
  #round = 0;
  /** Look-ups under way by revision, shared by those who ask at the same time. */
  readonly #lookUps = new Map<string, Promise<Revision>>();

  constructor(repository: LocalRepository, isUnchanged: IsUnchanged) {
    this.#repository = repository;
    this.#isUnchanged = isUnchanged;
  }

  /** Answers the question now and whenever its ref moves, until the returned function is called. */
  follow(question: RevisionQuestion, respond: (answer: Answer) => void): () => void {
    const follower: Follower = { question, respond, sha: undefined };
    this.#followers.add(follower);
    this.#unwatch ??= this.#repository.onRefChange(() => void this.#refsMoved());
    void this.#first(follower);
    return () => {
      this.#followers.delete(follower);
      this.#later.delete(follower);
      if (this.#followers.size > 0) return;
      this.#unwatch?.();
      this.#unwatch = undefined;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  async #first(follower: Follower): Promise<void> {
    const { revision } = follower.question;
    try {
      const value = await this.#lookUp(revision);
      this.#tell(follower, await this.#withTouched(follower, value));
    } catch (error) {
      this.#fail(follower, error);
    }
  }

  async #withTouched({ question: { paths, since } }: Follower, value: Revision): Promise<Revision> {
    if (since === undefined || paths === undefined) return value;
    return { ...value, touched: isTouched(paths, await this.#changes(since, value.sha)) };
  }

  #lookUp(revision: string): Promise<Revision> {
    const known = this.#lookUps.get(revision);
    if (known !== undefined) return known;
    const looking = this.#repository.revision(revision).finally(() => this.#lookUps.delete(revision));
    this.#lookUps.set(revision, looking);
    return looking;
  }

  async #refsMoved(): Promise<void> {
    const round = ++this.#round;
    const byRevision = Map.groupBy(this.#followers, ({ question }) => question.revision);
    for (const [revision, followers] of byRevision) {
      try {
        const value = await this.#repository.revision(revision);
        const moved = followers.filter(({ sha }) => sha !== value.sha);
        if (moved.length > 0 && round === this.#round) await this.#announce(moved, value);
      } catch (error) {
        if (round === this.#round) for (const follower of followers) this.#fail(follower, error);
      }
    }
  }

  async #announce(moved: readonly Follower[], value: Revision): Promise<void> {
    const [only] = moved;
    if (moved.length === 1 && only?.question.paths === undefined) {
      this.#tell(only as Follower, value);
      return;
    }
    const snapshot = await this.#repository.snapshot(value.sha).catch(() => undefined);
    for (const follower of moved) {
      const { renders, paths } = follower.question;
      if (paths !== undefined && !(await this.#touches(follower, paths, value.sha))) continue;
      const isQuiet = renders !== undefined && snapshot !== undefined && this.#isUnchanged(snapshot, renders);
      if (isQuiet && follower.sha !== undefined) this.#tellLater(follower, { ok: true, value });
      else this.#tell(follower, await this.#withTouched(follower, value));
    }
  }

  async #touches({ sha }: Follower, paths: readonly string[], to: string): Promise<boolean> {
    return sha === undefined || isTouched(paths, await this.#changes(sha, to));
  }

  #lastChanges: { from: string; to: string; files: Promise<string[] | undefined> } | undefined;

  /** Files changed between two commits; undefined when one is not there any more (after a force-push). */
  #changes(from: string, to: string): Promise<string[] | undefined> {
    const last = this.#lastChanges;
    if (last?.from === from && last.to === to) return last.files;
    const files = Promise.all([this.#repository.snapshot(from), this.#repository.snapshot(to)]).then(
      ([before, after]) => changedFiles(before, after),
      () => undefined,
    );
    this.#lastChanges = { from, to, files };
    return files;
  }

  #tell(follower: Follower, value: Revision): void {
    if (!this.#followers.has(follower)) return;
    follower.sha = value.sha;
    this.#later.delete(follower);
    follower.respond({ ok: true, value });
  }

  #fail(follower: Follower, error: unknown): void {
    if (!this.#followers.has(follower)) return;
    follower.sha = undefined;
    this.#later.delete(follower);
    follower.respond({ ok: false, failure: failureOf(error) });
  }

  #tellLater(follower: Follower, answer: Answer & { ok: true }): void {
    this.#later.set(follower, answer);
    this.#timer ??= setTimeout(() => this.#tellSome(), LATER_FIRST_MS);
  }

  #tellSome(): void {
    this.#timer = undefined;
    const some = [...this.#later].slice(0, LATER_GROUP);
    for (const [follower, answer] of some) {
      if (answer.ok) this.#tell(follower, answer.value as Revision);
    }
    if (this.#later.size > 0) this.#timer = setTimeout(() => this.#tellSome(), LATER_EVERY_MS);
  }
}
