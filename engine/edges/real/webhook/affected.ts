import { filesHaveChanged, refreshPaths } from '../../../stages/commit/changed-paths.ts';
import { parseConstraint, parseVersion, satisfies } from '../../../stages/commit/version-constraint.ts';
import { type PushEvent, parseRef } from './push-event.ts';

/** What of an Application decides whether a push concerns it. */
export interface Follower {
  metadata: { annotations?: Record<string, string> };
  spec: { source?: FollowedSource; sources?: readonly FollowedSource[] };
}

export interface FollowedSource {
  repoURL?: string;
  targetRevision?: string;
  path?: string;
}

/** Sources of an Application that follow what was pushed and whose files may have changed (argo-cd.md §6.1). */
export function affectedSources({ metadata, spec }: Follower, event: PushEvent): FollowedSource[] {
  const patterns = event.webUrls.map(repositoryPattern).filter((pattern) => pattern !== undefined);
  const sources = spec.sources ?? (spec.source === undefined ? [] : [spec.source]);
  return sources.filter(
    (source) =>
      revisionHasChanged(source.targetRevision ?? '', event.revision, event.touchedHead) &&
      patterns.some((pattern) => pattern.test(source.repoURL ?? '')) &&
      filesHaveChanged(refreshPaths(metadata.annotations, source.path ?? ''), event.changedFiles),
  );
}

/** Whether a source at `targetRevision` follows a push to `revision`. */
export function revisionHasChanged(targetRevision: string, revision: string, touchedHead: boolean): boolean {
  const target = parseRef(targetRevision);
  if (target === 'HEAD' || target === '') return touchedHead;
  const isFull = targetRevision.startsWith('refs/heads/') || targetRevision.startsWith('refs/tags/');
  return sameRevision(revision, isFull ? target : targetRevision);
}

function sameRevision(revision: string, target: string): boolean {
  if (revision === target) return true;
  const constraint = parseConstraint(target);
  const version = parseVersion(revision);
  return constraint !== undefined && version !== undefined && satisfies(constraint, version);
}

/**
 * Repository URLs that mean the repository of a web page: protocol, user, an `ssh.` or `altssh.` host, port and `.git`
 * may differ, and so may upper and lower case.
 */
export function repositoryPattern(webUrl: string): RegExp | undefined {
  let url: URL;
  try {
    url = new URL(webUrl);
  } catch {
    return undefined;
  }
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, (char) => `\\${char}`);
  const user = '[\\w.][\\w.-]{0,30}[\\w.$-]?';
  const [host, path] = [escaped(url.hostname), escaped(url.pathname.replace(/^\//, ''))];
  return new RegExp(`^((https?|ssh):\\/\\/)?(${user}@)?((alt)?ssh\\.)?${host}(:\\d+)?[:/]${path}(\\.git)?$`, 'i');
}
