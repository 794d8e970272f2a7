import { describe, expect, it } from 'vitest';
import type { Answer, Question } from '#machine/questions.ts';
import { generate } from './generators.ts';
import { parseFixture, parseLocation } from './scm-fixture.ts';
import type { Generator } from './types.ts';

const FIXTURE = `
repositories:
  - organization: acme
    repository: shop
    id: 7
    urls: {ssh: git@host:acme/shop.git, https: https://host/acme/shop.git}
    labels: [web, team-a]
    branches:
      - {name: main, sha: 0123456789abcdef, paths: [deploy/kustomization.yaml]}
      - {name: feature/One, sha: fedcba9876543210, paths: []}
  - organization: acme
    repository: tools
    urls: {ssh: git@host:acme/tools.git}
    archived: true
    branches: [{name: main, sha: aaaaaaaaaaaa, paths: [README.md]}]
  - organization: acme/inner
    repository: deep
    urls: {ssh: git@host:acme/inner/deep.git}
    branches: [{name: main, sha: bbbbbbbbbbbb, paths: [deploy/x]}]
pullRequests:
  - {organization: acme, repository: shop, number: 12, title: 'feat: one', author: ann, branch: feat/a_really+long_pull_request_name_to_test_the_cut_of_names,
     targetBranch: main, headSha: 0123456789abcdef, labels: [preview, web]}
  - {organization: acme, repository: shop, number: 13, title: 'fix: two', author: bob, branch: fix-two, targetBranch: release, headSha: abc, labels: [preview]}
  - {organization: acme, repository: shop, number: 14, title: old, author: bob, branch: old, targetBranch: main, headSha: def, labels: [preview], state: closed}
`;

function ask(question: Question): Answer {
  return question.ask === 'revision'
    ? { ok: true, value: { sha: 'a' } }
    : { ok: true, value: { contents: { 'fixtures/scm.yaml': FIXTURE } } };
}

const run = (entry: Generator, go = false) =>
  generate(
    entry,
    'g',
    { go, missingKey: 'error' },
    {
      ask: ask as never,
      clusters: [],
      scmFixture: 'https://host/acme/ops.git//fixtures/scm.yaml?ref=main',
    },
  ).flatMap(({ params }) => params);

describe('scmProvider', () => {
  const repositories = (github: object, more: object = {}) =>
    run({ scmProvider: { github: { organization: 'acme', ...github }, ...more } }).map(
      ({ repository, branch }) => `${repository} ${branch}`,
    );

  it('gives the default branch of each repository with all parameters', () => {
    const [shop] = run({ scmProvider: { github: { organization: 'acme' }, values: { v: '{{repository}}' } } });
    expect(shop).toEqual({
      organization: 'acme',
      repository: 'shop',
      repository_id: 7,
      url: 'git@host:acme/shop.git',
      branch: 'main',
      branchNormalized: 'main',
      sha: '0123456789abcdef',
      short_sha: '01234567',
      short_sha_7: '0123456',
      labels: 'web,team-a',
      'values.v': 'shop',
    });
  });

  it('gives all branches, leaves archived ones out, and clones as it is told', () => {
    expect(repositories({ allBranches: true })).toEqual(['shop main', 'shop feature/One', 'tools main']);
    expect(repositories({ excludeArchivedRepos: true })).toEqual(['shop main']);
    const https = {
      scmProvider: { github: { organization: 'acme', excludeArchivedRepos: true }, cloneProtocol: 'https' },
    };
    expect(run(https)[0]?.url).toBe('https://host/acme/shop.git');
    expect(() => run({ scmProvider: { github: { organization: 'acme' }, cloneProtocol: 'ftp' } })).toThrow(
      'unknown clone protocol ftp',
    );
  });

  it('filters: conditions of one filter all hold, one filter of several suffices, kinds are told apart', () => {
    const filters = (...list: object[]) => repositories({ allBranches: true }, { filters: list });
    expect(filters({ repositoryMatch: '^sh' })).toEqual(['shop main', 'shop feature/One']);
    expect(filters({ repositoryMatch: '^sh' }, { repositoryMatch: 'tool' })).toHaveLength(3);
    expect(filters({ labelMatch: '^team-' })).toEqual(['shop main', 'shop feature/One']);
    expect(filters({ branchMatch: 'One' })).toEqual(['shop feature/One']);
    expect(filters({ pathsExist: ['deploy/'] })).toEqual(['shop main']);
    expect(filters({ pathsDoNotExist: ['deploy'] })).toEqual(['shop feature/One', 'tools main']);
    expect(filters({ repositoryMatch: 'shop', pathsExist: ['deploy/kustomization.yaml'] })).toEqual(['shop main']);
    expect(() => filters({ repositoryMatch: '(' })).toThrow(
      'g.scmProvider.filters[0].repositoryMatch: error compiling',
    );
  });

  it('GitLab: subgroups, topics, archived ones only on request', () => {
    const gitlab = (block: object) =>
      run({ scmProvider: { gitlab: { group: 'acme', ...block } } }).map(({ repository }) => repository);
    expect(gitlab({})).toEqual(['shop']);
    expect(gitlab({ includeSubgroups: true, includeArchivedRepos: true })).toEqual(['shop', 'tools', 'deep']);
    expect(gitlab({ topic: 'web' })).toEqual(['shop']);
  });

  it('refuses fields and providers by name', () => {
    expect(() => repositories({ typo: 1 })).toThrow('g.scmProvider.github.typo: not reproduced');
    expect(() => run({ scmProvider: { awsCodeCommit: {} } })).toThrow('g.scmProvider.awsCodeCommit: not reproduced');
    expect(() => run({ scmProvider: {} })).toThrow('no SCM provider implementation configured');
  });
});

