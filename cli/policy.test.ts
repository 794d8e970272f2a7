/** Commands about policies, projects, accounts and the audit record: on files without an engine, and on the real API. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../engine/edges/real/audit/audit-log.ts';
import { type ServedEngine, serveEngine } from '../engine/edges/real/http-api/testing.ts';
import type { AuditEntry } from '../engine/mechanism/api/audit/record.ts';
import { runPern } from './testing/run.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const PROJECT = `# Projects of the shop
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: shop
  namespace: argocd
spec:
  sourceRepos:
    - https://example.org/shop.git
  destinations:
    - server: https://kubernetes.default.svc
      namespace: shop-*
  namespaceResourceWhitelist:
    - group: batch
      kind: Job
  roles:
    # What the pipeline may do.
    - name: ci
      policies:
        - p, proj:shop:ci, applications, get, shop/*, allow
`;

const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-rbac-cm
  namespace: argocd
data:
  policy.default: ""
  policy.csv: |
    # people
    p, role:dev, applications, sync, shop/*, allow
    g, shop-team, role:dev
`;

const folder = temporaryFolder('pern-policy-');
mkdirSync(join(folder, 'pern-gitops'));
writeFileSync(join(folder, 'pern-gitops', 'project.yaml'), PROJECT);
writeFileSync(join(folder, 'pern-gitops', 'rbac.yaml'), CONFIG_MAP);
execFileSync('git', ['-C', folder, 'init', '-q']);
const run = (...words: string[]) => runPern(words, { folder });

describe('pern rbac, on files', () => {
  it('says yes or no, and names the line of the file', async () => {
    expect(await run('rbac', 'can', 'shop-team', 'sync', 'app', 'shop/web')).toEqual({
      code: 0,
      out: 'Yes: "p, role:dev, applications, sync, shop/*, allow" (pern-gitops/rbac.yaml:10)\n',
      err: '',
    });
    const no = await run('rbac', 'can', 'shop-team', 'delete', 'app', 'shop/web');
    expect([no.code, no.out]).toEqual([
      1,
      'No: no policy allows it; nearest: "p, role:dev, applications, sync, shop/*, allow" (pern-gitops/rbac.yaml:10), which does not cover the action\n',
    ]);
  });

  it('knows the roles of the AppProjects and the built-in policy', async () => {
    expect((await run('rbac', 'can', 'proj:shop:ci', 'get', 'app', 'shop/web')).code).toBe(0);
    expect((await run('rbac', 'can', 'proj:shop:ci', 'get', 'app', 'bank/web')).code).toBe(1);
    expect((await run('rbac', 'can', 'role:readonly', 'get', 'logs')).code).toBe(0);
    expect((await run('rbac', 'can', 'role:readonly', 'get', 'logs', '--no-builtin-policy')).code).toBe(1);
    expect(await run('rbac', 'can', 'nobody', 'get', 'logs', '--default-role', 'role:readonly', '-q')).toEqual({
      code: 0,
      out: '',
      err: '',
    });
  });

  it('refuses what means nothing, and warns of a group without a g line', async () => {
    const refused = await run('rbac', 'can', 'ann', 'fly', 'app', 'shop/web');
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining("'fly' is not a valid action for applications"),
    ]);
    const file = join(folder, 'group.csv');
    writeFileSync(file, 'p, org:team, applications, get, */*, allow\n');
    const warned = await run('rbac', 'can', 'org:team', 'get', 'app', 'shop/web', '--policy-file', file);
    expect([warned.code, warned.err]).toEqual([0, expect.stringContaining('gives its users nothing')]);
  });

  it('prints json', async () => {
    const { out } = await run('rbac', 'can', 'shop-team', 'sync', 'app', 'shop/web', '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({ who: 'shop-team', resource: 'applications', allowed: true });
  });

  it('validates policy and roles, with file, line and column', async () => {
    expect(await run('rbac', 'validate')).toMatchObject({ code: 0, out: expect.stringContaining('2 rules') as string });
    const file = join(folder, 'bad.yaml');
    writeFileSync(
      file,
      `${CONFIG_MAP}    p, role:dev, apps, sync, */*, allow\n    g, x, role:none\n      p, too, short\n`,
    );
    const { code, out, err } = await run('rbac', 'validate', '--policy-file', file);
    expect([code, out]).toEqual([1, expect.stringContaining(`${file}:14:7: invalid RBAC policy: p, too, short`)]);
    expect(err).toContain(`${file}:12: there is no resource "apps"`);
    expect(err).toContain(`${file}:13: role "role:none" has no policies`);
  });
});

