import { expect, it } from 'vitest';
import { redacted } from './redaction.ts';
import { isRemoteUrl } from './remote-repository.ts';
import { repositoryAccess } from './repository-access.ts';
import { parseSubmodules, submoduleUrl } from './submodules.ts';

function secret(type: string, values: Record<string, string>) {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, btoa(value)]));
  const metadata = {
    name: `${type}-${values.url}`,
    namespace: 'argocd',
    labels: { 'argocd.argoproj.io/secret-type': type },
  };
  return { apiVersion: 'v1', kind: 'Secret', metadata, data } as never;
}

const own = secret('repository', {
  url: 'https://example.com/team/shop.git',
  username: 'robot',
  password: 'own',
  depth: '1',
});
const bare = secret('repository', { url: 'https://example.com/team/bare' });
const wide = secret('repo-creds', { url: 'https://example.com', password: 'wide' });
const team = secret('repo-creds', {
  url: 'https://example.com/team',
  username: 'u',
  password: 'team',
  insecure: 'true',
});

it.each([
  ['https://EXAMPLE.com/team/shop', { username: 'robot', password: 'own', depth: 1, insecure: false }],
  ['https://example.com/team/bare.git', { username: 'u', password: 'team', insecure: true }],
  ['https://example.com/team/other', { username: 'u', password: 'team', insecure: true }],
  ['https://example.com/elsewhere/x', { password: 'wide', insecure: false }],
  ['https://elsewhere.example.com/x', { insecure: false }],
])('%s is read with its own Secret, or with the longest template that fits', (url, expected) => {
  expect(repositoryAccess(url, [own, bare, wide, team])).toEqual(expected);
});

it('what is not reproduced is refused with the name of the Secret and the key', () => {
  const app = secret('repository', { url: 'https://example.com/app', githubAppID: '1' });
  expect(() => repositoryAccess('https://example.com/app', [app])).toThrow(
    /^Secret argocd\/repository-https:\/\/example.com\/app: githubAppID: not reproduced/,
  );
});

it.each([
  ['https://example.com/a', true],
  ['git@example.com:team/shop.git', true],
  ['ssh://git@example.com:22/a', true],
  ['file:///srv/git/shop', true],
  ['/srv/git/shop', false],
  ['ext::sh -c id', false],
  ['--upload-pack=id', false],
  ['example.com/a', false],
])('%s is a remote URL: %s', (url, expected) => {
  expect(isRemoteUrl(url)).toBe(expected);
});

it.each([
  ['https://example.com/team/shop.git', '../library.git', 'https://example.com/team/library.git'],
  ['git@example.com:team/shop', '../../other/library', 'git@example.com/other/library'],
  ['https://example.com/team/shop', './nested', 'https://example.com/team/shop/nested'],
  ['https://example.com/team/shop', 'https://other.example.com/x', 'https://other.example.com/x'],
  ['https://example.com/team/shop', 'file:///etc', undefined],
  ['https://example.com/team/shop', '/etc', undefined],
  ['https://example.com/team/shop', 'ext::sh -c id', undefined],
])('in %s the submodule %s is %s', (repository, url, expected) => {
  expect(submoduleUrl(repository, url)).toBe(expected);
});

it('submodules that leave their place are not read', () => {
  const text = ['a', '../b', '/c'].map((path) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ../x\n`).join('');
  expect([...parseSubmodules(text)]).toEqual([['a', { name: 'a', url: '../x' }]]);
});

it('strikes out passwords and users in URLs', () => {
  expect(redacted("fatal: 'https://u:p%40ss@h/x' p@ss", ['p@ss'])).toBe("fatal: 'https://h/x' ++++");
});