describe('pullRequest', () => {
  const numbers = (block: object, more: object = {}) =>
    run({ pullRequest: { github: { owner: 'acme', repo: 'shop', ...block }, ...more } }).map(({ number }) => number);

  it('gives open pull requests with all parameters', () => {
    const [first] = run({ pullRequest: { github: { owner: 'acme', repo: 'shop' } } }, true);
    expect(first).toEqual({
      number: '12',
      title: 'feat: one',
      author: 'ann',
      branch: 'feat/a_really+long_pull_request_name_to_test_the_cut_of_names',
      branch_slug: 'feat-a-really-long-pull-request-name-to-test-the',
      target_branch: 'main',
      target_branch_slug: 'main',
      head_sha: '0123456789abcdef',
      head_short_sha: '01234567',
      head_short_sha_7: '0123456',
      labels: ['preview', 'web'],
    });
    expect(run({ pullRequest: { github: { owner: 'acme', repo: 'shop' } } })[0]).not.toHaveProperty('labels');
  });

  it('selects by labels, branches, titles and state', () => {
    expect(numbers({})).toEqual(['12', '13']);
    expect(numbers({ labels: ['preview', 'web'] })).toEqual(['12']);
    expect(numbers({}, { filters: [{ branchMatch: '^fix' }] })).toEqual(['13']);
    expect(numbers({}, { filters: [{ targetBranchMatch: 'main', titleMatch: '^feat' }] })).toEqual(['12']);
    const gitlab = { project: 'acme/shop', pullRequestState: 'closed' };
    expect(run({ pullRequest: { gitlab } }).map(({ number }) => number)).toEqual(['14']);
  });

  it('a repository that is not there is an error, or nothing', () => {
    expect(() => numbers({ repo: 'gone' })).toThrow('the fixture has no repository acme/gone');
    expect(numbers({ repo: 'gone' }, { continueOnRepoNotFoundError: true })).toEqual([]);
    expect(numbers({ repo: 'tools' })).toEqual([]);
  });
});

describe('fixture files', () => {
  it('are named by repository, path and revision', () => {
    expect(parseLocation('https://h/o/r.git//a/b.yaml')).toEqual({
      repoURL: 'https://h/o/r.git',
      path: 'a/b.yaml',
      revision: 'HEAD',
    });
    for (const text of ['a/b.yaml', 'https://h/r.git', 'https://h/r.git//../x']) {
      expect(() => parseLocation(text), text).toThrow('is not REPO_URL//PATH');
    }
  });

  it('say what is wrong with them', () => {
    expect(() => parseFixture('repositories: [{organization: a, repository: 1}]', 'f.yaml')).toThrow(
      'f.yaml: repositories[0].repository: must be a text',
    );
    expect(() => parseFixture('repos: []', 'f.yaml')).toThrow('f.yaml: unknown field repos');
    expect(() => parseFixture('a: [', 'f.yaml')).toThrow('f.yaml: ');
  });
});
