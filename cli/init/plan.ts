import { isMap, parseDocument } from 'yaml';
import { memoryFileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';
import { kustomizeLibrary } from '../../engine/stages/render/kustomize.ts';
import { CliError } from '../errors.ts';
import { editDocuments, isEmptyList, removeItems, textAt } from './documents.ts';
import { COMPONENTS, type Component, pruneComponents } from './prune.ts';
import { type Names, renamePath, renameText } from './rename.ts';

export interface InitRequest extends Names {
  components: readonly Component[];
  environments: readonly string[];
}

export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
const OVERLAYS = 'pern-gitops/apps/pern-app/overlays/';
/** What an environment that the tree does not have is a copy of. */
const COPIED = 'staging';

/** What is not given: the name of the folder, and for the rest what the remote `origin` tells. */
export function withDefaults(
  given: {
    name?: string;
    repoURL?: string;
    registry?: string;
    host?: string;
    components: readonly string[];
    environments: readonly string[];
  },
  around: { folder: string; remote: string | undefined },
): InitRequest {
  const remote = around.remote === undefined ? undefined : httpsUrl(around.remote);
  const path = remote === undefined ? undefined : new URL(remote).pathname.replace(/^\/|\.git$/g, '');
  const name = given.name ?? slug(path?.split('/').at(-1) ?? around.folder);
  const repoURL = given.repoURL ?? remote ?? `https://git.example.com/${name}/${name}.git`;
  const owner = path?.split('/')[0]?.toLowerCase() ?? name;
  const isGitHub = remote !== undefined && new URL(remote).hostname === 'github.com';
  const registry = given.registry ?? (isGitHub ? `ghcr.io/${owner}` : `registry.example.com/${owner}`);
  const request: InitRequest = {
    name,
    repoURL,
    registry: registry.replace(/\/+$/, ''),
    host: given.host ?? `${name}-{env}.localhost`,
    components: (given.components.length === 0 ? COMPONENTS : given.components) as readonly Component[],
    environments: given.environments.length === 0 ? ENVIRONMENTS : given.environments,
  };
  checkRequest(request);
  return request;
}

/** `git@host:owner/name.git` and `ssh://` as the address that Argo CD can read without a key. */
function httpsUrl(remote: string): string | undefined {
  const scp = /^(?:[^@/]+@)?([^:/]+):(?!\/\/)(.+)$/.exec(remote);
  const text =
    scp !== null && !remote.includes('://')
      ? `https://${scp[1]}/${scp[2]}`
      : remote.replace(/^(ssh|git):\/\/(?:[^@/]+@)?/, 'https://');
  if (!/^https?:\/\//.test(text)) return undefined;
  const url = new URL(text);
  url.username = '';
  url.password = '';
  return `${url.href.replace(/\.git$/, '').replace(/\/$/, '')}.git`;
}

function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '')
      .slice(0, 40) || 'app'
  );
}

function checkRequest({ name, repoURL, registry, host, components, environments }: InitRequest): void {
  const wrong = (what: string, fix: string) => new CliError({ what, fix });
  if (!/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name))
    throw wrong(`--name "${name}" cannot be part of a namespace`, 'use small letters, digits and "-", 40 at most');
  if (['backend', 'frontend', 'postgres', 'redis', 'migration', 'root'].includes(name))
    throw wrong(`--name "${name}" is the name of something in the tree`, 'name the application, not a part of it');
  if (!/^https?:\/\/\S+$|^ssh:\/\/\S+$|^git@\S+$/.test(repoURL))
    throw wrong(`--repo "${repoURL}" is not the address of a repository`, 'write https://HOST/OWNER/NAME.git');
  if (!/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*$/.test(registry))
    throw wrong(`--registry "${registry}" is not where images can be`, 'write HOST/OWNER, as in ghcr.io/example');
  if (!host.includes('{env}') && environments.length > 1)
    throw wrong(`--host "${host}" is the same for every environment`, 'put {env} into it, as in {env}.example.com');
  if (!/^[a-z0-9.-]+$/.test(host.replaceAll('{env}', 'env')))
    throw wrong(`--host "${host}" is not a host name`, 'write for example {env}.example.com');
  const unknown = components.find((component) => !COMPONENTS.includes(component));
  if (unknown !== undefined) throw wrong(`there is no component "${unknown}"`, `use any of: ${COMPONENTS.join(', ')}`);
  const needy = components.find((component) => component === 'database' || component === 'redis');
  if (needy !== undefined && !components.includes('backend'))
    throw wrong(`the component "${needy}" is used by nobody`, 'add --component backend');
  const bad = environments.find((environment) => !/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/.test(environment));
  if (bad !== undefined)
    throw wrong(`"${bad}" cannot name an environment`, 'use small letters, digits and "-", 20 at most');
}

