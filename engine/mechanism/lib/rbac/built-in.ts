import type { PolicyRule } from './policy.ts';
import { parsePolicy } from './policy.ts';

const READABLE = [
  'applications',
  'applicationsets',
  'certificates',
  'clusters',
  'repositories',
  'write-repositories',
  'projects',
  'accounts',
  'gpgkeys',
  'logs',
];

/** What an administrator may do beyond reading. */
const ADMIN: Readonly<Record<string, readonly string[]>> = {
  applications: ['create', 'update', 'update/*', 'delete', 'delete/*', 'sync', 'rollback', 'override', 'action/*'],
  applicationsets: ['get', 'create', 'update', 'delete'],
  certificates: ['create', 'update', 'delete'],
  clusters: ['create', 'update', 'delete'],
  repositories: ['create', 'update', 'delete'],
  'write-repositories': ['create', 'update', 'delete'],
  projects: ['create', 'update', 'delete'],
  accounts: ['update'],
  gpgkeys: ['create', 'delete'],
  exec: ['create'],
};

const IN_PROJECTS = new Set(['applications', 'applicationsets', 'logs', 'exec']);

const objectOf = (resource: string) => (IN_PROJECTS.has(resource) ? '*/*' : '*');

const LINES = [
  ...READABLE.map((resource) => `p, role:readonly, ${resource}, get, ${objectOf(resource)}, allow`),
  ...Object.entries(ADMIN).flatMap(([resource, actions]) =>
    actions.map((action) => `p, role:admin, ${resource}, ${action}, ${objectOf(resource)}, allow`),
  ),
  'g, role:admin, role:readonly',
  'g, admin, role:admin',
];

/** The policy every Argo CD has: `role:readonly`, `role:admin`, and the account `admin` in the latter (argo-cd.md §1.7). */
export const BUILT_IN_RULES: readonly PolicyRule[] = parsePolicy(LINES.join('\n'), 'built-in policy').rules.map(
  (rule) => ({
    ...rule,
    line: 0,
  }),
);
