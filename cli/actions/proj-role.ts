import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSeq, parseAllDocuments } from 'yaml';
import {
  normalisePolicy,
  type ProjectRole,
  type ProjectToken,
  policyProblem,
  tokensByRole,
} from '../../engine/mechanism/lib/rbac/project-roles.ts';
import type { Api } from '../client/api.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { readText } from '../policy-files.ts';
import { nearestName } from '../suggest.ts';
import { span } from '../view/lines.ts';
import { roleLines, roleListLines, tokenLines } from '../view/project-text.ts';
import { wholeSeconds } from './account.ts';
import { CONTROL_PLANE, findProject, findProjectFile, PROJECT, type Project } from './proj.ts';

export const TRACKING = 'argocd.argoproj.io/tracking-id';

interface Found {
  api: Api;
  project: Project;
  role: ProjectRole;
  tokens: readonly ProjectToken[];
}

export async function runRoleList({ session, options, terminal, arguments: words }: Invocation): Promise<ExitCode> {
  const project = await findProject(await session.api(), words[0] ?? '');
  const roles = rolesOf(project);
  const format = options.text('output') ?? '';
  if (format === 'json') terminal.write(`${JSON.stringify(roles, undefined, 2)}\n`);
  else if (format === 'yaml') terminal.write((await import('yaml')).stringify(roles));
  else if (format === 'name') for (const { name } of roles) terminal.line(name);
  else terminal.lines(roleListLines(roles, tokensOf(project)));
  terminal.note(`Next: pern proj role get ${project.metadata.name} ROLE`);
  return EXIT_CODES.ok;
}