/** The tree of another application: path → text, sorted by path. `template` is this repository's own, below pern-gitops/. */
export function planTree(template: ReadonlyMap<string, string>, request: InitRequest): Map<string, string> {
  const chosen = withoutUnusedComponents(template, chooseEnvironments(template, request.environments));
  const pruned = pruneComponents(chosen, request.components);
  const permitted = withoutUnused(pruned, request.environments);
  const renamed = [...permitted].map(([path, text]) => [renamePath(path, request), renameText(text, request)] as const);
  return new Map(renamed.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function chooseEnvironments(
  template: ReadonlyMap<string, string>,
  environments: readonly string[],
): Map<string, string> {
  const files = new Map<string, string>();
  for (const [path, text] of template) {
    const environment = path.startsWith(OVERLAYS) ? path.slice(OVERLAYS.length).split('/') : [];
    if (environment.length < 2 || environments.includes(environment[0] ?? '')) files.set(path, text);
  }
  for (const environment of environments) {
    if ((ENVIRONMENTS as readonly string[]).includes(environment)) continue;
    const source = `${OVERLAYS}${COPIED}/`;
    for (const [path, text] of template) {
      if (!path.startsWith(source)) continue;
      const own = text
        .replaceAll(`pern-app-${COPIED}`, `pern-app-${environment}`)
        .replaceAll(`ENVIRONMENT=${COPIED}`, `ENVIRONMENT=${environment}`);
      files.set(`${OVERLAYS}${environment}/${path.slice(source.length)}`, own);
    }
  }
  return environments.includes('production') ? files : withoutProduction(files);
}

/** Without production there is no project for it, nothing that opens its windows, and no step that waits. */
function withoutProduction(files: ReadonlyMap<string, string>): Map<string, string> {
  const kept = [...files].filter(([path]) => !path.startsWith('pern-gitops/projects/break-glass/'));
  return new Map(
    kept.map(([path, text]) => {
      if (!path.startsWith('pern-gitops/projects/') || !/\.ya?ml$/.test(path)) return [path, text];
      const edited = editDocuments(text, (document) => {
        const root = document.contents;
        if (textAt(root, 'kind') === 'AppProject' && textAt(root, 'metadata', 'name') === 'pern-app-production')
          return 'gone';
        const changed = removeItems(root, (item, list) => {
          if (list === 'steps') return isMap(item) && item.get('maxUpdate') === 0;
          const names = [textAt(item, 'namespace'), textAt(item, 'name')];
          return (
            /^(destinations|clusterResourceBlacklist)$/.test(list) &&
            names.some((name) => /pern-app-production$/.test(name))
          );
        });
        const spec = isMap(root) ? root.get('spec', true) : undefined;
        if (isMap(spec) && isEmptyList(spec, 'clusterResourceBlacklist')) spec.delete('clusterResourceBlacklist');
        return changed ? 'changed' : 'same';
      });
      return [path, edited ?? text];
    }),
  );
}

/** The projects' lists of kinds, without those that none of their environments deploys any more. */
function withoutUnused(files: ReadonlyMap<string, string>, environments: readonly string[]): Map<string, string> {
  const path = 'pern-gitops/projects/appproject.yaml';
  const text = files.get(path);
  if (text === undefined) return new Map(files);
  const system = memoryFileSystem(files);
  const kinds = new Set<string>();
  for (const environment of environments) {
    const project = textAt(
      parseDocument(files.get(`${OVERLAYS}${environment}/environment.yaml`) ?? '').contents,
      'project',
    );
    for (const { apiVersion, kind } of kustomizeLibrary(system, `${OVERLAYS}${environment}`, {}).manifests) {
      kinds.add(`${project}/${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${kind}`);
    }
  }
  const edited = editDocuments(text, (document) => {
    const project = textAt(document.contents, 'metadata', 'name');
    const isUnused = (item: unknown, list: string) =>
      list === 'namespaceResourceWhitelist' &&
      !kinds.has(`${project}/${textAt(item, 'group')}/${textAt(item, 'kind')}`);
    return removeItems(document.contents, isUnused) ? 'changed' : 'same';
  });
  return new Map(files).set(path, edited ?? text);
}

const COMPONENT_FOLDER = /^pern-gitops\/apps\/pern-app\/components\/([^/]+)\//;

/** Kustomize components go with the last environment that used them; those that nobody used before stay as choices. */
function withoutUnusedComponents(
  template: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, string>,
): Map<string, string> {
  const isUsed = (all: ReadonlyMap<string, string>, name: string) =>
    [...all].some(([path, text]) => path.startsWith(OVERLAYS) && text.includes(`../../components/${name}\n`));
  return new Map(
    [...files].filter(([path]) => {
      const name = COMPONENT_FOLDER.exec(path)?.[1];
      return name === undefined || isUsed(files, name) || !isUsed(template, name);
    }),
  );
}
