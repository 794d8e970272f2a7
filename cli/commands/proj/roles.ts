import { type Command, type Option, OUTPUT_OPTION } from '../../command.ts';

const PROJECT = { name: 'PROJECT', summary: 'name of an AppProject' };
const ROLE = { name: 'ROLE', summary: 'name of a role of it' };
const JSON_OUTPUT: Option = { name: 'output', short: 'o', value: 'FORMAT', choices: ['json'], summary: 'print json' };
const POLICY: readonly Option[] = [
  {
    name: 'action',
    value: 'ACTION',
    summary: 'get, create, update, delete, sync, override, action/GROUP/KIND/NAME, *',
  },
  { name: 'object', value: 'NAME', summary: 'application in the project, without its name; patterns as in policies' },
  {
    name: 'permission',
    value: 'EFFECT',
    choices: ['allow', 'deny'],
    default: 'allow',
    summary: 'allow or deny',
  },
  {
    name: 'resource',
    value: 'RESOURCE',
    default: 'applications',
    summary: 'applications, applicationsets, logs, exec, clusters or repositories',
  },
  { name: 'edit-file', summary: "change the project's file in the repository instead of the running engine" },
];
const LIVE_NOTE =
  'A project that comes from git is healed back to what git says, so change its file with --edit-file and commit that.';

export const projRoleList: Command = {
  name: 'proj role list',
  summary: 'list the roles of a project',
  arguments: [PROJECT],
  options: [OUTPUT_OPTION],
  examples: [{ command: 'pern proj role list pern-app', does: 'roles with their policies, groups and tokens counted' }],
  run: async (invocation) => (await import('../../actions/proj-role.ts')).runRoleList(invocation),
};

export const projRoleGet: Command = {
  name: 'proj role get',
  summary: 'show a role: policies, groups, tokens',
  arguments: [PROJECT, ROLE],
  options: [JSON_OUTPUT],
  examples: [{ command: 'pern proj role get pern-app ci', does: 'what a pipeline may do' }],
  run: async (invocation) => (await import('../../actions/proj-role.ts')).runRoleGet(invocation),
};

export const projRoleCreateToken: Command = {
  name: 'proj role create-token',
  summary: 'make a bearer token of a project role; it is printed once and kept nowhere',
  arguments: [PROJECT, ROLE],
  options: [
    {
      name: 'expires-in',
      value: 'DURATION',
      default: '0s',
      summary: 'how long it is good for; 0s: until it is deleted',
    },
    { name: 'id', value: 'ID', summary: 'id to delete it by (default: a new one)' },
  ],
  examples: [
    { command: 'pern proj role create-token pern-app ci --expires-in 1h', does: 'a token for a pipeline run' },
  ],
  run: async (invocation) => (await import('../../actions/proj-role.ts')).runCreateToken(invocation),
};

export const projRoleListTokens: Command = {
  name: 'proj role list-tokens',
  summary: 'list the tokens of a project role by id, with when they were issued and expire',
  arguments: [PROJECT, ROLE],
  options: [JSON_OUTPUT],
  examples: [{ command: 'pern proj role list-tokens pern-app ci', does: 'what is out there' }],
  run: async (invocation) => (await import('../../actions/proj-role.ts')).runListTokens(invocation),
};

export const projRoleDeleteToken: Command = {
  name: 'proj role delete-token',
  summary: 'delete a token of a project role by its id; it lets nobody in from then on',
  arguments: [PROJECT, ROLE, { name: 'ID', summary: 'id of the token' }],
  options: [],
  examples: [{ command: 'pern proj role delete-token pern-app ci laptop', does: 'delete one token' }],
  run: async (invocation) => (await import('../../actions/proj-role.ts')).runDeleteToken(invocation),
};

const EDIT_FILE: Option = {
  name: 'edit-file',
  summary: "change the project's file in the repository instead of the running engine",
};
const GROUP = { name: 'GROUP', summary: 'group of users, as their token names it' };

export const projRoleCreate: Command = {
  name: 'proj role create',
  summary: 'add a role to a project',
  description: LIVE_NOTE,
  arguments: [PROJECT, ROLE],
  options: [{ name: 'description', value: 'TEXT', summary: 'what the role is for' }, EDIT_FILE],
  examples: [
    {
      command: 'pern proj role create pern-app ci --description "the pipeline" --edit-file',
      does: 'a role without rights; commit the file',
    },
  ],
  run: async (invocation) => (await import('../../actions/proj-role-change.ts')).runRoleCreate(invocation),
};

export const projRoleDelete: Command = {
  name: 'proj role delete',
  summary: 'delete a role of a project; its tokens let nobody in from then on',
  description: LIVE_NOTE,
  arguments: [PROJECT, ROLE],
  options: [EDIT_FILE],
  examples: [{ command: 'pern proj role delete pern-app ci --edit-file', does: 'take the role out of the file' }],
  run: async (invocation) => (await import('../../actions/proj-role-change.ts')).runRoleDelete(invocation),
};

export const projRoleAddGroup: Command = {
  name: 'proj role add-group',
  summary: 'give a role of a project to a group',
  description: LIVE_NOTE,
  arguments: [PROJECT, ROLE, GROUP],
  options: [EDIT_FILE],
  examples: [{ command: 'pern proj role add-group pern-app ci deployers --edit-file', does: 'commit the file' }],
  run: async (invocation) => (await import('../../actions/proj-role-change.ts')).runChangeGroup(invocation, 'add'),
};

export const projRoleRemoveGroup: Command = {
  name: 'proj role remove-group',
  summary: 'take a role of a project from a group',
  description: LIVE_NOTE,
  arguments: [PROJECT, ROLE, GROUP],
  options: [EDIT_FILE],
  examples: [{ command: 'pern proj role remove-group pern-app ci deployers --edit-file', does: 'commit the file' }],
  run: async (invocation) => (await import('../../actions/proj-role-change.ts')).runChangeGroup(invocation, 'remove'),
};

export const projRoleAddPolicy: Command = {
  name: 'proj role add-policy',
  summary: 'add a policy to a role of a project',
  description: LIVE_NOTE,
  arguments: [PROJECT, ROLE],
  options: POLICY,
  examples: [
    {
      command: 'pern proj role add-policy pern-app ci --action sync --object "*" --edit-file',
      does: 'let the pipeline sync; commit the file',
    },
  ],
  run: async (invocation) => (await import('../../actions/proj-role.ts')).runChangePolicy(invocation, 'add'),
};

export const projRoleRemovePolicy: Command = {
  name: 'proj role remove-policy',
  summary: 'remove a policy from a role of a project',
  description: LIVE_NOTE,
  arguments: [PROJECT, ROLE],
  options: POLICY,
  examples: [
    {
      command: 'pern proj role remove-policy pern-app ci --action sync --object "*" --edit-file',
      does: 'take it back',
    },
  ],
  run: async (invocation) => (await import('../../actions/proj-role.ts')).runChangePolicy(invocation, 'remove'),
};