describe('pern proj, on files', () => {
  it('says what a project permits', async () => {
    expect(await run('proj', 'can', 'shop', 'destination', 'shop-qa')).toEqual({
      code: 0,
      out: 'Yes: project shop permits namespace shop-qa of https://kubernetes.default.svc\n',
      err: '',
    });
    expect((await run('proj', 'can', 'shop', 'kind', 'batch/CronJob')).code).toBe(1);
    expect((await run('proj', 'can', 'shop', 'kind', '/Namespace', 'shop-qa')).out).toContain(
      'cluster-scoped /Namespace named shop-qa',
    );
    expect((await run('proj', 'can', 'shop', 'source', 'https://example.org/shop')).code).toBe(0);
    expect((await run('proj', 'can', 'shp', 'source', 'x')).err).toContain('did you mean "shop"?');
  });

  it('adds and removes a policy in the file, and leaves the rest of it as it was', async () => {
    const file = join(folder, 'pern-gitops', 'project.yaml');
    const change = (verb: string) =>
      run('proj', 'role', `${verb}-policy`, 'shop', 'ci', '--action', 'sync', '--object', 'web', '--edit-file');
    expect(await change('add')).toMatchObject({ code: 0, err: expect.stringContaining('git -C') as string });
    const line = '        - p, proj:shop:ci, applications, sync, shop/web, allow\n';
    expect(readFileSync(file, 'utf8')).toBe(PROJECT + line);
    expect((await change('add')).err).toContain('has this policy already');
    expect((await change('remove')).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(PROJECT);
    expect(
      (await run('proj', 'role', 'add-policy', 'shop', 'ci', '--action', 'fly', '--object', 'web', '--edit-file')).err,
    ).toContain("invalid action 'fly'");
  });

  it('creates and deletes roles and their groups in the file, and leaves the rest of it as it was', async () => {
    const file = join(folder, 'pern-gitops', 'project.yaml');
    const role = (...words: string[]) => run('proj', 'role', ...words, '--edit-file');
    expect(await role('create', 'shop', 'ops', '--description', 'on call')).toMatchObject({
      code: 0,
      err: expect.stringContaining('commit -m "Project shop: role ops created"') as string,
    });
    expect((await role('add-group', 'shop', 'ops', 'night-shift')).code).toBe(0);
    const groups = '      groups:\n        - night-shift\n';
    expect(readFileSync(file, 'utf8')).toBe(`${PROJECT}    - name: ops\n      description: on call\n${groups}`);
    expect((await role('create', 'shop', 'ops')).err).toContain('has a role "ops" already');
    expect((await role('add-group', 'shop', 'ops', 'night-shift')).err).toContain(
      'has the group "night-shift" already',
    );
    expect((await role('remove-group', 'shop', 'ops', 'day-shift')).err).toContain('it has: night-shift');
    expect((await role('add-group', 'shop', 'op', 'x')).err).toContain('did you mean "ops"?');
    expect(await role('create', 'shop', 'not a name')).toMatchObject({ code: 2 });
    expect((await role('remove-group', 'shop', 'ops', 'night-shift')).code).toBe(0);
    expect((await role('delete', 'shop', 'ops')).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(PROJECT);
  });
});

describe('pern proj and account, on the API', () => {
  let served: ServedEngine;
  const live = (...words: string[]) => run(...words, '--kubeconfig', served.kubeconfig);

  beforeAll(async () => {
    served = await serveEngine();
    const { resources } = served.engine;
    resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } });
    resources.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argocd-cm', namespace: 'argocd' },
      data: { 'accounts.ci': 'apiKey' },
    });
    resources.create({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: {
        name: 'shop',
        namespace: 'argocd',
        annotations: { 'argocd.argoproj.io/tracking-id': 'root:argoproj.io/AppProject:argocd/shop' },
      },
      spec: {
        sourceRepos: ['*'],
        roles: [{ name: 'ci', policies: ['p, proj:shop:ci, applications, get, shop/*, allow'], groups: ['team'] }],
      },
    });
  });

  afterAll(async () => {
    await served.close();
    expect(served.faults).toEqual([]);
  });

  it('lists and shows projects and roles', async () => {
    expect((await live('proj', 'list')).out).toBe(
      'NAME   DESTINATIONS   SOURCES   CLUSTER KINDS   NAMESPACED KINDS   ROLES   WINDOWS\nshop   <none>         *         <none>          *                  1       0\n',
    );
    expect((await live('proj', 'get', 'shop')).out).toContain('Roles:           ci\n');
    expect((await live('proj', 'role', 'get', 'shop', 'ci')).out).toBe(
      'Role:         ci\nDescription:\nGroups:       team\nPolicies:\np, proj:shop:ci, projects, get, shop, allow\n' +
        'p, proj:shop:ci, applications, get, shop/*, allow\nTokens:\n<none>\n',
    );
  });

  it('makes a token, acts under it, and deletes it', async () => {
    const made = await live('proj', 'role', 'create-token', 'shop', 'ci', '--expires-in', '1h', '--id', 'run-1');
    const token = made.out.trim();
    expect([made.code, made.err]).toEqual([0, expect.stringContaining('Token run-1 of proj:shop:ci expires at')]);
    expect((await live('account', 'get-user-info', '--auth-token', token)).out).toContain('Username: proj:shop:ci');
    expect((await live('account', 'can-i', 'get', 'projects', 'shop', '--auth-token', token)).code).toBe(0);
    const no = await live('account', 'can-i', 'sync', 'app', 'shop/web', '--auth-token', token);
    expect([no.code, no.out]).toEqual([1, expect.stringContaining('no: no policy allows it; nearest:')]);
    expect((await live('proj', 'role', 'list-tokens', 'shop', 'ci')).out).toContain('run-1');
    const refused = await live(
      'proj',
      'role',
      'add-policy',
      'shop',
      'ci',
      '--action',
      'sync',
      '--object',
      '*',
      '--auth-token',
      token,
    );
    expect([refused.code, refused.err]).toEqual([
      4,
      expect.stringContaining('permission denied: projects, update, shop, sub: proj:shop:ci'),
    ]);
    expect((await live('proj', 'role', 'delete-token', 'shop', 'ci', 'run-1')).code).toBe(0);
    expect((await live('account', 'get-user-info', '--auth-token', token)).code).toBe(2);
  });

  it('takes the token from the environment, for the engine of the state folder', async () => {
    const token = (await live('proj', 'role', 'create-token', 'shop', 'ci', '--id', 'env')).out.trim();
    const parts = { folder, environment: { PERN_AUTH_TOKEN: token } };
    const own = await runPern(['account', 'get-user-info', '--state', served.directory], parts);
    expect(own.out).toContain('Username: proj:shop:ci');
    // A kubeconfig that is named may be another cluster's: it does not get to see the token.
    const named = await runPern(['account', 'get-user-info', '--kubeconfig', served.kubeconfig], parts);
    expect(named.out).toContain('Username: admin');
  });

  it('says that a live change to a project from git is healed away', async () => {
    const { code, err } = await live('proj', 'role', 'add-policy', 'shop', 'ci', '--action', 'sync', '--object', '*');
    expect([code, err]).toEqual([
      0,
      expect.stringContaining('self-heal takes this change back. Keep it with --edit-file'),
    ]);
    expect((await live('proj', 'role', 'remove-policy', 'shop', 'ci', '--action', 'sync', '--object', '*')).code).toBe(
      0,
    );
  });

  it('makes a role on the API that a token then acts under, until the role is deleted', async () => {
    expect(await live('proj', 'role', 'create', 'shop', 'night')).toMatchObject({
      code: 0,
      out: 'role night created\n',
    });
    expect((await live('proj', 'role', 'add-group', 'shop', 'night', 'on-call')).code).toBe(0);
    expect((await live('proj', 'role', 'get', 'shop', 'night')).out).toContain('on-call');
    const token = (await live('proj', 'role', 'create-token', 'shop', 'night')).out.trim();
    expect((await live('account', 'get-user-info', '--auth-token', token)).out).toContain('proj:shop:night');
    expect((await live('proj', 'role', 'delete', 'shop', 'night', '--auth-token', token)).code).toBe(4);
    expect((await live('proj', 'role', 'remove-group', 'shop', 'night', 'on-call')).code).toBe(0);
    expect((await live('proj', 'role', 'delete', 'shop', 'night')).code).toBe(0);
    expect((await live('account', 'get-user-info', '--auth-token', token)).code).toBe(2);
    expect((await live('proj', 'role', 'delete', 'shop', 'night')).code).toBe(2);
  });

  it('lists accounts and makes tokens of those that may have one', async () => {
    expect((await live('account', 'generate-token', '--account', 'ci', '--id', 'laptop')).code).toBe(0);
    expect((await live('account', 'list')).out).toBe(
      'NAME    ENABLED   CAPABILITIES   GROUPS   TOKENS\nadmin   true      login          <none>   0\nci      true      apiKey         <none>   1\n',
    );
    expect((await live('account', 'generate-token')).err).toContain('does not have apiKey capability');
    expect((await live('account', 'delete-token', 'laptop', '--account', 'ci')).code).toBe(0);
  });
});

