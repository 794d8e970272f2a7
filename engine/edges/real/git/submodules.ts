/** One entry of `.gitmodules`. */
export interface Submodule {
  name: string;
  url: string;
}

/** No repository declares that many; what is beyond is not read. */
const TEXT_CHARS_MAX = 256 * 1024;

/** `.gitmodules` by path. Entries with a path or name that leaves its place are left out. */
export function parseSubmodules(text: string): Map<string, Submodule> {
  const byPath = new Map<string, Submodule>();
  for (const section of text
    .slice(0, TEXT_CHARS_MAX)
    .split(/^[ \t]*\[submodule[ \t]+/m)
    .slice(1)) {
    const name = /^"((?:[^"\\]|\\.)*)"\]/.exec(section)?.[1];
    const value = (key: string) => new RegExp(`^[ \\t]*${key}[ \\t]*=(.*)$`, 'm').exec(section)?.[1]?.trim();
    const [path, url] = [value('path'), value('url')];
    if (name === undefined || path === undefined || url === undefined) continue;
    if ([name, path].some((text) => text.split('/').includes('..') || text.startsWith('/') || text.startsWith('-')))
      continue;
    byPath.set(path, { name, url });
  }
  return byPath;
}

/**
 * A submodule's URL, relative ones (`../library.git`) resolved against the repository's own. Undefined for what a commit
 * may not make this machine read: a local path, or `file://` in a repository that is not one itself.
 */
export function submoduleUrl(repoURL: string, url: string): string | undefined {
  if (/^\.\.?\//.test(url)) {
    let base = repoURL.replace(/\/+$/, '');
    let rest = url;
    for (let step = /^\.\.?\//.exec(rest); step !== null; step = /^\.\.?\//.exec(rest)) {
      rest = rest.slice(step[0].length);
      if (step[0] === '../') base = base.replace(/[/:][^/:]*$/, '');
    }
    return `${base}/${rest}`;
  }
  if (/^(https?|ssh):\/\//.test(url) || /^[\w.-]+@[\w.-]+:/.test(url)) return url;
  return url.startsWith('file://') && repoURL.startsWith('file://') ? url : undefined;
}
