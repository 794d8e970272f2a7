/**
 * The form in which repository URLs are compared (argo-cd.md §1.2, §11): the whole URL in lower case and trimmed, scp
 * form turned into a path, `.git` and `ssh://` dropped. Text that is no URL at all gives the empty string.
 */
export function normaliseRepoUrl(repoURL: string): string {
  let text = repoURL.trim().toLowerCase();
  const scp = /^(?:ssh:\/\/)?((?:[^@/:]+@)?[^/:]+):(?!\/\/)(?!\d+\/)(.+)$/.exec(text);
  if (scp !== null && !/^[a-z][a-z0-9+.-]*:\/\//.test(text.replace(/^ssh:\/\//, ''))) {
    text = `${scp[1]}/${(scp[2] as string).replace(/^\/+/, '')}`;
  }
  if (/\s/.test(text)) return '';
  return text.replace(/^ssh:\/\//, '').replace(/\.git$/, '');
}
