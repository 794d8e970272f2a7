import { isRecord } from '#core/json.ts';

/** What a push changed, whoever tells it. */
export interface PushEvent {
  /** Where people see the repository; several when the host has several names for it. */
  webUrls: readonly string[];
  /** Branch or tag, without `refs/heads/` and `refs/tags/`. */
  revision: string;
  /** Whether the default branch moved, as far as one can tell. */
  touchedHead: boolean;
  /** Empty when the host does not say. */
  changedFiles: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const map = (value: unknown): Json => (isRecord(value) ? value : {});
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const urls = (...values: unknown[]): string[] => values.map(text).filter((url) => url !== '');

/** The part of a ref after `refs/heads/` or `refs/tags/`: at most two leading parts are dropped. */
export function parseRef(ref: string): string {
  return ref
    .split('/')
    .slice(Math.min(2, ref.split('/').length - 1))
    .join('/');
}

/** GitHub, Gogs and Gitea. */
export function githubPush(payload: Json): PushEvent {
  const repository = map(payload.repository);
  const revision = parseRef(text(payload.ref));
  return {
    webUrls: urls(repository.html_url),
    revision,
    touchedHead: repository.default_branch === revision,
    changedFiles: changedFiles(payload),
  };
}

/** GitLab's push and tag events. */
export function gitlabPush(payload: Json): PushEvent {
  const project = map(payload.project);
  const revision = parseRef(text(payload.ref));
  return {
    webUrls: urls(project.web_url),
    revision,
    touchedHead: project.default_branch === revision,
    changedFiles: changedFiles(payload),
  };
}

/** Bitbucket does not say which branch is the default one; it is taken to have moved. */
export function bitbucketPush(payload: Json): PushEvent {
  const [change] = list(map(payload.push).changes);
  return {
    webUrls: urls(map(map(map(payload.repository).links).html).href),
    revision: text(map(change?.new).name),
    touchedHead: true,
    changedFiles: [],
  };
}

export function bitbucketServerPush(payload: Json): PushEvent {
  const clones = list(map(map(payload.repository).links).clone);
  const [change] = list(payload.changes);
  return {
    webUrls: urls(...clones.filter(({ name }) => name === 'http' || name === 'ssh').map(({ href }) => href)),
    revision: parseRef(text(map(change?.ref).id)),
    touchedHead: true,
    changedFiles: [],
  };
}

export function azurePush(payload: Json): PushEvent {
  const resource = map(payload.resource);
  const repository = map(resource.repository);
  const [update] = list(resource.refUpdates);
  return {
    webUrls: urls(repository.remoteUrl),
    revision: parseRef(text(update?.name)),
    touchedHead: update !== undefined && update.name === repository.defaultBranch,
    changedFiles: [],
  };
}

function changedFiles(payload: Json): string[] {
  return list(payload.commits).flatMap((commit) =>
    [commit.added, commit.modified, commit.removed].flatMap((files) =>
      Array.isArray(files) ? files.filter((file) => typeof file === 'string') : [],
    ),
  );
}
