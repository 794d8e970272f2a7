import { isRecord } from '#core/json.ts';
import { normalize, slug } from '#lib/gotemplate/index.ts';
import { compileRegex, type Regex } from '#lib/regex/regex.ts';
import { type GeneratorContext, refuseOthers } from './inputs.ts';
import { type FixturePullRequest, type FixtureRepository, readScmFixture } from './scm-fixture.ts';
import {
  GeneratorError,
  type Params,
  type PullRequestGenerator,
  type ScmFilter,
  type ScmProviderGenerator,
} from './types.ts';
import { withValues } from './values.ts';

/** How one provider's block is read: which of its fields name what, beside those that only say how to reach the host. */
interface Provider {
  /** The field that names the owner of repositories. */
  owner: string;
  /** pullRequest only: the field that names the repository; none when `owner` is `group/repository`. */
  repository?: string;
  /** Clone protocols; the first one is the default. */
  protocols: readonly string[];
  fields: readonly string[];
}

/** Fields about the connection: accepted, and without effect, as no host is asked. */
const CONNECTION = ['api', 'tokenRef', 'appSecretName', 'insecure', 'caRef', 'basicAuth', 'bearerToken'];
const SSH_HTTPS = ['ssh', 'https'];

const SCM_PROVIDERS: Readonly<Record<string, Provider>> = {
  github: { owner: 'organization', protocols: SSH_HTTPS, fields: ['allBranches', 'excludeArchivedRepos'] },
  gitlab: {
    owner: 'group',
    protocols: SSH_HTTPS,
    fields: ['allBranches', 'includeSubgroups', 'topic', 'includeArchivedRepos'],
  },
  gitea: { owner: 'owner', protocols: SSH_HTTPS, fields: ['allBranches', 'excludeArchivedRepos'] },
  bitbucket: { owner: 'owner', protocols: SSH_HTTPS, fields: ['allBranches', 'user', 'appPasswordRef'] },
  bitbucketServer: { owner: 'project', protocols: SSH_HTTPS, fields: ['allBranches'] },
  azureDevOps: {
    owner: 'organization',
    protocols: ['https', 'ssh'],
    fields: ['allBranches', 'teamProject', 'accessTokenRef'],
  },
};

const PULL_REQUEST_PROVIDERS: Readonly<Record<string, Provider>> = {
  github: { owner: 'owner', repository: 'repo', protocols: [], fields: ['labels'] },
  gitlab: { owner: 'project', protocols: [], fields: ['labels', 'pullRequestState'] },
  gitea: { owner: 'owner', repository: 'repo', protocols: [], fields: ['labels'] },
  bitbucket: { owner: 'owner', repository: 'repo', protocols: [], fields: [] },
  bitbucketServer: { owner: 'project', repository: 'repo', protocols: [], fields: [] },
  azuredevops: { owner: 'organization', repository: 'repo', protocols: [], fields: ['labels', 'project'] },
};

const COMMON = ['filters', 'requeueAfterSeconds', 'template', 'values'];
const SHORT_SHA = 8;
const SHORTER_SHA = 7;

/** The one provider block of a generator, its fields checked. */
function providerOf(
  generator: object,
  providers: Readonly<Record<string, Provider>>,
  others: readonly string[],
  field: string,
): { provider: Provider; name: string; block: Record<string, unknown> } {
  refuseOthers(generator, new Set([...COMMON, ...others, ...Object.keys(providers)]), field);
  const name = Object.keys(providers).find((key) => isRecord((generator as Record<string, unknown>)[key]));
  if (name === undefined) throw new GeneratorError(`${field}: no SCM provider implementation configured`);
  const provider = providers[name] as Provider;
  const block = (generator as Record<string, Record<string, unknown>>)[name] as Record<string, unknown>;
  const known = [provider.owner, provider.repository ?? provider.owner, ...provider.fields, ...CONNECTION];
  refuseOthers(block, new Set(known), `${field}.${name}`);
  return { provider, name, block };
}

