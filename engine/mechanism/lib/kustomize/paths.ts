/** Posix path arithmetic on paths relative to the root of a file system; the root itself is the empty string. */

/** `path` seen from `directory`, normalised; undefined when it leaves the root. */
export function resolvePath(directory: string, path: string): string | undefined {
  const parts = path.startsWith('/') ? [] : directory.split('/').filter((part) => part !== '');
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** True when `path` is `directory` itself or lies below it. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Recognises what kustomize would treat as a remote: a scheme, `git@`, a known host, or a `?ref=` query. */
export function isRemote(path: string): boolean {
  return (
    /^[a-z][a-z0-9+.-]*:\/\//i.test(path) ||
    /^(git::|git@|[\w.-]+@[\w.-]+:)/.test(path) ||
    /^(github\.com|gitlab\.com|bitbucket\.org)[/:]/.test(path) ||
    /[?&](ref|version|timeout|submodules)=/.test(path)
  );
}