export async function runRoleGet(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal, now } = invocation;
  const { project, role, tokens } = await findRole(invocation);
  const { name } = project.metadata;
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify({ ...role, tokens }, undefined, 2)}\n`);
  else terminal.lines(roleLines(name, role, tokens, now()));
  terminal.note(`Next: pern proj role create-token ${name} ${role.name} --expires-in 1h`);
  return EXIT_CODES.ok;
}

export async function runListTokens(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal, now } = invocation;
  const { project, role, tokens } = await findRole(invocation);
  if (options.text('output') === 'json') terminal.write(`${JSON.stringify(tokens, undefined, 2)}\n`);
  else terminal.lines(tokenLines(tokens, now()));
  terminal.note(`Next: pern proj role delete-token ${project.metadata.name} ${role.name} ID`);
  return EXIT_CODES.ok;
}

export async function runCreateToken(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal } = invocation;
  const { api, project, role } = await findRole(invocation);
  const id = options.text('id');
  const expiresIn = wholeSeconds(options.durationMs('expires-in') ?? 0);
  const body = JSON.stringify({ expiresIn, ...(id === undefined ? {} : { id }) });
  const call = { method: 'POST', path: tokensPath(project, role), contentType: 'application/json', body } as const;
  const made = (await api.json(call)) as { token: string; id: string; exp?: number };
  terminal.line(made.token);
  const until = made.exp === undefined ? 'does not expire' : `expires at ${new Date(made.exp * 1000).toISOString()}`;
  terminal.note(
    `Token ${made.id} of proj:${project.metadata.name}:${role.name} ${until}. Next: PERN_AUTH_TOKEN=... pern app list`,
  );
  return EXIT_CODES.ok;
}

export async function runDeleteToken(invocation: Invocation): Promise<ExitCode> {
  const { terminal, arguments: words } = invocation;
  const { api, project, role } = await findRole(invocation);
  const id = words[2] ?? '';
  await api.json({ method: 'DELETE', path: `${tokensPath(project, role)}/${encodeURIComponent(id)}` });
  terminal.line(`token ${id} of proj:${project.metadata.name}:${role.name} deleted`);
  terminal.note(`Next: pern proj role list-tokens ${project.metadata.name} ${role.name}`);
  return EXIT_CODES.ok;
}

function tokensPath({ metadata }: Project, { name }: ProjectRole): string {
  return `/pern/v1/projects/${encodeURIComponent(metadata.name)}/roles/${encodeURIComponent(name)}/tokens`;
}

export async function runChangePolicy(invocation: Invocation, change: 'add' | 'remove'): Promise<ExitCode> {
  const { options, arguments: words } = invocation;
  const [projectName = '', roleName = ''] = words;
  const action = options.text('action');
  const object = options.text('object');
  if (action === undefined || object === undefined) {
    throw new CliError({
      what: `"pern proj role ${change}-policy" needs --action and --object`,
      fix: 'for example: --action sync --object "*"',
    });
  }
  const subject = `proj:${projectName}:${roleName}`;
  const scoped = object.startsWith(`${projectName}/`) ? object : `${projectName}/${object}`;
  const policy = `p, ${subject}, ${options.text('resource')}, ${action}, ${scoped}, ${options.text('permission')}`;
  const problem = policyProblem(projectName, roleName, policy);
  if (problem !== undefined) throw new CliError({ what: problem });
  return options.flag('edit-file') ? changeFile(invocation, policy, change) : changeLive(invocation, policy, change);
}

async function changeLive(invocation: Invocation, policy: string, change: 'add' | 'remove'): Promise<ExitCode> {
  const { terminal } = invocation;
  const { api, project, role } = await findRole(invocation);
  const policies = changed(role, policy, change);
  const roles = rolesOf(project).map((other) => (other.name === role.name ? { ...other, policies } : other));
  const { name, resourceVersion } = project.metadata;
  await api.patch(PROJECT, { namespace: CONTROL_PLANE, name }, { metadata: { resourceVersion }, spec: { roles } });
  terminal.line(`${change === 'add' ? 'added' : 'removed'}: ${policy}`);
  if (project.metadata.annotations?.[TRACKING] !== undefined) {
    terminal.note([
      span('warning', 'warn'),
      span(`: project ${name} comes from git; self-heal takes this change back. Keep it with --edit-file and a commit`),
    ]);
  }
  terminal.note(`Next: pern proj role get ${name} ${role.name}`);
  return EXIT_CODES.ok;
}

/** Edits the file as it is written, comments and order included; committing it is left to the person. */
function changeFile(
  { session, terminal, arguments: words }: Invocation,
  policy: string,
  change: 'add' | 'remove',
): ExitCode {
  const [projectName = '', roleName = ''] = words;
  const repository = session.repository();
  const { file, project } = findProjectFile(repository, projectName);
  const roles = project.spec?.roles ?? [];
  const role = roles.find(({ name }) => name === roleName);
  if (role === undefined) throw unknownRole(projectName, roleName, roles);
  const policies = changed(role, policy, change);
  const path = join(repository, file);
  const documents = parseAllDocuments(readText(path));
  for (const document of documents) {
    if (document.get('kind') !== 'AppProject' || document.getIn(['metadata', 'name']) !== projectName) continue;
    const place = ['spec', 'roles', roles.indexOf(role), 'policies'];
    const list = document.getIn(place);
    if (change === 'add' && isSeq(list)) list.add(policy);
    else if (change === 'remove' && isSeq(list)) list.delete(indexOfPolicy(role, policy));
    else document.setIn(place, policies);
  }
  writeFileSync(path, documents.map((document) => document.toString({ lineWidth: 0 })).join(''));
  terminal.line(`${file}: ${change === 'add' ? 'added' : 'removed'}: ${policy}`);
  terminal.note(`Next: git -C ${repository} commit -m "Project ${projectName}: role ${roleName}" ${file}`);
  return EXIT_CODES.ok;
}

/** The role's policies after the change. Throws CliError for a change that changes nothing. */
function changed({ name, policies = [] }: ProjectRole, policy: string, change: 'add' | 'remove'): string[] {
  const index = indexOfPolicy({ name, policies }, policy);
  if (change === 'add') {
    if (index >= 0) throw new CliError({ what: `role "${name}" has this policy already`, where: policies[index] });
    return [...policies, policy];
  }
  if (index < 0)
    throw new CliError({
      what: `role "${name}" has no such policy`,
      where: policy,
      fix: `it has: ${policies.join(' | ') || '(none)'}`,
    });
  return policies.toSpliced(index, 1);
}

/** Spaces after commas do not count. */
function indexOfPolicy({ policies = [] }: ProjectRole, policy: string): number {
  return policies.findIndex((other) => normalisePolicy(other) === normalisePolicy(policy));
}

async function findRole({ session, arguments: words }: Invocation): Promise<Found> {
  const [projectName = '', roleName = ''] = words;
  const api = await session.api();
  const project = await findProject(api, projectName);
  const roles = rolesOf(project);
  const role = roles.find(({ name }) => name === roleName);
  if (role === undefined) throw unknownRole(projectName, roleName, roles);
  return { api, project, role, tokens: tokensOf(project)[roleName] ?? [] };
}

export function unknownRole(project: string, name: string, roles: readonly ProjectRole[]): CliError {
  const known = roles.map((role) => role.name);
  const near = nearestName(name, known);
  return new CliError({
    what: `project "${project}" has no role "${name}"`,
    fix:
      near === undefined
        ? known.length === 0
          ? `make one with "pern proj role create ${project} ${name} --edit-file"`
          : `use one of: ${known.join(', ')}`
        : `did you mean "${near}"?`,
  });
}

export function rolesOf(project: Project): ProjectRole[] {
  return [...(((project.spec as { roles?: unknown }).roles ?? []) as ProjectRole[])];
}

function tokensOf(project: Project): Record<string, ProjectToken[]> {
  return tokensByRole(project as unknown as Parameters<typeof tokensByRole>[0]);
}
