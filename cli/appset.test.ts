import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAppsetCreate, runAppsetDelete, runAppsetGet, runAppsetList } from './actions/appset.ts';
import { runAppsetGenerate } from './actions/appset-generate.ts';
import type { Invocation } from './command.ts';
import { type Line, plainText } from './view/lines.ts';

const URL = 'https://example.com/shop.git';
let root = '';
let file = '';

const set = (path: string, policy = 'sync') => `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: shops}
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  syncPolicy: {applicationsSync: ${policy}}
  generators:
    - git: {repoURL: ${URL}, directories: [{path: envs/*}]}
  template:
    metadata: {name: 'shop-{{.path.basename}}'}
    spec:
      project: default
      source: {repoURL: ${URL}, path: '${path}'}
      destination: {name: in-cluster, namespace: shop}
`;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pern-appset-'));
  file = join(root, 'set.yaml');
  const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args]);
  git('init', '--quiet');
  git('remote', 'add', 'origin', URL);
  for (const env of ['dev', 'prod']) {
    mkdirSync(join(root, 'envs', env), { recursive: true });
    writeFileSync(join(root, 'envs', env, 'a.yaml'), '');
  }
  writeFileSync(file, set('{{.path.path}}'));
  git('add', '-A');
  git('-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '--quiet', '-m', 'one');
  // Not committed: one environment more, one less, another path.
  mkdirSync(join(root, 'envs', 'qa'));
  writeFileSync(join(root, 'envs', 'qa', 'a.yaml'), '');
  rmSync(join(root, 'envs', 'prod'), { recursive: true });
  writeFileSync(file, set('{{.path.path}}/overlay'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Run = (invocation: Invocation) => Promise<number>;

/** One command line against a stand-in for the API; gives the exit code and what was printed. */
async function run(command: Run, words: string[], options: Record<string, unknown> = {}, api: object = {}) {
  let out = '';
  const invocation = {
    arguments: words,
    options: {
      text: (name: string) => options[name] as string | undefined,
      texts: (name: string) => (options[name] ?? []) as string[],
      flag: (name: string) => options[name] === true,
    },
    terminal: {
      write: (text: string) => (out += text),
      note: (text: string) => (out += `# ${text}\n`),
      lines: (lines: readonly (Line | string)[]) => {
        out += lines.map((line) => (typeof line === 'string' ? line : plainText([line]).trimEnd())).join('\n');
        out += '\n';
      },
    },
    session: { repository: () => root, api: async () => api },
  } as unknown as Invocation;
  return { code: await command(invocation), out };
}

describe('pern appset generate', () => {
  it('reads the files on disk, deleted ones left out', async () => {
    const { code, out } = await run(runAppsetGenerate, [file], { output: 'name' });
    expect(out).toContain('application.argoproj.io/shop-dev\napplication.argoproj.io/shop-qa\n');
    expect(code).toBe(0);
  });

  it('reads a commit, and prints objects', async () => {
    const { out } = await run(runAppsetGenerate, [file], { revision: 'HEAD', output: 'json' });
    const { items } = JSON.parse(out.split('\n#')[0] as string) as { items: { metadata: { name: string } }[] };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['shop-dev', 'shop-prod']);
  });

  it('says what would be created, updated and deleted since a commit', async () => {
    const { code, out } = await run(runAppsetGenerate, [file], { base: 'HEAD' });
    expect(out).toContain(
      '+ shop-qa created\n~ shop-dev updated: spec.source.path\n- shop-prod deleted\n0 unchanged\n',
    );
    expect(code).toBe(1);
    await expect(run(runAppsetGenerate, [file], { base: 'nowhere' })).rejects.toThrow('there is no revision "nowhere"');
  });

  it('says what would happen to the applications of an engine, as the policy has it', async () => {
    const careful = join(root, 'careful.yaml');
    writeFileSync(careful, set('{{.path.path}}', 'create-only'));
    const owner = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'ApplicationSet',
      name: 'shops',
      uid: 'u',
      controller: true,
    };
    const live = { metadata: { name: 'shop-prod', namespace: 'argocd', ownerReferences: [owner] }, spec: {} };
    const api = { find: async () => ({ metadata: { uid: 'u' } }), list: async () => ({ items: [live] }) };
    const { out } = await run(runAppsetGenerate, [careful], { diff: true }, api);
    rmSync(careful);
    expect(out).toContain('+ shop-dev created\n+ shop-qa created\n! shop-prod left as it is: applicationsSync forbids');
  });

  it('names what is wrong, and where', async () => {
    const wrong = join(root, 'wrong.yaml');
    const generate = async (text: string) => {
      writeFileSync(wrong, text);
      return run(runAppsetGenerate, [wrong]);
    };
    await expect(generate(set('{{.path.nope}}'))).rejects.toThrow('(spec.template.spec.source.path)');
    await expect(generate(set('{{.path.nope}}'))).rejects.toMatchObject({
      trouble: { where: expect.stringMatching(/wrong\.yaml:14:\d+$/) },
    });
    await expect(generate(set('x').replaceAll(URL, 'https://other/x'))).rejects.toThrow(
      'no local clone of https://other/x',
    );
    await expect(generate('kind: ConfigMap')).rejects.toThrow('this file has no ApplicationSet');
    await expect(generate('a: [')).rejects.toMatchObject({
      trouble: { where: expect.stringMatching(/wrong\.yaml:\d+:\d+$/) },
    });
    rmSync(wrong);
  });
});

describe('pern appset list, get, create, delete', () => {
  const stored = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name: 'shops', namespace: 'argocd' },
    spec: {
      strategy: { type: 'RollingSync', rollingSync: { steps: [{}, { maxUpdate: 0 }] } },
      template: { spec: { project: 'shop', source: { repoURL: URL, path: 'envs', targetRevision: 'HEAD' } } },
    },
    status: {
      health: { status: 'Progressing' },
      conditions: [
        { type: 'RolloutProgressing', status: 'True', message: 'ApplicationSet is performing rollout of step 2' },
      ],
      resources: [{ name: 'shop-dev', status: 'Synced', health: { status: 'Healthy' } }],
      applicationStatus: [{ application: 'shop-dev', status: 'Healthy', step: '1', message: 'synced' }],
    },
  };
  const api = (items: object[] = [stored]) => {
    const calls: unknown[] = [];
    return {
      calls,
      list: async () => ({ items }),
      find: async (_kind: string, _namespace: string, name: string) =>
        items.find((item) => (item as typeof stored).metadata.name === name),
      create: async (...args: unknown[]) => calls.push(['create', ...args]),
      patch: async (...args: unknown[]) => {
        calls.push(['patch', ...args]);
        return stored;
      },
      json: async (call: { method: string; path: string }) => calls.push([call.method, call.path]),
    };
  };

  it('list shows what is not in order', async () => {
    const { out } = await run(runAppsetList, [], {}, api());
    expect(out).toBe(
      'NAME    PROJECT   SYNCPOLICY   HEALTH          CONDITIONS\nshops   shop      sync         ◌ Progressing   RolloutProgressing=True\n',
    );
  });

  it('get shows conditions and the steps of a rolling sync', async () => {
    const { out } = await run(runAppsetGet, ['shops'], {}, api());
    expect(out).toContain('RollingSync (2 steps)');
    expect(out).toContain('ApplicationSet is performing rollout of step 2');
    expect(out).toMatch(/shop-dev +\S+ Synced +\S+ Healthy +1 +\S+ Healthy +synced/);
    await expect(run(runAppsetGet, ['shop'], {}, api())).rejects.toThrow('there is no application set "shop"');
  });

  it('create refuses another spec without --upsert, and a templated project', async () => {
    const target = api();
    await expect(run(runAppsetCreate, [file], {}, target)).rejects.toThrow('exists with another spec');
    expect((await run(runAppsetCreate, [file], { upsert: true }, target)).out).toContain(
      'ApplicationSet shops updated',
    );
    expect(target.calls).toMatchObject([
      ['patch', 'ApplicationSet.argoproj.io', { name: 'shops' }, [{ path: '/spec' }], 'json'],
    ]);
    const empty = api([]);
    expect((await run(runAppsetCreate, [file], { 'dry-run': true }, empty)).out).toContain('would be created');
    expect(empty.calls).toEqual([]);
    const templated = join(root, 'templated.yaml');
    writeFileSync(templated, set('x').replace('project: default', "project: '{{.path.basename}}'"));
    await expect(run(runAppsetCreate, [templated], {}, empty)).rejects.toThrow('templated `project` fields');
    rmSync(templated);
  });

  it('delete says what goes, and does it with --yes', async () => {
    const target = api();
    expect((await run(runAppsetDelete, ['shops'], {}, target)).out).toContain('shops would be deleted, with shop-dev');
    expect(target.calls).toEqual([]);
    await run(runAppsetDelete, ['shops'], { yes: true }, target);
    expect(target.calls).toEqual([['DELETE', '/apis/argoproj.io/v1alpha1/namespaces/argocd/applicationsets/shops']]);
  });
});
