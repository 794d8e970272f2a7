import { existsSync, type FSWatcher, statSync, watch } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AnswerValues } from '#machine/questions.ts';
import { commitNotFound, repositoryNotFound, revisionNotFound, SourceError } from '../../../stages/commit/failures.ts';
import { type Snapshot, snapshotOf, type TreeEntry } from '../../../stages/commit/snapshot.ts';
import { highestTag, isConstraint } from '../../../stages/commit/version-constraint.ts';
import { ObjectReader, runGit } from './object-reader.ts';
import { parseSubmodules, type Submodule, submoduleUrl } from './submodules.ts';

const SNAPSHOTS_MAX = 16;
const CONTENT_BYTES_MAX = 64 * 1024 * 1024;
/** Changes of refs come as several file events; they are answered together. */
const DEBOUNCE_MS = 5;
/** What the watchers miss (a network file system, a watch limit) is found by looking again this often. */
const SAFETY_POLL_MS = 2000;

/** A repository on this machine, work tree or bare, read through the git command. */
export class LocalRepository {
  readonly repoURL: string;
  readonly folder: string;
  readonly #reader: ObjectReader;
  readonly #snapshots = new Map<string, Promise<Snapshot>>();
  readonly #contents = new Map<string, string>();
  #contentBytes = 0;
  /** Content that is another repository's, by oid: files of submodules. */
  readonly #foreign = new Map<string, LocalRepository>();
  readonly #submodules = new Map<string, LocalRepository>();
  /** The repository behind a submodule's URL; set by whoever knows repositories. */
  findRepository: ((repoURL: string) => LocalRepository | undefined) | undefined;
  readonly #listeners = new Set<() => void>();
  #watchers: FSWatcher[] = [];
  #poll: NodeJS.Timeout | undefined;
  #pending: NodeJS.Timeout | undefined;

  constructor(repoURL: string, folder: string) {
    this.repoURL = repoURL;
    this.folder = resolve(folder);
    this.#reader = new ObjectReader(this.folder);
  }

