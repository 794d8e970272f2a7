/** Roles of an AppProject: what makes them valid, and the policy they stand for (argo-cd.md §1.6, §1.7). */
import { type ParsedPolicy, parsePolicy } from './policy.ts';
import { PROJECT_SCOPED } from './vocabulary.ts';

export interface ProjectToken {
  /** Seconds since the epoch. */
  iat?: number;
  exp?: number;
  id?: string;
}

export interface ProjectRole {
  name: string;
  description?: string;
  policies?: readonly string[];
  groups?: readonly string[];
  jwtTokens?: readonly ProjectToken[];
}

/** The parts of an AppProject that say who may do what in it. */
export interface ProjectWithRoles {
  metadata: { name: string };
  spec?: { roles?: readonly ProjectRole[] };
  status?: { jwtTokensByRole?: Readonly<Record<string, { items?: readonly ProjectToken[] }>> };
}

const ROLE_NAME = /^[a-zA-Z0-9]([-_a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const ACTIONS = new Set(['get', 'create', 'update', 'delete', 'sync', 'override', 'rollback', '*']);
const ACTION_PATTERNS = [/action\/./, /update\/./, /delete\/./, /action\/$/, /update\/$/, /delete\/$/];

/**
 * What is wrong with a project's roles, in Argo CD's words (argo-cd.md §1.6, cases cd/R01, cd/R02); empty when nothing is.
 * Upstream stops at the first; here all are told.
 */
export function validateRoles(project: string, roles: readonly ProjectRole[]): string[] {
  const twice = repeated(roles.map(({ name }) => name)).map((name) => `role '${name}' already exists`);
  return [...twice, ...roles.flatMap((role) => validateRole(project, role))];
}

function validateRole(project: string, { name, policies = [], groups = [] }: ProjectRole): string[] {
  const badName = ROLE_NAME.test(name)
    ? []
    : [
        `invalid role name '${name}'. Must consist of alphanumeric characters, '-' or '_', and must start and end with an alphanumeric character`,
      ];
  return [
    ...badName,
    ...repeated(policies).map((policy) => `policy '${policy}' already exists for role '${name}'`),
    ...policies.flatMap((policy) => policyProblem(project, name, policy) ?? []),
    ...repeated(groups).map((group) => `group '${group}' already exists for role '${name}'`),
    ...groups.flatMap((group) => groupProblem(group) ?? []),
  ];
}

/** Why a policy line may not stand in a role of a project, or undefined. */
export function policyProblem(project: string, role: string, policy: string): string | undefined {
  const invalid = (why: string) => `invalid policy rule '${policy}': ${why}`;
  const fields = policy.split(',').map((field) => field.replace(/^ +| +$/g, ''));
  const [type, subject = '', resource = '', action = '', object = '', effect = ''] = fields;
  if (fields.length !== 6 || type !== 'p') return invalid("must be of the form: 'p, sub, res, act, obj, eft'");
  const expected = `proj:${project}:${role}`;
  if (subject !== expected) return invalid(`policy subject must be: '${expected}', not '${subject}'`);
  if (!PROJECT_SCOPED.has(resource)) {
    return invalid(
      `project resource must be: 'applications', 'applicationsets', 'repositories', 'exec', 'logs' or 'clusters', not '${resource}'`,
    );
  }
  if (!ACTIONS.has(action) && !ACTION_PATTERNS.some((pattern) => pattern.test(action))) {
    return invalid(`invalid action '${action}'`);
  }
  if (!isObjectOf(project, object)) {
    return invalid(
      `object must be of form '${project}/*', '${project}[/<NAMESPACE>]/<APPNAME>' or '${project}/<APPNAME>', not '${object}'`,
    );
  }
  return effect === 'allow' || effect === 'deny' ? undefined : invalid("effect must be: 'allow' or 'deny'");
}

function isObjectOf(project: string, object: string): boolean {
  if (!object.startsWith(`${project}/`)) return false;
  const parts = object.slice(project.length + 1).split('/');
  return parts.length <= 2 && parts.every((part) => /^[*\w.-]+$/.test(part));
}

function groupProblem(group: string): string | undefined {
  const trimmed = group.trim();
  const isQuoted = trimmed.length > 1 && trimmed.startsWith('"') && trimmed.endsWith('"');
  const name = isQuoted ? trimmed.slice(1, -1) : trimmed;
  if (!isQuoted && name.includes(',')) return `group '${name}' must be quoted`;
  if (name === '') return `group '${name}' is empty`;
  if (/["\n\r\t]/.test(name)) return `group '${name}' contains invalid characters`;
  if (group.length > 1 && /^\s/.test(group)) return `group '${name}' contains a leading space`;
  if (group.length > 1 && /\s$/.test(group)) return `group '${name}' contains a trailing space`;
  return undefined;
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

/** `p, proj:…` with one space after each comma. */
export function normalisePolicy(policy: string): string {
  return policy
    .split(',')
    .map((field, index) => (index === 0 ? field : field.replace(/^ +| +$/g, '')))
    .join(', ');
}

/** The policy that a project's roles stand for: reading the project itself, the roles' lines, and their groups. */
export function projectPolicy({ metadata, spec }: ProjectWithRoles): ParsedPolicy {
  const all: ParsedPolicy = { rules: [], problems: [] };
  for (const role of spec?.roles ?? []) {
    const subject = `proj:${metadata.name}:${role.name}`;
    const lines = [
      `p, ${subject}, projects, get, ${metadata.name}, allow`,
      ...(role.policies ?? []),
      ...(role.groups ?? []).map((group) => `g, ${group}, ${subject}`),
    ];
    const source = `AppProject ${metadata.name}, role ${role.name}`;
    for (const line of lines) {
      const { rules, problems } = parsePolicy(line, source);
      all.rules.push(...rules.map((rule) => ({ ...rule, line: 0 })));
      all.problems.push(...problems);
    }
  }
  return all;
}

/** A project role's name in policies and tokens. */
export function projectSubject(project: string, role: string): string {
  return `proj:${project}:${role}`;
}

/** The project and role of `proj:PROJECT:ROLE`, or undefined for any other subject. */
export function parseProjectSubject(subject: string): { project: string; role: string } | undefined {
  const [prefix, project, role, ...more] = subject.split(':');
  if (prefix !== 'proj' || project === undefined || role === undefined || more.length > 0) return undefined;
  return { project, role };
}

/**
 * The tokens of each role: those in the status and those in the spec, one of each id, newest first. A token without an id has
 * its time of issue as id; roles that are gone have none (argo-cd.md §1.7).
 */
export function tokensByRole({ spec, status }: ProjectWithRoles): Record<string, ProjectToken[]> {
  const roles = spec?.roles ?? [];
  return Object.fromEntries(
    roles.map((role) => {
      const byId = new Map<string, ProjectToken>();
      for (const token of [...(status?.jwtTokensByRole?.[role.name]?.items ?? []), ...(role.jwtTokens ?? [])]) {
        const id = token.id === undefined || token.id === '' ? String(token.iat ?? '') : token.id;
        if (!byId.has(id)) byId.set(id, { ...token, id });
      }
      return [role.name, [...byId.values()].sort((a, b) => (b.iat ?? 0) - (a.iat ?? 0))];
    }),
  );
}

/**
 * The token of a role by its id, else by its time of issue (seconds). Upstream takes the time for any token, so that a deleted one
 * lives on when another was issued in the same second; here only for tokens that were issued or recorded without an id.
 */
export function findProjectToken(
  project: ProjectWithRoles,
  role: string,
  { id, iat }: { id: string | undefined; iat: number | undefined },
): ProjectToken | undefined {
  const tokens = tokensByRole(project)[role] ?? [];
  const hasId = id !== undefined && id !== '';
  const byId = hasId ? tokens.find((token) => token.id === id) : undefined;
  if (byId !== undefined || iat === undefined) return byId;
  return tokens.find((token) => token.iat === iat && (!hasId || token.id === String(iat)));
}
