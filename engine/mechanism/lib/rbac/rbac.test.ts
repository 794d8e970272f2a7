import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Enforcer, type MatchMode } from './enforcer.ts';
import { parsePolicy, policyKeys } from './policy.ts';
import {
  findProjectToken,
  type ProjectWithRoles,
  policyProblem,
  tokensByRole,
  validateRoles,
} from './project-roles.ts';
import { type Claims, deniedParts, parseRbacConfig, Rbac } from './rbac.ts';
import { pairProblem, resourceOf } from './vocabulary.ts';

const PROJECT: ProjectWithRoles = {
  metadata: { name: 'my-proj' },
  spec: {
    roles: [
      {
        name: 'my-role',
        policies: ['p, proj:my-proj:my-role, applications, create, my-proj/*, allow'],
        groups: ['my-org:my-team'],
      },
    ],
  },
};

function rbac(policy: string, data: Record<string, string> = {}): Rbac {
  return new Rbac({
    config: parseRbacConfig({ 'policy.csv': policy, ...data }, 'argocd-rbac-cm'),
    project: (name) => (name === 'my-proj' ? PROJECT : undefined),
  });
}

function may(policy: Rbac, subject: string | Claims, resource: string, action: string, object: string): boolean {
  return policy.decide(subject, { resource, action, object }).allowed;
}

describe('policies of projects', () => {
  const valid = (action: string, object: string) =>
    `p, proj:my-proj:my-role, applications, ${action}, ${object}, allow`;
  it.each([
    valid('update/*/Pod/*', 'my-proj/foo'),
    'p,proj:my-proj:my-role,applications,get,my-proj/foo,allow',
    ...['foo', '*-foo', 'foo-*', '*-*', '*.*', 'ns/foo'].map((name) => valid('get', `my-proj/${name}`)),
    ...['*', 'action/*', 'action/apps/Deployment/restart', 'delete/*', 'override', 'rollback'].map((action) =>
      valid(action, 'my-proj/*'),
    ),
    ...['applicationsets', 'logs', 'exec', 'clusters', 'repositories'].map(
      (resource) => `p, proj:my-proj:my-role, ${resource}, get, my-proj/*, allow`,
    ),
  ])('cd/R01 %s is valid', (policy) => {
    expect(policyProblem('my-proj', 'my-role', policy)).toBeUndefined();
  });

  it.each(['', 'proj:my-proj', 'proj:my-proj:', '::', 'proj:different-my-proj:my-role'])(
    'cd/R02 the subject %j is refused',
    (subject) => {
      expect(policyProblem('my-proj', 'my-role', `p, ${subject}, applications, get, my-proj/foo, allow`)).toContain(
        "policy subject must be: 'proj:my-proj:my-role'",
      );
    },
  );

  it.each([
    ['must be of the form', 'p, proj:my-proj:my-role, applications, get, my-proj/foo'],
    ['must be of the form', 'g, my-team, proj:my-proj:my-role'],
    ['project resource must be', 'p, proj:my-proj:my-role, accounts, get, my-proj/foo, allow'],
    ["invalid action 'run'", 'p, proj:my-proj:my-role, applications, run, my-proj/foo, allow'],
    ['object must be of form', 'p, proj:my-proj:my-role, applications, get, other/foo, allow'],
    ['object must be of form', 'p, proj:my-proj:my-role, applications, get, my-proj, allow'],
    ['object must be of form', 'p, proj:my-proj:my-role, applications, get, my-proj/a/b/c, allow'],
    ["effect must be: 'allow' or 'deny'", 'p, proj:my-proj:my-role, applications, get, my-proj/foo, permit'],
  ])('says %s (§1.6)', (message, policy) => {
    expect(policyProblem('my-proj', 'my-role', policy)).toContain(message);
  });

  it('takes the name of the project as it is written, not as a pattern', () => {
    const policy = 'p, proj:some.project:dev, applications, *, some-project/*, allow';
    expect(policyProblem('some.project', 'dev', policy)).toContain('object must be of form');
  });

  it('names roles, policies and groups given twice, bad names and bad groups (§1.6)', () => {
    const policy = 'p, proj:p:dev, applications, get, p/*, allow';
    expect(
      validateRoles('p', [
        { name: 'dev', policies: [policy, policy], groups: ['a', 'a', 'a, b', '"a, b"', '', ' x', 'a\tb'] },
        { name: 'dev' },
        { name: '-x' },
      ]),
    ).toEqual([
      "role 'dev' already exists",
      `policy '${policy}' already exists for role 'dev'`,
      "group 'a' already exists for role 'dev'",
      "group 'a, b' must be quoted",
      "group '' is empty",
      "group 'x' contains a leading space",
      "group 'a\tb' contains invalid characters",
      "invalid role name '-x'. Must consist of alphanumeric characters, '-' or '_', and must start and end with an alphanumeric character",
    ]);
  });
});

