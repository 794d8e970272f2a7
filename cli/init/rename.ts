/** Where the other application lives. */
export interface Names {
  /** Of the Applications, namespaces and labels: `shop`. */
  name: string;
  repoURL: string;
  /** Of the images, without a slash at the end. */
  registry: string;
  /** Host of an environment; `{env}` stands for its name. */
  host: string;
}

const DECISIONS = 'https://github.com/pern-gitops/pern-gitops/blob/main/docs/decisions/';

/** Everything in the tree that is ours, longest first: repository, registry, hosts, pages of this project, names. */
const OURS = new RegExp(
  [
    String.raw`https://github\.com/pern-gitops/pern-gitops\.git`,
    String.raw`ghcr\.io/pern-gitops`,
    String.raw`pern-app(?:-([a-z0-9-]+))?\.localhost`,
    String.raw`(?<![\w/.-])docs/decisions/`,
    'pern_app',
    'pern-platform',
    'pern-app',
  ].join('|'),
  'g',
);

/** A text of the tree in the other application's names. */
export function renameText(text: string, { name, repoURL, registry, host }: Names): string {
  return text.replace(OURS, (found, environment?: string) => {
    if (found.startsWith('https:')) return repoURL;
    if (found.startsWith('ghcr.io')) return registry;
    if (found.endsWith('.localhost')) return hostOf(host, environment ?? '');
    if (found === 'docs/decisions/') return DECISIONS;
    if (found === 'pern_app') return name.replaceAll('-', '_');
    return found === 'pern-platform' ? `${name}-platform` : name;
  });
}

/** Without an environment, as in the base, what every overlay replaces. */
function hostOf(pattern: string, environment: string): string {
  if (environment !== '') return pattern.replaceAll('{env}', environment);
  return pattern.replaceAll(/-?\{env\}[.-]?/g, '').replace(/^\.|\.$/g, '') || 'localhost';
}

export function renamePath(path: string, { name }: Pick<Names, 'name'>): string {
  return path.replace('/apps/pern-app/', `/apps/${name}/`);
}
