import { BUILT_IN_RULES } from './built-in.ts';
import { Enforcer, type MatchMode, type Request } from './enforcer.ts';
import {
  type ParsedPolicy,
  type Permission,
  type PolicyProblem,
  type PolicyRule,
  parsePolicy,
  policyKeys,
  ruleText,
} from './policy.ts';
import { type ProjectWithRoles, parseProjectSubject, projectPolicy } from './project-roles.ts';
import { PROJECT_SCOPED } from './vocabulary.ts';

/** What `argocd-rbac-cm` says. */
export interface RbacConfig {
  rules: readonly PolicyRule[];
  problems: readonly PolicyProblem[];
  /** `policy.default`, or empty. */
  defaultRole: string;
  matchMode: MatchMode;
  /** Claims of a token that hold groups. */
  scopes: readonly string[];
}

/** Who asks: the claims of a token. */
export interface Claims {
  sub?: string;
  /** Seconds since the epoch. */
  iat?: number;
  [claim: string]: unknown;
}

export interface Decision {
  allowed: boolean;
  /** Which line decided: `"p, …" (argocd-rbac-cm policy.csv:3)`, or that none speaks of it and which comes nearest. */
  because: string;
}

/** Reads the data of `argocd-rbac-cm`. Throws nothing: what is wrong with it is in `problems`. */
export function parseRbacConfig(data: Readonly<Record<string, string>>, source: string): RbacConfig {
  const parsed = policyKeys(data).map((key) => parsePolicy(data[key] ?? '', `${source} ${key}`));
  return {
    rules: parsed.flatMap(({ rules }) => rules),
    problems: parsed.flatMap(({ problems }) => problems),
    defaultRole: data['policy.default'] ?? '',
    matchMode: data['policy.matchMode'] === 'regex' ? 'regex' : 'glob',
    scopes: scopesOf(data.scopes),
  };
}