describe('policy text', () => {
  it('cd/R03 policy.csv comes first, the others sorted', () => {
    const data = {
      UnrelatedKey: '',
      'policy.B.csv': '',
      'policy.csv': '',
      'policy.default': '',
      'policy.A.csv': '',
      'policy.C.csv': '',
    };
    expect(policyKeys(data)).toEqual(['policy.csv', 'policy.A.csv', 'policy.B.csv', 'policy.C.csv']);
  });

  it.each([
    'p',
    'Some comment',
    'agh, foo, bar',
    'p, role:x, applications, get, myproj/* allow',
    ', role:x, applications, get, myproj/*, allow',
    'g, a',
    'p, "a, b, c, d, e, allow',
    'p, "a"b, applications, get, x/*, allow',
    'p, a"b, applications, get, x/*, allow',
  ])('cd/R10 %s is a problem', (line) => {
    expect(parsePolicy(line, 'x').problems).toHaveLength(1);
  });

  it('cd/R10 empty lines and comments are not', () => {
    expect(parsePolicy('\n  \n# x\n', 'x')).toEqual({ rules: [], problems: [] });
  });

  it('says where: line and column, and reads quoted fields', () => {
    const { rules, problems } = parsePolicy('g, "a, ""b""", role:x\n  p, a"b, c, d, e, allow', 'rbac.csv');
    expect(rules).toMatchObject([{ member: 'a, "b"', role: 'role:x', line: 1 }]);
    expect(problems).toMatchObject([{ source: 'rbac.csv', line: 2, column: 7 }]);
  });

  it('never throws, and every line is a rule, a problem or a comment', () => {
    const piece = fc.constantFrom('p', 'g', ',', ', ', '"', '""', '#', 'role:x', '\n', ' ', '*', 'allow', '\\', '\t');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        const { rules, problems } = parsePolicy(text, 'x');
        const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
        expect(rules.length + problems.length).toBe(lines.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('decisions', () => {
  it('are those of the Go library on random policies (recorded: casbin 2.103 with gobwas 0.2.3)', () => {
    type Recorded = { mode: MatchMode; policy: string[]; requests: [string, string, string, string, boolean][] };
    const file = join(import.meta.dirname, 'testdata', 'casbin.json');
    const recorded = JSON.parse(readFileSync(file, 'utf8')) as Recorded[];
    const differing = recorded.flatMap(({ mode, policy, requests }) => {
      const enforcer = new Enforcer(parsePolicy(policy.join('\n'), 'x').rules, mode);
      return requests
        .filter(
          ([subject, resource, action, object, expected]) =>
            enforcer.enforce(subject, { resource, action, object }).allowed !== expected,
        )
        .map((request) => ({ policy, request }));
    });
    expect(recorded.reduce((sum, { requests }) => sum + requests.length, 0)).toBe(720);
    expect(differing).toEqual([]);
  });

  it('cd/R04 the default role gives what nobody else gives', () => {
    expect(may(rbac(''), 'bob', 'applications', 'get', 'foo/bar')).toBe(false);
    expect(may(rbac('', { 'policy.default': 'role:readonly' }), 'bob', 'applications', 'get', 'foo/bar')).toBe(true);
  });

  it('cd/R05 cd/R06 refusals are worded as upstream words them', () => {
    expect(deniedParts('admin', ['applications', 'get', 'foo/bar'])).toBe(
      'permission denied: applications, get, foo/bar',
    );
    expect(deniedParts({ sub: 'proj:default:admin', iat: 1593035962 }, ['project'])).toBe(
      'permission denied: project, sub: proj:default:admin, iat: 2020-06-24T21:59:22Z',
    );
  });

  it('cd/R07 glob mode', () => {
    const policy = rbac('p, alice, clusters, get, "https://github.com/*/*.git", allow');
    expect(may(policy, 'alice', 'clusters', 'get', 'https://github.com/argoproj/argo-cd.git')).toBe(true);
    expect(may(policy, 'alice', 'clusters', 'get', 'https://github.com/argo-cd.git')).toBe(false);
  });

  it('cd/R08 regex mode', () => {
    const policy = rbac('p, alice, clusters, get, "https://github.com/argo[a-z]{4}/argo-[a-z]+.git", allow', {
      'policy.matchMode': 'regex',
    });
    expect(may(policy, 'alice', 'clusters', 'get', 'https://github.com/argoproj/argo-cd.git')).toBe(true);
    expect(may(policy, 'alice', 'clusters', 'get', 'https://github.com/argoproj/1argo-cd.git')).toBe(false);
  });

  it.each(['glob', 'regex'])('without any line nobody may do anything, in %s mode', (mode) => {
    const policy = new Rbac({
      config: parseRbacConfig({ 'policy.matchMode': mode }, 'x'),
      project: () => undefined,
      withBuiltIn: false,
    });
    for (const subject of ['', 'ann', 'admin']) {
      expect(may(policy, { sub: subject }, 'applications', 'delete', 'a/b')).toBe(false);
      expect(may(policy, subject, '', '', '')).toBe(false);
    }
  });

  it('cd/R11 users, federated ids, project tokens and groups', () => {
    const policy = rbac(
      'p, alice, applications, create, my-proj/*, allow\np, bob, applications, create, my-proj/*, allow',
    );
    const create = (claims: Claims) => may(policy, claims, 'applications', 'create', 'my-proj/my-app');
    expect(create({ sub: 'alice' })).toBe(true);
    expect(create({ sub: 'bob' })).toBe(true);
    expect(create({ sub: 'qwertyuiop', federated_claims: { user_id: 'bob' } })).toBe(true);
    expect(create({ sub: 'proj:my-proj:my-role', iat: 1234 })).toBe(true);
    expect(create({ sub: 'proj:other:my-role', iat: 1234 })).toBe(false);
    expect(create({ sub: 'carol', groups: ['my-org:my-team'] })).toBe(true);
    expect(create({ sub: 'cathy' })).toBe(false);
  });

  it('cd/R12 groups come from the configured scopes', () => {
    const claims = { sub: 'x', 'cognito:groups': ['my-org:my-team'] };
    const request = ['applications', 'create', 'my-proj/my-app'] as const;
    expect(may(rbac('', { scopes: '[cognito:groups]' }), claims, ...request)).toBe(true);
    expect(may(rbac(''), claims, ...request)).toBe(false);
  });

  it('cd/R13 a deny line wins over an allow line', () => {
    const policy = rbac('p, alice, applications, get, */*, allow\np, alice, applications, get, secret/*, deny');
    expect(may(policy, 'alice', 'applications', 'get', 'secret/app')).toBe(false);
    expect(may(policy, 'alice', 'applications', 'get', 'other/app')).toBe(true);
    expect(policy.decide('alice', { resource: 'applications', action: 'get', object: 'secret/app' }).because).toBe(
      'denied by "p, alice, applications, get, secret/*, deny" (argocd-rbac-cm policy.csv:2)',
    );
  });

  it('cd/R14 the right to delete a pod is none to delete the application, nor the other way round', () => {
    const policy = rbac(
      'p, dev, applications, delete/*/Pod/*/*, default/prod-app, allow\np, dev, applications, delete, default/prod-app, deny\n' +
        'p, ops, applications, delete, default/prod-app, allow\np, ops, applications, update, default/prod-app, allow',
    );
    expect(may(policy, 'dev', 'applications', 'delete', 'default/prod-app')).toBe(false);
    expect(may(policy, 'dev', 'applications', 'delete//Pod/ns/x', 'default/prod-app')).toBe(true);
    expect(may(policy, 'ops', 'applications', 'delete//Pod/ns/x', 'default/prod-app')).toBe(false);
    expect(may(policy, 'ops', 'applications', 'update/apps/Deployment/ns/x', 'default/prod-app')).toBe(false);
  });

  it('cd/R15 a group counts only when a g line names it, and the refusal says so', () => {
    const claims = { sub: 'dora', groups: ['my-team'] };
    const request = { resource: 'applications', action: 'get', object: 'x/y' };
    const decision = rbac('p, my-team, applications, get, */*, allow').decide(claims, request);
    expect(decision.allowed).toBe(false);
    expect(decision.because).toContain('a "g" line binds the group to a role');
    const bound = rbac('p, role:t, applications, get, */*, allow\ng, my-team, role:t').decide(claims, request);
    expect(bound).toEqual({
      allowed: true,
      because: '"p, role:t, applications, get, */*, allow" (argocd-rbac-cm policy.csv:1)',
    });
  });

  it('the default role cannot be denied away (§10.5)', () => {
    const policy = rbac('p, bob, applications, get, */*, deny', { 'policy.default': 'role:readonly' });
    expect(may(policy, { sub: 'bob' }, 'applications', 'get', 'a/b')).toBe(true);
  });

  it('the built-in roles: admin is everything Argo CD knows, readonly reads', () => {
    const policy = rbac('g, ann, role:readonly');
    const all: [string, string, string][] = [
      ['applications', 'sync', 'a/b'],
      ['applications', 'delete/apps/Deployment/ns/x', 'a/b'],
      ['applications', 'action/argoproj.io/Rollout/abort', 'a/b'],
      ['exec', 'create', 'a/b'],
      ['projects', 'update', 'a'],
      ['accounts', 'update', 'a'],
    ];
    for (const request of all) {
      expect(may(policy, { sub: 'admin' }, ...request)).toBe(true);
      expect(may(policy, { sub: 'ann' }, ...request)).toBe(false);
    }
    expect(may(policy, { sub: 'admin' }, 'logs', 'get', 'a/b')).toBe(true);
    expect(may(policy, { sub: 'ann' }, 'logs', 'get', 'a/b')).toBe(true);
  });

  it('names the nearest line when none allows', () => {
    const policy = rbac('p, role:dev, applications, get, my-proj/*, allow\ng, eve, role:dev');
    const request = { resource: 'applications', action: 'sync', object: 'my-proj/a' };
    expect(policy.decide({ sub: 'eve' }, request).because).toBe(
      'no policy allows it; nearest: "p, role:dev, applications, get, my-proj/*, allow" (argocd-rbac-cm policy.csv:1), which does not cover the action',
    );
    expect(policy.decide({ sub: 'eve' }, { ...request, resource: 'clusters' }).because).toBe(
      'no policy line gives eve anything on clusters',
    );
  });

  it('a project whose policy does not parse adds nothing (§1.7)', () => {
    const broken = {
      ...PROJECT,
      spec: { roles: [...(PROJECT.spec?.roles ?? []), { name: 'x', policies: ['nonsense'] }] },
    };
    const policy = new Rbac({ config: parseRbacConfig({}, 'x'), project: () => broken });
    expect(may(policy, { sub: 'proj:my-proj:my-role' }, 'applications', 'create', 'my-proj/a')).toBe(false);
  });

  it('a role gives its holders the right to read its project', () => {
    expect(may(rbac(''), { sub: 'proj:my-proj:my-role' }, 'projects', 'get', 'my-proj')).toBe(true);
    expect(may(rbac(''), { sub: 'proj:my-proj:my-role' }, 'projects', 'update', 'my-proj')).toBe(false);
  });
});

describe('tokens of project roles', () => {
  const project: ProjectWithRoles = {
    metadata: { name: 'p' },
    spec: { roles: [{ name: 'ci', jwtTokens: [{ iat: 10, id: 'a' }, { iat: 5 }] }] },
    status: {
      jwtTokensByRole: {
        ci: {
          items: [
            { iat: 20, id: 'b' },
            { iat: 10, id: 'a' },
          ],
        },
        gone: { items: [{ iat: 1 }] },
      },
    },
  };

  it('are those of status and spec, newest first, without those of roles that are gone', () => {
    expect(tokensByRole(project)).toEqual({
      ci: [
        { iat: 20, id: 'b' },
        { iat: 10, id: 'a' },
        { iat: 5, id: '5' },
      ],
    });
  });

  it('are found by id, else by time of issue', () => {
    expect(findProjectToken(project, 'ci', { id: 'b', iat: 99 })?.iat).toBe(20);
    expect(findProjectToken(project, 'ci', { id: 'unknown', iat: 5 })?.id).toBe('5');
    expect(findProjectToken(project, 'ci', { id: 'unknown', iat: 6 })).toBeUndefined();
    expect(findProjectToken(project, 'gone', { id: undefined, iat: 1 })).toBeUndefined();
  });
});

it('knows which actions mean something for which resource', () => {
  expect(resourceOf('app')).toBe('applications');
  expect(pairProblem('applications', 'delete/apps/Deployment/ns/x')).toBeUndefined();
  expect(pairProblem('applications', 'sync/x')).toContain("'sync/x' is not a valid action");
  expect(pairProblem('logs', 'create')).toContain('there are: get');
  expect(pairProblem('nonsense', 'get')).toContain("'nonsense' is not a valid resource name");
});