describe('pern audit', () => {
  const state = temporaryFolder('pern-audit-cli-');
  const audit = (...words: string[]) => runPern(['audit', ...words, '--state', state], { folder });
  const entry = (more: Partial<AuditEntry>): AuditEntry => ({
    time: '2026-01-01T09:00:00.000Z',
    identity: 'alice',
    groups: [],
    source: '127.0.0.1:1',
    verb: 'update',
    object: 'Application.argoproj.io argocd/web',
    outcome: 'allowed',
    rule: '"p, …" (argocd-rbac-cm policy.csv:1)',
    ...more,
  });

  it('says when there is no record', async () => {
    expect(await audit('verify')).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no audit record') as string,
    });
  });

  it('lists, filters, exports, verifies, and notices an edit', async () => {
    const log = new AuditLog({ folder: join(state, 'audit'), now: () => 0, syncAfterMs: 0 });
    log.append(entry({}));
    log.append(
      entry({
        identity: 'bob',
        outcome: 'refused',
        rule: 'permission denied: applications, sync',
        time: '2026-01-01T09:59:00.000Z',
      }),
    );
    log.close();
    expect((await audit('list')).out).toBe(
      'SEQ  TIME                  WHO    VERB    OBJECT                              OUTCOME  WHY\n' +
        '1    2026-01-01T09:00:00Z  alice  update  Application.argoproj.io argocd/web  allowed\n' +
        '2    2026-01-01T09:59:00Z  bob    update  Application.argoproj.io argocd/web  refused  permission denied: applications, sync\n',
    );
    expect((await audit('list', '--since', '5m', '-o', 'json')).out).toContain('"identity": "bob"');
    expect((await audit('export', '--refused')).out.trim().split('\n')).toHaveLength(1);
    const whole = await audit('verify');
    expect([whole.code, whole.out]).toEqual([
      0,
      expect.stringMatching(/^The record is whole: 2 records; head 2:[0-9a-f]{64}\n$/),
    ]);
    const head = whole.out.trim().split(' ').at(-1) as string;
    expect((await audit('verify', '--head', head)).code).toBe(0);
    expect((await audit('verify', '--head', `2:${'0'.repeat(64)}`)).code).toBe(1);
    const file = join(state, 'audit', 'audit-000001.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"alice"', '"mallory"'));
    const spoilt = await audit('verify');
    expect([spoilt.code, spoilt.out]).toEqual([1, expect.stringContaining(`${file}:1: the line was changed`)]);
  });
});
