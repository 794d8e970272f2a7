import { relative, resolve } from 'node:path';
import type { Request } from '../../engine/mechanism/lib/rbac/enforcer.ts';
import {
  type PolicyProblem,
  type PolicyRule,
  parsePolicy,
  policyKeys,
} from '../../engine/mechanism/lib/rbac/policy.ts';
import {
  type ProjectWithRoles,
  parseProjectSubject,
  validateRoles,
} from '../../engine/mechanism/lib/rbac/project-roles.ts';
import { parseRbacConfig, Rbac, type RbacConfig } from '../../engine/mechanism/lib/rbac/rbac.ts';
import {
  PROJECT_SCOPED,
  pairProblem,
  RESOURCE_ACTIONS,
  resourceOf,
} from '../../engine/mechanism/lib/rbac/vocabulary.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { type PolicyText, readPolicyFile, readProjects, readRepositoryPolicy } from '../policy-files.ts';
import { span } from '../view/lines.ts';

export async function runRbacCan(invocation: Invocation): Promise<ExitCode> {
  const { arguments: words, options, terminal } = invocation;
  const [who = '', action = '', given = '', object = ''] = words;
  const resource = resourceOf(given);
  const problem = options.flag('no-strict') ? undefined : pairProblem(resource, action);
  if (problem !== undefined) throw new CliError({ what: `cannot decide this: ${problem}` });
  const { config, projects } = options.flag('live') ? await livePolicy(invocation) : filePolicy(invocation);
  for (const { source, line, column, message } of config.problems) {
    terminal.note([span('warning', 'warn'), span(`: ${source}:${line}:${column}: ${message}; the line is left out`)]);
  }
  const defaultRole = options.text('default-role') ?? config.defaultRole;
  const rbac = new Rbac({
    config: { ...config, defaultRole },
    project: (name) => projects.find((project) => project.metadata.name === name),
    withBuiltIn: !options.flag('no-builtin-policy'),
  });
  const isEvery = PROJECT_SCOPED.has(resource) && (object === '' || object === '*');
  const request: Request = { resource, action, object: isEvery ? '*/*' : object };
  const decision = rbac.decide({ sub: who }, request);
  if (options.text('output') === 'json')
    terminal.write(`${JSON.stringify({ who, ...request, ...decision }, undefined, 2)}\n`);
  else if (!options.flag('quiet')) {
    terminal.line([
      span(decision.allowed ? 'Yes' : 'No', decision.allowed ? 'ok' : 'bad'),
      span(`: ${decision.because}`),
    ]);
    if (decision.allowed) noteUnboundGroup(invocation, rbac, who);
  }
  return decision.allowed ? EXIT_CODES.ok : EXIT_CODES.finding;
}

/** A group's own "p" line counts here, as it does upstream, and for no user: that must not go unsaid. */
function noteUnboundGroup({ terminal }: Invocation, { config }: Rbac, who: string): void {
  const isGroup = who.includes(':') && !who.startsWith('role:') && parseProjectSubject(who) === undefined;
  const isBound = config.rules.some((rule) => rule.type === 'g' && rule.member === who);
  const isOwn = config.rules.some((rule) => rule.type === 'p' && rule.subject === who);
  if (!isGroup || isBound || !isOwn) return;
  terminal.note([
    span('warning', 'warn'),
    span(
      `: "${who}" looks like a group, and a group's own "p" line gives its users nothing; bind it with "g, ${who}, role:..."`,
    ),
  ]);
}

interface Policy {
  config: RbacConfig;
  projects: readonly ProjectWithRoles[];
}

function filePolicy(invocation: Invocation): Policy {
  const named = invocation.options.text('policy-file');
  const repository = optionalRepository(invocation, named !== undefined);
  const policy = named === undefined ? readRepositoryPolicy(repository as string) : readPolicyFile(resolve(named));
  const config = parseRbacConfig(policy?.data ?? {}, policy?.file ?? 'argocd-rbac-cm');
  return {
    config: policy === undefined ? config : placed(config, policy),
    projects: repository === undefined ? [] : readProjects(repository).map(({ project }) => project),
  };
}

/** With a policy file at hand a repository is welcome but not needed. */
function optionalRepository({ session }: Invocation, isOptional: boolean): string | undefined {
  try {
    return session.repository();
  } catch (error) {
    if (isOptional && error instanceof CliError) return undefined;
    throw error;
  }
}

async function livePolicy({ session }: Invocation): Promise<Policy> {
  const api = await session.api();
  const configMap = await api.find('ConfigMap', 'argocd', 'argocd-rbac-cm');
  const { items } = await api.list('AppProject.argoproj.io');
  return {
    config: parseRbacConfig((configMap?.data ?? {}) as Record<string, string>, 'argocd-rbac-cm'),
    projects: items as unknown as ProjectWithRoles[],
  };
}