/** A list in YAML's short form, `[groups, email]`. Anything else stands for the default. */
function scopesOf(text: string | undefined): string[] {
  const inner = /^\s*\[(.*)\]\s*$/s.exec(text ?? '')?.[1];
  if (inner === undefined) return ['groups'];
  return inner
    .split(',')
    .map((part) => part.trim().replace(/^(['"])(.*)\1$/, '$2'))
    .filter((part) => part !== '');
}

/**
 * Argo CD's decision about a request (argo-cd.md §1.7, cases cd/R04-R15): the default role first, then the subject and the groups
 * of the claims, under the built-in policy, `argocd-rbac-cm` and the roles of the project the request is about.
 */
export class Rbac {
  readonly config: RbacConfig;
  readonly #base: readonly PolicyRule[];
  readonly #project: (name: string) => ProjectWithRoles | undefined;
  /** By project: one that was changed is another object. */
  readonly #enforcers = new WeakMap<object, Enforcer>();

  constructor(parts: {
    config: RbacConfig;
    /** An AppProject by its name. */
    project: (name: string) => ProjectWithRoles | undefined;
    /** Default true. */
    withBuiltIn?: boolean;
  }) {
    this.config = parts.config;
    this.#base = [...(parts.withBuiltIn === false ? [] : BUILT_IN_RULES), ...parts.config.rules];
    this.#project = parts.project;
  }

  /** `subject` is a role, an account, a group (as in `rbac can`), or the claims of a token. */
  decide(subject: string | Claims, request: Request): Decision {
    if (typeof subject === 'string') return this.#ask(this.#enforcer(undefined), [subject], request);
    const user = userOf(subject);
    const project = this.#projectOf(request);
    const token = parseProjectSubject(user);
    if (project !== undefined && token !== undefined) {
      if (token.project === project.metadata.name) return this.#ask(this.#enforcer(project), [user], request);
      const known = this.#ask(this.#enforcer(undefined), [''], request);
      return known.allowed ? known : { allowed: false, because: `the token is for project ${token.project}` };
    }
    const enforcer = this.#enforcer(project);
    const groups = groupsOf(subject, this.config.scopes);
    const asked = [user, ...groups.filter((group) => enforcer.isMember(group))];
    const decision = this.#ask(enforcer, asked, request);
    if (decision.allowed) return decision;
    return refused(() => {
      const ignored = groups.filter((group) => !asked.includes(group) && enforcer.enforce(group, request).allowed);
      if (ignored.length === 0) return decision.because;
      const why = `group ${ignored.join(', ')} has a "p" line of its own, which counts for users only when a "g" line binds the group to a role`;
      return `${decision.because}; ${why}`;
    });
  }

  #ask(enforcer: Enforcer, subjects: readonly string[], request: Request): Decision {
    const { defaultRole } = this.config;
    if (defaultRole !== '') {
      const { allowed, rule } = enforcer.enforce(defaultRole, request);
      if (allowed) return { allowed, because: `default role ${defaultRole}, ${named(rule)}` };
    }
    let denied: Permission | undefined;
    for (const subject of subjects) {
      const { allowed, rule } = enforcer.enforce(subject, request);
      if (allowed) return { allowed, because: named(rule) };
      denied ??= rule;
    }
    return refused(() => {
      if (denied !== undefined) return `denied by ${ruleText(denied)}`;
      return noRule(enforcer, defaultRole === '' ? subjects : [...subjects, defaultRole], request);
    });
  }

  #projectOf({ resource, object }: Request): ProjectWithRoles | undefined {
    if (resource === 'projects') return this.#project(object);
    const slash = object.indexOf('/');
    return PROJECT_SCOPED.has(resource) && slash >= 0 ? this.#project(object.slice(0, slash)) : undefined;
  }

  /** A project whose policy does not parse adds nothing, as upstream falls back. */
  #enforcer(project: ProjectWithRoles | undefined): Enforcer {
    const key = project ?? this.#base;
    const kept = this.#enforcers.get(key);
    if (kept !== undefined) return kept;
    const own: ParsedPolicy = project === undefined ? { rules: [], problems: [] } : projectPolicy(project);
    const rules = own.problems.length > 0 ? [] : own.rules;
    const enforcer = new Enforcer([...this.#base, ...rules], this.config.matchMode);
    this.#enforcers.set(key, enforcer);
    return enforcer;
  }
}

/** A refusal. Why is worked out when somebody reads it: lists ask about thousands of objects and read none. */
function refused(why: () => string): Decision {
  return {
    allowed: false,
    get because() {
      return why();
    },
  };
}

function named(rule: Permission | undefined): string {
  return rule === undefined ? 'no line' : ruleText(rule);
}

function noRule(enforcer: Enforcer, subjects: readonly string[], request: Request): string {
  const near = enforcer.nearest(subjects, request);
  if (near === undefined)
    return `no policy line gives ${subjects.join(', ') || 'nobody'} anything on ${request.resource}`;
  return `no policy allows it; nearest: ${ruleText(near.rule)}, which does not cover the ${near.misses}`;
}

/** The user of the claims: Dex keeps its own id in `federated_claims.user_id`. */
export function userOf(claims: Claims): string {
  const federated = claims.federated_claims;
  const id =
    typeof federated === 'object' && federated !== null ? (federated as { user_id?: unknown }).user_id : undefined;
  return typeof id === 'string' && id !== '' ? id : (claims.sub ?? '');
}

/** The groups of the claims, in the order of the scopes. A claim is a list of texts or one text. */
export function groupsOf(claims: Claims, scopes: readonly string[]): string[] {
  return scopes.flatMap((scope) => {
    const value = claims[scope];
    if (Array.isArray(value)) return value.filter((item): item is string => typeof item === 'string');
    return typeof value === 'string' ? [value] : [];
  });
}

/** `permission denied: RESOURCE, ACTION, OBJECT, sub: …, iat: …; why` (cases cd/R05, cd/R06). */
export function deniedText(subject: string | Claims, { resource, action, object }: Request, because: string): string {
  return `${deniedParts(subject, [resource, action, object])}; ${because}`;
}

/** The first part of a refusal, as upstream words it. */
export function deniedParts(subject: string | Claims, parts: readonly string[]): string {
  const texts = [...parts];
  if (typeof subject !== 'string') {
    const user = userOf(subject);
    if (user !== '') texts.push(`sub: ${user}`);
    if (typeof subject.iat === 'number')
      texts.push(`iat: ${new Date(subject.iat * 1000).toISOString().replace('.000Z', 'Z')}`);
  }
  return `permission denied: ${texts.join(', ')}`;
}
