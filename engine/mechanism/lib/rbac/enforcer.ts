import { Enforcer as CasbinEnforcer, DefaultRoleManager, newModelFromString } from 'casbin';
import { compileGlob } from '../glob/glob.ts';
import { compileRegex } from '../regex/regex.ts';
import type { Permission, PolicyRule } from './policy.ts';

export type MatchMode = 'glob' | 'regex';

export interface Request {
  resource: string;
  action: string;
  object: string;
}

export interface Verdict {
  allowed: boolean;
  /** The line that allowed or denied; undefined when no line speaks of the request. */
  rule: Permission | undefined;
}

/** Argo CD's model: some line must allow, and none may deny (argo-cd.md §1.7). */
const MODEL = `
[request_definition]
r = sub, res, act, obj
[policy_definition]
p = sub, res, act, obj, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && globOrRegexMatch(r.res, p.res) && globOrRegexMatch(r.act, p.act) && globOrRegexMatch(r.obj, p.obj)
`;

/** Roles of roles are followed this far, as upstream's Casbin does. */
const ROLE_DEPTH_MAX = 10;
const VERDICTS_MAX = 10_000;
const SUBJECTS_MAX = 500;

type Match = (value: string, pattern: string) => boolean;

/** The lines that are about one subject. */
interface SubjectRules {
  casbin: CasbinEnforcer;
  permissions: readonly Permission[];
  /** The same lines as Casbin has them, in the same order. */
  lines: string[][];
}

/** A set of rules that can be asked. Immutable; a changed policy is a new enforcer. */
export class Enforcer {
  readonly rules: readonly PolicyRule[];
  readonly #roles = new DefaultRoleManager(ROLE_DEPTH_MAX);
  readonly #match: Match;
  readonly #permissions: readonly Permission[];
  readonly #members: ReadonlySet<string>;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #subjects = new Map<string, SubjectRules>();

  constructor(rules: readonly PolicyRule[], mode: MatchMode) {
    this.rules = rules;
    this.#match = mode === 'regex' ? matchesRegex : matchesGlob;
    this.#permissions = rules.filter((rule) => rule.type === 'p');
    const groupings = rules.filter((rule) => rule.type === 'g');
    this.#members = new Set(groupings.map(({ member }) => member));
    // Casbin's promises here are settled when they are returned: nothing is waited for.
    for (const { member, role } of groupings) this.#roles.addLink(member, role).catch(() => {});
  }

  /** Whether `subject` may do it, and which line says so. */
  enforce(subject: string, { resource, action, object }: Request): Verdict {
    const id = JSON.stringify([subject, resource, action, object]);
    const known = this.#verdicts.get(id);
    if (known !== undefined) return known;
    const { casbin, permissions, lines } = this.#about(subject);
    // Without any line Casbin asks the matcher about an empty one, which an empty regular expression would fit.
    const [allowed, line] = lines.length === 0 ? [false, []] : casbin.enforceExSync(subject, resource, action, object);
    const verdict = { allowed, rule: permissions[lines.indexOf(line)] };
    if (this.#verdicts.size >= VERDICTS_MAX) this.#verdicts.clear();
    this.#verdicts.set(id, verdict);
    return verdict;
  }

  /** Casbin asks every line whether it is about the subject, each time; it gets only those that are. */
  #about(subject: string): SubjectRules {
    const known = this.#subjects.get(subject);
    if (known !== undefined) return known;
    const permissions = this.#permissions.filter((rule) => this.hasRole(subject, rule.subject));
    const rules = { permissions, ...this.#load(permissions) };
    if (this.#subjects.size >= SUBJECTS_MAX) this.#subjects.clear();
    this.#subjects.set(subject, rules);
    return rules;
  }

  #load(permissions: readonly Permission[]): Pick<SubjectRules, 'casbin' | 'lines'> {
    const model = newModelFromString(MODEL);
    const policy = model.model.get('p')?.get('p');
    const grouping = model.model.get('g')?.get('g');
    if (policy === undefined || grouping === undefined) throw new Error('the RBAC model has no p and g sections');
    const lines = permissions.map(({ subject, resource, action, object, effect }) => [
      subject,
      resource,
      action,
      object,
      effect,
    ]);
    policy.policy = lines;
    grouping.rm = this.#roles;
    const casbin = new CasbinEnforcer();
    casbin.setModel(model);
    // Settled too.
    casbin.addFunction('globOrRegexMatch', this.#match).catch(() => {});
    return { casbin, lines };
  }

  /** Whether a `g` line has it as its member: only such groups of a user are asked (case cd/R15). */
  isMember(name: string): boolean {
    return this.#members.has(name);
  }

  hasRole(subject: string, role: string): boolean {
    return this.#roles.syncedHasLink(subject, role);
  }

  /**
   * The line that comes nearest to allowing the request for one of the subjects, for messages: the one with the most fields
   * that fit, and what does not. Undefined when no line of theirs even speaks of the resource.
   */
  nearest(subjects: readonly string[], request: Request): { rule: Permission; misses: string } | undefined {
    let best: { rule: Permission; misses: string; score: number } | undefined;
    for (const rule of this.#permissions) {
      if (rule.effect !== 'allow' || !subjects.some((subject) => this.hasRole(subject, rule.subject))) continue;
      if (!this.#match(request.resource, rule.resource)) continue;
      const misses = (['action', 'object'] as const).filter((field) => !this.#match(request[field], rule[field]));
      const score = misses.length === 0 ? 3 : misses.length === 1 ? (misses[0] === 'object' ? 2 : 1) : 0;
      if (best === undefined || score > best.score) best = { rule, misses: misses.join(' and '), score };
    }
    return best;
  }
}

function matchesGlob(value: string, pattern: string): boolean {
  return compileGlob(pattern)(value);
}

const EXPRESSIONS = new Map<string, (text: string) => boolean>();
const EXPRESSIONS_MAX = 1000;

/** Go's MatchString: found anywhere in the text. A pattern that does not compile matches nothing. */
function matchesRegex(value: string, pattern: string): boolean {
  let test = EXPRESSIONS.get(pattern);
  if (test === undefined) {
    test = testOf(pattern);
    if (EXPRESSIONS.size >= EXPRESSIONS_MAX) EXPRESSIONS.clear();
    EXPRESSIONS.set(pattern, test);
  }
  return test(value);
}

function testOf(pattern: string): (text: string) => boolean {
  try {
    const expression = compileRegex(pattern);
    return (text) => expression.test(text);
  } catch {
    return () => false;
  }
}