/** Rules and problems with the lines of the file they stand in. */
function placed(config: RbacConfig, policy: PolicyText): RbacConfig {
  const place = <Item extends { source: string; line: number }>(item: Item): Item => {
    const key = item.source.slice(policy.file.length + 1);
    return { ...item, source: policy.file, line: policy.place(key, item.line).line };
  };
  return { ...config, rules: config.rules.map(place), problems: config.problems.map(place) };
}

export async function runRbacValidate(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal } = invocation;
  const named = options.text('policy-file');
  const repository = optionalRepository(invocation, named !== undefined);
  const policy = named === undefined ? readRepositoryPolicy(repository as string) : readPolicyFile(resolve(named));
  const { errors, warnings, rules } = policy === undefined ? NOTHING : policyFindings(policy);
  const projects = named !== undefined || repository === undefined ? [] : readProjects(repository);
  const roleErrors = projects.flatMap(({ file, project }) =>
    validateRoles(project.metadata.name, project.spec?.roles ?? []).map((message) => `${file}: ${message}`),
  );
  for (const text of warnings) terminal.note([span('warning', 'warn'), span(`: ${text}`)]);
  for (const text of [...errors, ...roleErrors]) terminal.line([span('error', 'bad'), span(`: ${text}`)]);
  const roles = projects.reduce((sum, { project }) => sum + (project.spec?.roles?.length ?? 0), 0);
  const count = errors.length + roleErrors.length;
  const file = policy === undefined ? 'no argocd-rbac-cm' : relative(process.cwd(), resolve(policy.file));
  if (count > 0) {
    terminal.note(
      `${count} ${count === 1 ? 'error' : 'errors'}; Argo CD refuses such a policy or leaves the project out`,
    );
    return EXIT_CODES.finding;
  }
  terminal.line(`Policy is valid: ${rules} rules (${file}), ${roles} project roles`);
  terminal.note('Next: pern rbac can WHO ACTION RESOURCE OBJECT');
  return EXIT_CODES.ok;
}

const NOTHING: { errors: string[]; warnings: string[]; rules: number } = { errors: [], warnings: [], rules: 0 };

function policyFindings(policy: PolicyText): typeof NOTHING {
  const parsed = policyKeys(policy.data).map((key) => ({ key, ...parsePolicy(policy.data[key] ?? '', key) }));
  const errors = parsed.flatMap(({ key, problems }) => problems.map((problem) => problemText(policy, key, problem)));
  const all = parsed.flatMap(({ rules }) => rules);
  const warnings = parsed.flatMap(({ key, rules }) =>
    rules.flatMap((rule) =>
      warningsOf(rule, all).map((why) => `${policy.file}:${policy.place(key, rule.line).line}: ${why}`),
    ),
  );
  const mode = policy.data['policy.matchMode'];
  if (mode !== undefined && mode !== 'glob' && mode !== 'regex') {
    warnings.push(`${policy.file}: policy.matchMode "${mode}" is neither glob nor regex; glob is used`);
  }
  return { errors, warnings, rules: all.length };
}

function problemText(policy: PolicyText, key: string, { line, column, message }: PolicyProblem): string {
  const at = policy.place(key, line);
  return `${policy.file}:${at.line}:${column + at.indent}: ${message}`;
}

/** What parses and probably does not mean what it was written for. */
function warningsOf(rule: PolicyRule, all: readonly PolicyRule[]): string[] {
  if (rule.type === 'g') {
    const isBuiltIn = rule.role === 'role:admin' || rule.role === 'role:readonly' || rule.role.startsWith('proj:');
    const isKnown = all.some((other) =>
      other.type === 'p' ? other.subject === rule.role : other.member === rule.role,
    );
    return isBuiltIn || isKnown ? [] : [`role "${rule.role}" has no policies, so its members get nothing from it`];
  }
  const warnings: string[] = [];
  if (rule.effect !== 'allow' && rule.effect !== 'deny')
    warnings.push(`effect "${rule.effect}" is neither allow nor deny, so the line has none`);
  const isPattern = /[*?[{\\]/.test(rule.resource);
  if (!isPattern && RESOURCE_ACTIONS[rule.resource] === undefined)
    warnings.push(`there is no resource "${rule.resource}"`);
  else if (!isPattern && !/[*?[{\\]/.test(rule.action)) {
    const problem = pairProblem(rule.resource, rule.action);
    if (problem !== undefined) warnings.push(problem);
  }
  return warnings;
}
