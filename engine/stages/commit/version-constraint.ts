/** A semantic version as Go's Masterminds/semver reads one: `v` and missing parts are allowed. */
export interface Version {
  /** Major, minor, patch. */
  numbers: readonly [number, number, number];
  prerelease: readonly string[];
}

/** Reads a tag as a version; undefined when it is none. Build metadata does not count in comparisons. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/.exec(
    text,
  );
  if (match === null) return undefined;
  const [, major, minor = '0', patch = '0', prerelease] = match;
  return {
    numbers: [Number(major), Number(minor), Number(patch)],
    prerelease: prerelease === undefined ? [] : prerelease.split('.'),
  };
}

/** Negative, zero or positive, by the rules of semantic versioning: a pre-release comes before its release. */
export function compareVersions(left: Version, right: Version): number {
  for (let at = 0; at < 3; at++) {
    const difference = (left.numbers[at] as number) - (right.numbers[at] as number);
    if (difference !== 0) return difference;
  }
  if (left.prerelease.length === 0 || right.prerelease.length === 0)
    return (left.prerelease.length === 0 ? 1 : 0) - (right.prerelease.length === 0 ? 1 : 0);
  for (let at = 0; at < Math.max(left.prerelease.length, right.prerelease.length); at++) {
    const difference = comparePart(left.prerelease[at], right.prerelease[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function comparePart(left: string | undefined, right: string | undefined): number {
  if (left === undefined || right === undefined) return (left === undefined ? 0 : 1) - (right === undefined ? 0 : 1);
  const [leftNumber, rightNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (leftNumber && rightNumber) return Number(left) - Number(right);
  if (leftNumber !== rightNumber) return leftNumber ? -1 : 1;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** One comparison: `parts` of the version were given, the rest is anything. */
interface Term {
  operator: string;
  version: Version;
  parts: 0 | 1 | 2 | 3;
}

/** Alternatives of comparisons that must all hold. */
export type VersionConstraint = readonly (readonly Term[])[];

const VERSION = '(v?[0-9xX*]+(?:\\.[0-9xX*]+)?(?:\\.[0-9xX*]+)?(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?)';
const OPERATOR = '(!=|>=|=>|<=|=<|~>|[=><~^]|)';
const TERM = new RegExp(`^[\\s,]*${OPERATOR}\\s*${VERSION}(?=[\\s,]|$)`);
const RANGE = new RegExp(`(^|\\s)${VERSION}\\s+-\\s+${VERSION}(?=\\s|$)`, 'g');
const LENGTH_MAX = 256;

/** Reads a constraint (`1.*`, `>=1.0 <2`, `^1.2 || 3.x`, `1.2 - 2.3`); undefined when the text is none. */
export function parseConstraint(text: string): VersionConstraint | undefined {
  if (text.trim() === '' || text.length > LENGTH_MAX) return undefined;
  const alternatives = text.split('||').map(parseTerms);
  return alternatives.every((terms) => terms !== undefined) ? (alternatives as VersionConstraint) : undefined;
}

function parseTerms(text: string): Term[] | undefined {
  let rest = text.replace(RANGE, (_, space: string, from: string, to: string) => `${space}>=${from} <=${to}`).trim();
  const terms: Term[] = [];
  while (rest !== '') {
    const match = TERM.exec(rest);
    if (match === null) return undefined;
    terms.push(term(match[1] as string, match[2] as string));
    rest = rest.slice(match[0].length).trim();
  }
  return terms.length === 0 ? undefined : terms;
}

function term(operator: string, text: string): Term {
  const [, core = '', suffix = ''] = /^v?([0-9xX*.]+)(.*)$/.exec(text) ?? [];
  const given = core.split('.');
  const wildcard = given.findIndex((part) => !/^\d+$/.test(part));
  const parts = wildcard < 0 ? given.length : wildcard;
  const numbers = [0, 1, 2].map((at) => (at < parts ? Number(given[at]) : 0));
  const version = parseVersion(`${numbers.join('.')}${suffix}`) ?? { numbers: [0, 0, 0], prerelease: [] };
  return { operator, version, parts: parts as Term['parts'] };
}

/** True when a version meets the constraint. Pre-releases count only where an alternative names one. */
export function satisfies(constraint: VersionConstraint, version: Version): boolean {
  return constraint.some((terms) => {
    const names = terms.some((item) => item.version.prerelease.length > 0);
    if (version.prerelease.length > 0 && !names) return false;
    return terms.every((item) => meets(item, version));
  });
}

function meets({ operator, version: bound, parts }: Term, version: Version): boolean {
  const order = compareVersions(version, bound);
  const same = (count: number) => version.numbers.slice(0, count).every((part, at) => part === bound.numbers[at]);
  /** As far as parts are given: `1.2` stands for all of 1.2.x. */
  const partial = parts === 0 || parts === 3 ? order : same(parts) ? 0 : order;
  switch (operator) {
    case '':
    case '=':
      return parts === 3 ? order === 0 : order >= 0 && same(parts);
    case '!=':
      return parts === 3 || parts === 0 ? order !== 0 : !same(parts);
    case '>':
      return partial > 0;
    case '<':
      return order < 0;
    case '>=':
    case '=>':
      return order >= 0;
    case '<=':
    case '=<':
      return partial <= 0;
    case '~':
    case '~>':
      return order >= 0 && same(Math.min(parts, 2));
    default:
      return order >= 0 && parts > 0 && same(caretParts(bound, parts));
  }
}

/** `^` holds fixed everything up to the first part that is not zero. */
function caretParts({ numbers: [major, minor] }: Version, parts: number): number {
  if (major > 0 || parts === 1) return 1;
  return minor > 0 || parts === 2 ? 2 : 3;
}

/** Whether a revision is a constraint: it is no version itself, and reads as one (argo-cd.md §11.3). */
export function isConstraint(revision: string): boolean {
  return parseVersion(revision) === undefined && parseConstraint(revision) !== undefined;
}

/** The highest of the tags that meet the constraint; undefined when it is none, or nothing does. */
export function highestTag(revision: string, tags: readonly string[]): string | undefined {
  const constraint = isConstraint(revision) ? parseConstraint(revision) : undefined;
  if (constraint === undefined) return undefined;
  let highest: { tag: string; version: Version } | undefined;
  for (const tag of tags) {
    const version = parseVersion(tag);
    if (version === undefined || !satisfies(constraint, version)) continue;
    if (highest === undefined || compareVersions(version, highest.version) > 0) highest = { tag, version };
  }
  return highest?.tag;
}