  /** The commit a branch, tag, sha or HEAD stands for; heads come before tags (argo-cd.md §11.3). Throws SourceError. */
  async revision(revision: string): Promise<AnswerValues['revision']> {
    await this.ready();
    const tag = isConstraint(revision) ? highestTag(revision, await this.#tags()) : undefined;
    for (const name of candidates(tag ?? revision)) {
      const object = await this.#read(`${name}^{commit}`);
      if (object?.type === 'commit') return { sha: object.oid, ...parseCommit(object.content.toString()) };
    }
    throw revisionNotFound(this.repoURL, revision);
  }

  /** The whole tree of a commit. Throws SourceError. */
  async snapshot(sha: string): Promise<Snapshot> {
    await this.ready();
    const known = this.#snapshots.get(sha);
    if (known !== undefined) return known;
    const loading = this.#loadSnapshot(sha);
    this.#snapshots.set(sha, loading);
    loading.catch(() => this.#snapshots.delete(sha));
    const oldest = this.#snapshots.keys().next().value;
    if (this.#snapshots.size > SNAPSHOTS_MAX && oldest !== undefined) this.#snapshots.delete(oldest);
    return loading;
  }

  async #tags(): Promise<string[]> {
    return lines(await runGit(this.folder, ['tag', '--list']));
  }

  /** Author, message and tags of a commit. Throws SourceError. */
  async commit(sha: string): Promise<AnswerValues['commit']> {
    await this.ready();
    const object = /^[0-9a-f]{7,64}$/.test(sha) ? await this.#read(`${sha}^{commit}`) : undefined;
    if (object?.type !== 'commit') throw commitNotFound(this.repoURL, sha);
    const text = object.content.toString();
    const tags = await runGit(this.folder, ['tag', '--points-at', object.oid]);
    const authored = /^author .* (\d+) [+-]\d{4}$/m.exec(text)?.[1];
    return {
      author: parseCommit(text).author ?? '',
      authoredAtMs: Number(authored ?? 0) * 1000,
      message: parseCommit(text).message ?? '',
      tags: lines(tags),
    };
  }

  /** The text of content that has been loaded. */
  contentOf(oid: string): string | undefined {
    return this.#foreign.get(oid)?.contentOf(oid) ?? this.#contents.get(oid);
  }

  /** Loads content by oid. */
  async load(oids: Iterable<string>): Promise<void> {
    const own: string[] = [];
    const foreign = Map.groupBy(oids, (oid) => this.#foreign.get(oid));
    for (const [repository, theirs] of foreign) {
      if (repository === undefined) own.push(...theirs);
      else await repository.load(theirs);
    }
    const wanted = own.filter((oid) => !this.#contents.has(oid));
    const objects = await Promise.all(wanted.map((oid) => this.#read(oid)));
    for (const [index, object] of objects.entries()) {
      const oid = wanted[index] as string;
      if (object === undefined) {
        throw new SourceError({ code: 'ObjectNotFound', message: `repository ${this.repoURL} has no object ${oid}` });
      }
      this.#keep(oid, object.content);
    }
  }

  /** Calls `listener` soon after a branch, a tag or HEAD may have moved. Returns the end of the watch. */
  onRefChange(listener: () => void): () => void {
    if (this.#listeners.size === 0) this.#startWatching();
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stopWatching();
    };
  }

  close(): void {
    this.#listeners.clear();
    this.#stopWatching();
    this.#reader.close();
    for (const submodule of this.#submodules.values()) submodule.close();
  }

  async #read(name: string) {
    try {
      return await this.#reader.read(name);
    } catch (error) {
      throw repositoryNotFound(this.repoURL, (error as Error).message, `make ${this.folder} a git repository`);
    }
  }

  /** Looks for moved refs now. */
  refresh(): void {
    this.announce();
  }

  /** Resolves when the repository can be read. Throws SourceError. */
  protected async ready(): Promise<void> {
    if (existsSync(this.folder)) return;
    this.#reader.close();
    throw repositoryNotFound(
      this.repoURL,
      `the folder ${this.folder} that stands in for it does not exist`,
      'map the URL to a local clone',
    );
  }

  async #loadSnapshot(sha: string): Promise<Snapshot> {
    if (!/^[0-9a-f]{7,64}$/.test(sha) || (await this.#read(`${sha}^{tree}`)) === undefined) {
      throw commitNotFound(this.repoURL, sha);
    }
    const listing = await runGit(this.folder, ['ls-tree', '-r', '-t', '-z', '-l', '--full-tree', sha]);
    const entries = parseTree(listing.toString());
    const links = [...entries].filter(([, entry]) => entry.type === 'symlink');
    await this.load(links.map(([, entry]) => entry.oid));
    const targets = new Map(links.map(([path, { oid }]) => [path, this.#contents.get(oid) ?? '']));
    await this.#addSubmodules(entries, targets);
    return snapshotOf(entries, targets);
  }

  /**
   * Puts the trees of submodules in their places. One that cannot be read keeps its place as a submodule: who reads a
   * file of it is told.
   */
  async #addSubmodules(entries: Map<string, TreeEntry>, links: Map<string, string>): Promise<void> {
    const places = [...entries].filter(([, { type }]) => type === 'submodule');
    const declared = entries.get('.gitmodules');
    if (places.length === 0 || declared?.type !== 'file') return;
    await this.load([declared.oid]);
    const modules = parseSubmodules(this.contentOf(declared.oid) ?? '');
    for (const [path, { oid: sha }] of places) {
      const repository = this.#submodule(modules.get(path));
      const snapshot = await repository?.snapshot(sha).catch(() => undefined);
      if (repository === undefined || snapshot === undefined) continue;
      entries.set(path, { type: 'directory', oid: sha, sizeBytes: 0 });
      for (const [inner, entry] of snapshot.entries) {
        entries.set(`${path}/${inner}`, entry);
        if (entry.type === 'file' || entry.type === 'symlink') this.#foreign.set(entry.oid, repository);
      }
      for (const [inner, target] of snapshot.links) links.set(`${path}/${inner}`, target);
    }
  }

  /** A submodule's own clone beside this repository's, or whatever stands in for its URL. */
  #submodule(module: Submodule | undefined): LocalRepository | undefined {
    if (module === undefined) return undefined;
    const known = this.#submodules.get(module.name);
    if (known !== undefined) return known;
    const beside = [join(this.folder, '.git'), this.folder]
      .map((folder) => join(folder, 'modules', module.name))
      .find((folder) => existsSync(join(folder, 'HEAD')));
    const url = submoduleUrl(this.repoURL, module.url);
    const found = beside === undefined ? url && this.findRepository?.(url) : new LocalRepository(module.url, beside);
    if (!found) return undefined;
    this.#submodules.set(module.name, found);
    return found;
  }

  #keep(oid: string, content: Buffer): void {
    this.#contents.set(oid, content.toString());
    this.#contentBytes += content.length;
    for (const [oldest, text] of this.#contents) {
      if (this.#contentBytes <= CONTENT_BYTES_MAX || oldest === oid) break;
      this.#contents.delete(oldest);
      this.#contentBytes -= Buffer.byteLength(text);
    }
  }

  #startWatching(): void {
    this.#poll = setInterval(() => this.announce(), SAFETY_POLL_MS);
    this.#poll.unref();
    void this.#watchRefs();
  }

  async #watchRefs(): Promise<void> {
    try {
      const text = await runGit(this.folder, ['rev-parse', '--absolute-git-dir', '--git-common-dir']);
      const [gitDir = '', common = ''] = text.toString().trim().split('\n');
      const commonDir = resolve(this.folder, common);
      if (this.#poll === undefined) return;
      for (const folder of new Set([gitDir, commonDir, join(gitDir, 'logs')])) this.#watch(folder, false);
      for (const folder of ['refs', 'reftable']) this.#watch(join(commonDir, folder), true);
      this.#changed();
    } catch {
      // Not a repository (yet): the poll looks again.
    }
  }

  #watch(folder: string, recursive: boolean): void {
    if (!existsSync(folder) || !statSync(folder).isDirectory()) return;
    try {
      const watcher = watch(folder, { recursive, persistent: false }, () => this.#changed());
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // No more watches to be had: the poll is enough to be right, only slower.
    }
  }

  #stopWatching(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#pending);
    this.#poll = undefined;
    this.#pending = undefined;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #changed(): void {
    if (this.#pending !== undefined || this.#poll === undefined) return;
    this.#pending = setTimeout(() => {
      this.#pending = undefined;
      this.announce();
    }, DEBOUNCE_MS);
  }

  protected announce(): void {
    if (this.#watchers.length === 0 && this.#pending === undefined && existsSync(this.folder)) void this.#watchRefs();
    for (const listener of [...this.#listeners]) listener();
  }
}

function lines(output: Buffer): string[] {
  return output
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}

/** The names to try for a revision, in order. A remote-tracking branch stands in for a branch that was never checked out. */
function candidates(revision: string): string[] {
  if (revision === '' || revision === 'HEAD') return ['HEAD'];
  if (/[\s~^:?*[\\]|\.\.|@\{/.test(revision) || revision.startsWith('-')) return [];
  const names = [`refs/heads/${revision}`, `refs/tags/${revision}`, `refs/remotes/origin/${revision}`];
  if (revision.startsWith('refs/')) names.unshift(revision);
  if (/^[0-9a-f]{7,64}$/.test(revision)) return revision.length >= 40 ? [revision] : [...names, revision];
  return names;
}

function parseCommit(text: string): Omit<AnswerValues['revision'], 'sha'> {
  const blank = text.indexOf('\n\n');
  const headers = text.slice(0, blank < 0 ? undefined : blank);
  const author = /^author (.*) \d+ [+-]\d{4}$/m.exec(headers)?.[1];
  const committed = /^committer .* (\d+) [+-]\d{4}$/m.exec(headers)?.[1];
  return {
    message: blank < 0 ? '' : text.slice(blank + 2).trimEnd(),
    ...(author === undefined ? {} : { author }),
    ...(committed === undefined ? {} : { committedAtMs: Number(committed) * 1000 }),
  };
}

const ENTRY_TYPES: Readonly<Record<string, TreeEntry['type']>> = {
  '040000': 'directory',
  '120000': 'symlink',
  '160000': 'submodule',
};

function parseTree(listing: string): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (const line of listing.split('\0')) {
    const match = /^(\d{6}) \w+ ([0-9a-f]+) +(-|\d+)\t([\s\S]+)$/.exec(line);
    if (match === null) continue;
    const [, mode, oid, size, path] = match as unknown as [string, string, string, string, string];
    entries.set(path, { type: ENTRY_TYPES[mode] ?? 'file', oid, sizeBytes: size === '-' ? 0 : Number(size) });
  }
  return entries;
}