/** The parameter sets of the scmProvider generator, from the set's fixture file (argo-cd.md §2.4). */
export function generateFromScmProvider(generator: ScmProviderGenerator, context: GeneratorContext): Params[] {
  const { provider, name, block } = providerOf(generator, SCM_PROVIDERS, ['cloneProtocol'], context.field);
  const filters = (generator.filters ?? []).map((filter, index) =>
    compileFilter(filter, `${context.field}.filters[${index}]`),
  );
  const protocol = generator.cloneProtocol || (provider.protocols[0] as string);
  if (!provider.protocols.includes(protocol)) {
    throw new GeneratorError(`${context.field}.cloneProtocol: error listing repos: unknown clone protocol ${protocol}`);
  }
  const { repositories } = readScmFixture(context);
  const offered = repositories.filter((found) => isOffered(found, name, provider, block));
  const repoFilters = filters.filter(({ scope }) => scope === 'repository');
  const branchFilters = filters.filter(({ scope }) => scope === 'branch');
  return offered
    .filter((found) => repoFilters.length === 0 || repoFilters.some(({ matches }) => matches(found, undefined)))
    .flatMap((found) => branchesOf(found, block.allBranches === true).map((branch) => ({ found, branch })))
    .filter(
      ({ found, branch }) => branchFilters.length === 0 || branchFilters.some(({ matches }) => matches(found, branch)),
    )
    .map(({ found, branch }) =>
      withValues(scmParams(found, branch, protocol, context), generator.values, context.templating),
    );
}

type Branch = FixtureRepository['branches'][number];

function isOffered(
  found: FixtureRepository,
  name: string,
  provider: Provider,
  block: Record<string, unknown>,
): boolean {
  const owner = String(block[provider.owner] ?? '');
  const inSubgroup = block.includeSubgroups === true && found.organization.startsWith(`${owner}/`);
  if (found.organization !== owner && !inSubgroup) return false;
  const skipsArchived = name === 'gitlab' ? block.includeArchivedRepos !== true : block.excludeArchivedRepos === true;
  if (found.archived && skipsArchived) return false;
  return typeof block.topic !== 'string' || block.topic === '' || found.labels.includes(block.topic);
}

function branchesOf(found: FixtureRepository, all: boolean): readonly Branch[] {
  return all ? found.branches : found.branches.filter(({ name }) => name === found.defaultBranch);
}

function scmParams(found: FixtureRepository, branch: Branch, protocol: string, { field }: GeneratorContext): Params {
  const url = found.urls[protocol];
  if (url === undefined) {
    throw new GeneratorError(
      `${field}: the fixture gives ${found.organization}/${found.repository} no URL for ${protocol}`,
    );
  }
  return {
    organization: found.organization,
    repository: found.repository,
    ...(found.id === undefined ? {} : { repository_id: found.id }),
    url,
    branch: branch.name,
    sha: branch.sha,
    short_sha: branch.sha.slice(0, SHORT_SHA),
    short_sha_7: branch.sha.slice(0, SHORTER_SHA),
    labels: found.labels.join(','),
    branchNormalized: normalize(branch.name),
  };
}

interface CompiledFilter {
  /** A filter that speaks of branches or paths is asked about branches only, all of its conditions included. */
  scope: 'repository' | 'branch' | 'none';
  matches(repository: FixtureRepository, branch: Branch | undefined): boolean;
}

function compileFilter(filter: ScmFilter, field: string): CompiledFilter {
  refuseOthers(
    filter,
    new Set(['repositoryMatch', 'pathsExist', 'pathsDoNotExist', 'labelMatch', 'branchMatch']),
    field,
  );
  const repositoryMatch = compilePattern(filter.repositoryMatch, `${field}.repositoryMatch`);
  const labelMatch = compilePattern(filter.labelMatch, `${field}.labelMatch`);
  const branchMatch = compilePattern(filter.branchMatch, `${field}.branchMatch`);
  const isAboutBranches =
    branchMatch !== undefined || filter.pathsExist !== undefined || filter.pathsDoNotExist !== undefined;
  const isAboutRepositories = repositoryMatch !== undefined || labelMatch !== undefined;
  return {
    scope: isAboutBranches ? 'branch' : isAboutRepositories ? 'repository' : 'none',
    matches: (repository, branch) =>
      (repositoryMatch?.test(repository.repository) ?? true) &&
      (branchMatch?.test(branch?.name ?? '') ?? true) &&
      (labelMatch === undefined || repository.labels.some((label) => labelMatch.test(label))) &&
      (filter.pathsExist ?? []).every((path) => hasPath(branch, path)) &&
      !(filter.pathsDoNotExist ?? []).some((path) => hasPath(branch, path)),
  };
}

