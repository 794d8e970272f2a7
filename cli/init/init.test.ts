import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expandSet } from '../../check/model/expand-set.ts';
import { checkTree } from '../../check/run.ts';
import { memoryFileSystem } from '../../engine/mechanism/lib/kustomize/index.ts';
import { readTemplate } from '../actions/init.ts';
import { ENVIRONMENTS, type InitRequest, planTree, withDefaults } from './plan.ts';
import { COMPONENTS } from './prune.ts';

const TEMPLATE = readTemplate(dirname(dirname(import.meta.dirname)));
/** Only ends a test that hangs. */
const TIMEOUT_MS = 60_000;
const NOTHING = { components: [], environments: [] };

const request = (parts: Partial<InitRequest>): InitRequest => ({
  name: 'shop',
  repoURL: 'https://git.example.com/acme/shop.git',
  registry: 'registry.example.com/acme',
  host: '{env}.shop.example.com',
  components: COMPONENTS,
  environments: ENVIRONMENTS,
  ...parts,
});
const findings = (files: ReadonlyMap<string, string>) => {
  const result = checkTree(memoryFileSystem(files), { folder: 'pern-gitops', repositories: [], expandSet });
  return result.findings.map(({ rule, at, message }) => `${rule} ${at.file}:${at.line} ${message}`);
};

const COMBINATIONS: [string, Partial<InitRequest>][] = [
  ['everything', {}],
  ['an API with a database', { components: ['backend', 'database'] }],
  ['an API with nothing', { components: ['backend'] }],
  ['an API with redis', { components: ['backend', 'redis'] }],
  ['a front end alone', { components: ['frontend'] }],
  ['no redis', { components: ['backend', 'frontend', 'database'] }],
  ['no front end', { components: ['backend', 'database', 'redis'] }],
  ['two environments', { environments: ['development', 'production'] }],
  ['no production, and one that the tree does not have', { environments: ['development', 'qa'] }],
  ['a front end in production', { components: ['frontend'], environments: ['production'] }],
];

describe('the tree of another application', { timeout: TIMEOUT_MS }, () => {
  it.each(COMBINATIONS)('%s: pern check finds nothing', (_, parts) => {
    expect(findings(planTree(TEMPLATE, request(parts)))).toEqual([]);
  });

  it('speaks of the other application only', () => {
    const files = planTree(TEMPLATE, request({}));
    const text = [...files]
      .filter(([path]) => /\.ya?ml$/.test(path))
      .map(([, content]) => content)
      .join('\n');
    expect(text).not.toMatch(/pern-app|pern_app|ghcr\.io|localhost|pern-platform/);
    expect(text).toContain('production.shop.example.com');
    expect(text).toContain('registry.example.com/acme/backend');
    expect([...files.keys()]).toContain('pern-gitops/apps/shop/overlays/staging/kustomization.yaml');
  });

  it('keeps the words of files that it does not have to edit', () => {
    const files = planTree(TEMPLATE, request({ name: 'pern-app', components: ['backend', 'database', 'redis'] }));
    const path = 'pern-gitops/apps/pern-app/base/redis.yaml';
    expect(files.get(path)).toBe(TEMPLATE.get(path));
  });

  it('has nothing of a component that is left out', () => {
    const files = planTree(TEMPLATE, request({ components: ['backend'] }));
    const text = [...files]
      .filter(([path]) => /\.ya?ml$/.test(path))
      .map(([, content]) => content.replace(/^\s*#.*$/gm, ''));
    expect(text.join('\n')).not.toMatch(/postgres|redis|REDIS_URL|PGHOST|name: frontend|frontend-/i);
  });

  it('gives a new environment a folder, names and a stage', () => {
    const files = planTree(TEMPLATE, request({ environments: ['development', 'qa'] }));
    expect(files.get('pern-gitops/apps/shop/overlays/qa/kustomization.yaml')).toContain('namespace: shop-qa');
    expect(files.get('pern-gitops/apps/shop/overlays/qa/kustomization.yaml')).toContain('qa.shop.example.com');
  });
});

describe('defaults', () => {
  const from = (remote: string | undefined, folder = 'My Shop') => withDefaults(NOTHING, { folder, remote });

  it.each([
    ['git@github.com:Acme/shop.git', 'https://github.com/Acme/shop.git', 'shop', 'ghcr.io/acme'],
    [
      'https://user:secret@gitlab.example.com/acme/group/web',
      'https://gitlab.example.com/acme/group/web.git',
      'web',
      'registry.example.com/acme',
    ],
    [
      'ssh://git@git.example.com/acme/shop.git',
      'https://git.example.com/acme/shop.git',
      'shop',
      'registry.example.com/acme',
    ],
    [undefined, 'https://git.example.com/my-shop/my-shop.git', 'my-shop', 'registry.example.com/my-shop'],
    ['/srv/git/shop', 'https://git.example.com/my-shop/my-shop.git', 'my-shop', 'registry.example.com/my-shop'],
  ])('of the remote %s', (remote, repoURL, name, registry) => {
    expect(from(remote)).toMatchObject({ repoURL, name, registry, host: `${name}-{env}.localhost` });
  });

  it.each([
    [{ name: 'Shop!' }, 'cannot be part of a namespace'],
    [{ name: 'backend' }, 'is the name of something in the tree'],
    [{ repoURL: 'shop' }, 'is not the address of a repository'],
    [{ registry: 'https://x' }, 'is not where images can be'],
    [{ host: 'shop.example.com' }, 'is the same for every environment'],
    [{ components: ['cache'] }, 'there is no component "cache"'],
    [{ components: ['frontend', 'redis'] }, 'is used by nobody'],
    [{ environments: ['Prod'] }, 'cannot name an environment'],
  ])('%j is refused', (given, message) => {
    expect(() => withDefaults({ ...NOTHING, ...given }, { folder: 'shop', remote: undefined })).toThrow(message);
  });
});

it('the template is this repository’s own tree', () => {
  expect([...TEMPLATE.keys()]).toContain(join('pern-gitops', 'bootstrap', 'root-app.yaml'));
});
