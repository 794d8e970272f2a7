/** Policy text in Argo CD's CSV (argo-cd.md §1.7): lines `p, SUBJECT, RESOURCE, ACTION, OBJECT, EFFECT` and `g, MEMBER, ROLE`. */

export interface PolicySource {
  /** What to name in messages: `argocd-rbac-cm policy.csv`, a file, `AppProject shop`. */
  source: string;
  /** From 1. */
  line: number;
  /** The line as it is written, trimmed. */
  text: string;
}

export interface Permission extends PolicySource {
  type: 'p';
  subject: string;
  resource: string;
  action: string;
  object: string;
  /** `allow` or `deny`; anything else has no effect, as in Casbin. */
  effect: string;
}

export interface Grouping extends PolicySource {
  type: 'g';
  member: string;
  role: string;
}

export type PolicyRule = Permission | Grouping;

export interface PolicyProblem extends PolicySource {
  /** From 1. */
  column: number;
  message: string;
}

export interface ParsedPolicy {
  rules: PolicyRule[];
  problems: PolicyProblem[];
}

/** Reads policy text. Never throws; lines that are wrong are problems, the others rules. */
export function parsePolicy(text: string, source: string): ParsedPolicy {
  const parsed: ParsedPolicy = { rules: [], problems: [] };
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const at: PolicySource = { source, line: index + 1, text: line };
    const fields = parseFields(line);
    const rule = Array.isArray(fields) ? ruleOf(fields, at) : fields;
    if ('message' in rule)
      parsed.problems.push({ ...at, column: raw.indexOf(line) + 1 + rule.offset, message: rule.message });
    else parsed.rules.push(rule);
  }
  return parsed;
}

interface Malformed {
  message: string;
  offset: number;
}

function ruleOf(fields: readonly string[], at: PolicySource): PolicyRule | Malformed {
  const [type, first = '', second = '', third = '', fourth = '', fifth = ''] = fields;
  if (type === 'p' && fields.length === 6) {
    return { ...at, type, subject: first, resource: second, action: third, object: fourth, effect: fifth };
  }
  if (type === 'g' && fields.length === 3) return { ...at, type, member: first, role: second };
  return { message: `invalid RBAC policy: ${at.text} (${whyInvalid(type, fields.length)})`, offset: 0 };
}

function whyInvalid(type: string | undefined, count: number): string {
  if (type === 'p')
    return `a "p" line has 6 fields, this one has ${count}: p, subject, resource, action, object, effect`;
  if (type === 'g') return `a "g" line has 3 fields, this one has ${count}: g, member, role`;
  return 'a line begins with "p" or "g"';
}

/** One record of Go's encoding/csv with TrimLeadingSpace: quotes may enclose a whole field only, `""` is a quote in it. */
function parseFields(line: string): string[] | Malformed {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && /\s/.test(line[at] as string)) at++;
    if (line[at] !== '"') {
      const comma = line.indexOf(',', at);
      const field = line.slice(at, comma < 0 ? undefined : comma);
      const quote = field.indexOf('"');
      if (quote >= 0) return { message: 'a quote inside of an unquoted field', offset: at + quote };
      fields.push(field);
      if (comma < 0) return fields;
      at = comma + 1;
      continue;
    }
    const quoted = quotedField(line, at);
    if ('message' in quoted) return quoted;
    fields.push(quoted.value);
    if (quoted.end === line.length) return fields;
    at = quoted.end + 1;
  }
}

function quotedField(line: string, start: number): { value: string; end: number } | Malformed {
  let value = '';
  for (let at = start + 1; at < line.length; at++) {
    if (line[at] !== '"') value += line[at];
    else if (line[at + 1] === '"') {
      value += '"';
      at++;
    } else if (at + 1 === line.length || line[at + 1] === ',') return { value, end: at + 1 };
    else return { message: 'text after the closing quote of a field', offset: at + 1 };
  }
  return { message: 'a quoted field that is not closed', offset: start };
}

/**
 * The keys of `argocd-rbac-cm` that hold policy: `policy.csv`, then every other `policy.*.csv` in sorted order (case cd/R03).
 */
export function policyKeys(data: Readonly<Record<string, string>>): string[] {
  const more = Object.keys(data).filter(
    (key) => key.startsWith('policy.') && key.endsWith('.csv') && key !== 'policy.csv',
  );
  return [...('policy.csv' in data ? ['policy.csv'] : []), ...more.sort()];
}

/** How a rule is named in messages: `"p, role:dev, …" (argocd-rbac-cm policy.csv:3)`. */
export function ruleText(rule: PolicySource): string {
  return `"${rule.text}" (${rule.source}${rule.line === 0 ? '' : `:${rule.line}`})`;
}
