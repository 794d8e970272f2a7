import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, isSeq, parseAllDocuments } from 'yaml';
import { type ProjectRole, validateRoles } from '../../engine/mechanism/lib/rbac/project-roles.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { readText } from '../policy-files.ts';
import { span } from '../view/lines.ts';
import { CONTROL_PLANE, findProject, findProjectFile, PROJECT } from './proj.ts';
import { rolesOf, TRACKING, unknownRole } from './proj-role.ts';

const ROLES = ['spec', 'roles'];

/** One change of a project's roles, for the running engine and for the project's file. */
interface Change {
  /** What is said when it is done. */
  done: string;
  next: string;
  /** The roles after it. Throws CliError for a change that changes nothing. */
  apply(roles: readonly ProjectRole[]): ProjectRole[];
  /** The same in a file as it is written, once `apply` has agreed. */
  edit(document: Document, roles: readonly ProjectRole[]): void;
}

export function runRoleCreate(invocation: Invocation): Promise<ExitCode> {
  const [project = '', name = ''] = invocation.arguments;
  const description = invocation.options.text('description');
  const role: ProjectRole = { name, ...(description === undefined ? {} : { description }) };
  return change(invocation, {
    done: `role ${name} created`,
    next: `pern proj role add-policy ${project} ${name} --action sync --object "*"`,
    apply: (roles) => {
      if (roles.some((other) => other.name === name))
        throw new CliError({ what: `project "${project}" has a role "${name}" already` });
      return [...roles, role];
    },
    edit: (document) => append(document, ROLES, role),
  });
}

export function runRoleDelete(invocation: Invocation): Promise<ExitCode> {
  const [project = '', name = ''] = invocation.arguments;
  return change(invocation, {
    done: `role ${name} deleted; its tokens let nobody in any more`,
    next: `pern proj role list ${project}`,
    apply: (roles) => roles.toSpliced(indexOfRole(project, name, roles), 1),
    edit: (document, roles) => remove(document, ROLES, indexOfRole(project, name, roles)),
  });
}

export function runChangeGroup(invocation: Invocation, verb: 'add' | 'remove'): Promise<ExitCode> {
  const [project = '', name = '', group = ''] = invocation.arguments;
  const groupsOf = (roles: readonly ProjectRole[]) => roles[indexOfRole(project, name, roles)]?.groups ?? [];
  return change(invocation, {
    done: `group ${group} ${verb === 'add' ? 'added to' : 'removed from'} role ${name}`,
    next: `pern proj role get ${project} ${name}`,
    apply: (roles) => {
      const groups = changedGroups(name, groupsOf(roles), group, verb);
      return roles.map((role) => (role.name === name ? { ...role, groups } : role));
    },
    edit: (document, roles) => {
      const place = [...ROLES, indexOfRole(project, name, roles), 'groups'];
      if (verb === 'add') append(document, place, group);
      else remove(document, place, groupsOf(roles).indexOf(group));
    },
  });
}

function changedGroups(role: string, groups: readonly string[], group: string, verb: 'add' | 'remove'): string[] {
  const index = groups.indexOf(group);
  if (verb === 'add') {
    if (index >= 0) throw new CliError({ what: `role "${role}" has the group "${group}" already` });
    return [...groups, group];
  }
  if (index >= 0) return groups.toSpliced(index, 1);
  const fix = `it has: ${groups.join(', ') || '(none)'}`;
  throw new CliError({ what: `role "${role}" has no group "${group}"`, fix });
}

function indexOfRole(project: string, name: string, roles: readonly ProjectRole[]): number {
  const index = roles.findIndex((role) => role.name === name);
  if (index < 0) throw unknownRole(project, name, roles);
  return index;
}

/** Adds to a list of the file; a list that is not there yet, or is written as nothing, begins with it. */
function append(document: Document, place: readonly (string | number)[], value: unknown): void {
  if (isSeq(document.getIn(place))) document.addIn(place, document.createNode(value));
  else document.setIn(place, document.createNode([value]));
}

/** A list that has become empty goes with its last entry. */
function remove(document: Document, place: readonly (string | number)[], index: number): void {
  document.deleteIn([...place, index]);
  const list = document.getIn(place);
  if (isSeq(list) && list.items.length === 0) document.deleteIn(place);
}

async function change(invocation: Invocation, what: Change): Promise<ExitCode> {
  const [project = ''] = invocation.arguments;
  return invocation.options.flag('edit-file')
    ? changeFile(invocation, project, what)
    : changeLive(invocation, project, what);
}

async function changeLive({ session, terminal }: Invocation, name: string, what: Change): Promise<ExitCode> {
  const api = await session.api();
  const project = await findProject(api, name);
  const roles = checked(name, what.apply(rolesOf(project)));
  const { resourceVersion, annotations } = project.metadata;
  await api.patch(PROJECT, { namespace: CONTROL_PLANE, name }, { metadata: { resourceVersion }, spec: { roles } });
  terminal.line(what.done);
  if (annotations?.[TRACKING] !== undefined) {
    terminal.note([
      span('warning', 'warn'),
      span(`: project ${name} comes from git; self-heal takes this change back. Keep it with --edit-file and a commit`),
    ]);
  }
  terminal.note(`Next: ${what.next}`);
  return EXIT_CODES.ok;
}

/** Edits the file as it is written, comments and order included; committing it is left to the person. */
function changeFile({ session, terminal }: Invocation, name: string, what: Change): ExitCode {
  const repository = session.repository();
  const { file, project } = findProjectFile(repository, name);
  const roles = project.spec?.roles ?? [];
  checked(name, what.apply(roles));
  const path = join(repository, file);
  const documents = parseAllDocuments(readText(path));
  for (const document of documents) {
    if (document.get('kind') === 'AppProject' && document.getIn(['metadata', 'name']) === name)
      what.edit(document, roles);
  }
  writeFileSync(path, documents.map((document) => document.toString({ lineWidth: 0 })).join(''));
  terminal.line(`${file}: ${what.done}`);
  terminal.note(`Next: git -C ${repository} commit -m "Project ${name}: ${what.done.split(';')[0]}" ${file}`);
  return EXIT_CODES.ok;
}

/** Refuses roles that Argo CD would refuse. */
function checked(project: string, roles: ProjectRole[]): ProjectRole[] {
  const [problem] = validateRoles(project, roles);
  if (problem !== undefined) throw new CliError({ what: problem });
  return roles;
}