function hasPath(branch: Branch | undefined, wanted: string): boolean {
  const path = wanted.replace(/\/+$/, '');
  return (branch?.paths ?? []).some((known) => known === path || known.startsWith(`${path}/`));
}

function compilePattern(pattern: string | undefined, field: string): Regex | undefined {
  if (pattern === undefined) return undefined;
  try {
    return compileRegex(pattern);
  } catch (error) {
    throw new GeneratorError(
      `${field}: error compiling regexp ${JSON.stringify(pattern)}: ${(error as Error).message}`,
    );
  }
}

/** The parameter sets of the pullRequest generator, from the set's fixture file (argo-cd.md §2.4). */
export function generateFromPullRequests(generator: PullRequestGenerator, context: GeneratorContext): Params[] {
  const others = ['continueOnRepoNotFoundError'];
  const { provider, block } = providerOf(generator, PULL_REQUEST_PROVIDERS, others, context.field);
  const filters = (generator.filters ?? []).map((filter, index) => {
    const field = `${context.field}.filters[${index}]`;
    refuseOthers(filter, new Set(['branchMatch', 'targetBranchMatch', 'titleMatch']), field);
    return {
      branch: compilePattern(filter.branchMatch, `${field}.branchMatch`),
      targetBranch: compilePattern(filter.targetBranchMatch, `${field}.targetBranchMatch`),
      title: compilePattern(filter.titleMatch, `${field}.titleMatch`),
    };
  });
  const { repositories, pullRequests } = readScmFixture(context);
  const owner = String(block[provider.owner] ?? '');
  const full = provider.repository === undefined ? owner : `${owner}/${String(block[provider.repository] ?? '')}`;
  const ofRepository = pullRequests.filter((found) => `${found.organization}/${found.repository}` === full);
  const isKnown = repositories.some((found) => `${found.organization}/${found.repository}` === full);
  if (ofRepository.length === 0 && !isKnown) {
    if (generator.continueOnRepoNotFoundError === true) return [];
    throw new GeneratorError(`${context.field}: error listing repos: the fixture has no repository ${full}`);
  }
  const wanted = Array.isArray(block.labels) ? (block.labels as string[]) : [];
  const state = provider.fields.includes('pullRequestState') ? String(block.pullRequestState ?? '') : 'open';
  return ofRepository
    .filter(
      (found) =>
        (state === '' || stateOf(found) === stateName(state)) && wanted.every((label) => found.labels.includes(label)),
    )
    .filter(
      (found) =>
        filters.length === 0 ||
        filters.some(
          ({ branch, targetBranch, title }) =>
            (branch?.test(found.branch) ?? true) &&
            (targetBranch?.test(found.targetBranch) ?? true) &&
            (title?.test(found.title) ?? true),
        ),
    )
    .map((found) => withValues(pullRequestParams(found, context.templating.go), generator.values, context.templating));
}

/** GitLab says `opened` where the others say `open`. */
function stateName(state: string): string {
  return state === 'opened' ? 'open' : state;
}

function stateOf(found: FixturePullRequest): string {
  return stateName(found.state);
}

function pullRequestParams(found: FixturePullRequest, go: boolean): Params {
  return {
    number: String(found.number),
    title: found.title,
    branch: found.branch,
    branch_slug: slug(found.branch),
    target_branch: found.targetBranch,
    target_branch_slug: slug(found.targetBranch),
    head_sha: found.headSha,
    head_short_sha: found.headSha.slice(0, SHORT_SHA),
    head_short_sha_7: found.headSha.slice(0, SHORTER_SHA),
    author: found.author,
    ...(go ? { labels: found.labels } : {}),
  };
}
