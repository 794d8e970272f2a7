import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Cancel, Scheduler } from '#core/clock.ts';
import type { Entropy } from '#core/entropy.ts';
import type { AnswerValues } from '#machine/questions.ts';
import { repositoryNotFound } from '../../../stages/commit/failures.ts';
import { LocalRepository } from './local-repository.ts';
import { redacted } from './redaction.ts';
import { initMirror, runRemoteGit } from './remote-git.ts';
import type { RepositoryAccess } from './repository-access.ts';

/** Argo CD's `timeout.reconciliation` and its jitter. */
const POLL_MS = 120_000;
const JITTER_MS = 60_000;

export interface RemoteParts {
  /** Where mirrors are kept. */
  folder: string;
  scheduler: Scheduler;
  entropy: Entropy;
  /** How to read the repository now. Throws for what is not reproduced. */
  access: (repoURL: string) => RepositoryAccess;
  pollMs?: number;
  jitterMs?: number;
}

/** True for URLs that a remote repository may have: http, https, ssh in both forms, and file. */
export function isRemoteUrl(repoURL: string): boolean {
  return /^(https?|ssh|file):\/\/\S+$/i.test(repoURL) || /^[\w.-]+@[\w.-]+:[^\s:][^\s]*$/.test(repoURL);
}

/**
 * A repository elsewhere, read through a bare mirror on this machine. While anybody follows a revision the remote's refs
 * are asked for every two to three minutes, or when a webhook says so, and what is new is fetched. While the remote cannot
 * be reached revisions fail, and commits that are here already can still be read.
 */
export class RemoteRepository extends LocalRepository {
  readonly #parts: RemoteParts;
  readonly #url: string;
  readonly #inUrl: Pick<RepositoryAccess, 'username' | 'password'>;
  #refs: string | undefined;
  #failure: string | undefined;
  #isKnown = false;
  #fetching: Promise<void> | undefined;
  #followers = 0;
  #nextPoll: Cancel | undefined;

  constructor(repoURL: string, parts: RemoteParts) {
    const { url, ...inUrl } = splitCredentials(repoURL);
    super(url, join(parts.folder, createHash('sha256').update(url).digest('hex').slice(0, 20)));
    this.#parts = parts;
    this.#url = url;
    this.#inUrl = inUrl;
  }

  override async revision(revision: string): Promise<AnswerValues['revision']> {
    await this.ready();
    // Who is told to look again wants to know what that look finds.
    await this.#fetching;
    if (this.#failure !== undefined) throw this.#unreachable();
    try {
      return await super.revision(revision);
    } catch (error) {
      if (!/^[0-9a-f]{40}$/.test(revision)) throw error;
      await this.#fetchCommit(revision);
      return super.revision(revision);
    }
  }

  override onRefChange(listener: () => void): () => void {
    this.#followers++;
    this.#schedulePoll();
    const end = super.onRefChange(listener);
    return () => {
      end();
      if (--this.#followers === 0) this.#stopPolling();
    };
  }

  override refresh(): void {
    // A look that is under way may have seen the refs before they moved.
    const looked = this.#fetching === undefined ? this.#fetch() : this.#fetching.then(() => this.#fetch());
    void looked.then(() => this.announce());
  }

  override close(): void {
    this.#stopPolling();
    super.close();
  }

  protected override async ready(): Promise<void> {
    if (!this.#isKnown) await this.#fetch();
    if (!this.#isKnown && !existsSync(join(this.folder, 'HEAD'))) throw this.#unreachable();
  }

  #unreachable() {
    const fix = 'see the URL, the network, and the Secret labelled argocd.argoproj.io/secret-type: repository';
    return repositoryNotFound(this.repoURL, this.#failure ?? 'it has not been fetched', fix);
  }

  /** One look at the remote; who asks meanwhile waits for the same one. A failure is kept, not thrown. */
  #fetch(): Promise<void> {
    this.#fetching ??= this.#look().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #look(): Promise<void> {
    try {
      const access = this.#access();
      if (!existsSync(join(this.folder, 'HEAD'))) await initMirror(this.folder);
      const refs = await runRemoteGit(this.folder, ['ls-remote', '--symref', '--', this.#url], access);
      if (refs !== this.#refs) await this.#fetchAll(refs, access);
      this.#refs = refs;
      this.#isKnown = true;
      this.#failure = undefined;
    } catch (error) {
      this.#failure = redacted((error as Error).message, []);
      // Once it has been asked, the next one to ask is the poll.
      this.#isKnown = existsSync(join(this.folder, 'HEAD'));
    }
  }

  async #fetchAll(refs: string, access: RepositoryAccess): Promise<void> {
    const depth = access.depth === undefined ? [] : ['--depth', String(access.depth)];
    const specs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
    const options = ['--quiet', '--prune', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];
    await runRemoteGit(this.folder, ['fetch', ...options, ...depth, '--', this.#url, ...specs], access);
    const head = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(refs)?.[1];
    if (head !== undefined) await runRemoteGit(this.folder, ['symbolic-ref', 'HEAD', head], access);
  }

  /** A commit that no branch or tag leads to any more: hosts give it to who knows its name. */
  async #fetchCommit(sha: string): Promise<void> {
    const options = ['--quiet', '--no-tags', '--no-write-fetch-head', '--depth', '1'];
    await runRemoteGit(this.folder, ['fetch', ...options, '--', this.#url, sha], this.#access()).catch(() => {});
  }

  #access(): RepositoryAccess {
    return { ...this.#inUrl, ...this.#parts.access(this.repoURL) };
  }

  #schedulePoll(): void {
    if (this.#nextPoll !== undefined || this.#followers === 0) return;
    const { scheduler, entropy, pollMs = POLL_MS, jitterMs = JITTER_MS } = this.#parts;
    const waitMs = pollMs + entropy.random('git poll jitter') * jitterMs;
    this.#nextPoll = scheduler.at(scheduler.now() + waitMs, () => {
      this.#nextPoll = undefined;
      void this.#fetch().then(() => {
        this.announce();
        this.#schedulePoll();
      });
    });
  }

  #stopPolling(): void {
    this.#nextPoll?.();
    this.#nextPoll = undefined;
  }
}

/** A URL without user and password, and those apart: arguments of processes are for everybody to read. */
function splitCredentials(repoURL: string): { url: string; username?: string; password?: string } {
  const match = /^(https?:\/\/)([^/@:]*)(?::([^/@]*))?@(.*)$/i.exec(repoURL);
  if (match === null) return { url: repoURL };
  const [, scheme, username = '', password, rest] = match;
  return {
    url: `${scheme}${rest}`,
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === undefined ? {} : { password: decodeURIComponent(password) }),
  };
}
