/** What Argo CD's policies can speak about (argo-cd.md §1.7). */

export const ACTIONS = [
  'get',
  'create',
  'update',
  'delete',
  'sync',
  'rollback',
  'override',
  'action',
  'invoke',
] as const;

const CRUD = ['get', 'create', 'update', 'delete'] as const;

/** Resources, and the actions that mean something for each. */
export const RESOURCE_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  accounts: ['get', 'create', 'update', 'delete'],
  applications: ['get', 'create', 'update', 'delete', 'sync', 'rollback', 'action', 'override'],
  applicationsets: CRUD,
  certificates: CRUD,
  clusters: CRUD,
  exec: ['create'],
  extensions: ['invoke'],
  gpgkeys: ['get', 'create', 'delete'],
  logs: ['get'],
  projects: CRUD,
  repositories: CRUD,
  'write-repositories': CRUD,
};

/** Resources whose object begins with a project: `PROJECT/NAME`. */
export const PROJECT_SCOPED: ReadonlySet<string> = new Set([
  'applications',
  'applicationsets',
  'clusters',
  'exec',
  'logs',
  'repositories',
]);

/** Actions of applications that may name a resource inside of it: `delete/GROUP/KIND/NAMESPACE/NAME`. */
const WITH_PATH: ReadonlySet<string> = new Set(['action', 'update', 'delete']);

/** Short forms of the command line, as `argocd admin settings rbac can` has them. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  account: 'accounts',
  app: 'applications',
  application: 'applications',
  apps: 'applications',
  appset: 'applicationsets',
  applicationset: 'applicationsets',
  cert: 'certificates',
  certificate: 'certificates',
  certs: 'certificates',
  cluster: 'clusters',
  extension: 'extensions',
  gpgkey: 'gpgkeys',
  key: 'gpgkeys',
  log: 'logs',
  proj: 'projects',
  project: 'projects',
  projs: 'projects',
  repo: 'repositories',
  repository: 'repositories',
  repos: 'repositories',
};

export function resourceOf(name: string): string {
  return SHORT_NAMES[name] ?? name;
}

/** Undefined when the pair means something, else why not. */
export function pairProblem(resource: string, action: string): string | undefined {
  const actions = RESOURCE_ACTIONS[resource];
  if (actions === undefined) {
    return `'${resource}' is not a valid resource name; there are: ${Object.keys(RESOURCE_ACTIONS).join(', ')}`;
  }
  const slash = action.indexOf('/');
  const verb = slash < 0 ? action : action.slice(0, slash);
  const takesPath = resource === 'applications' && WITH_PATH.has(verb);
  if (actions.includes(verb) && (slash < 0 || takesPath)) return undefined;
  return `'${action}' is not a valid action for ${resource}; there are: ${actions.join(', ')}`;
}
