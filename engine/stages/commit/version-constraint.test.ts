import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { highestTag, isConstraint, parseConstraint, parseVersion, satisfies } from './version-constraint.ts';

interface Facts {
  versions: string[];
  valid: string[];
  constraints: Record<string, { isConstraint: boolean; matches?: string[] }>;
}

/** What Masterminds/semver 3.4.0 answers. */
const facts = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/version-constraints.json'), 'utf8')) as Facts;

describe('as Masterminds/semver', () => {
  it.each(facts.versions)('%j is a version or is none', (text) => {
    expect(parseVersion(text) !== undefined).toBe(facts.valid.includes(text));
  });

  it.each(Object.entries(facts.constraints))('%j', (text, { isConstraint: expected, matches }) => {
    expect(isConstraint(text)).toBe(expected);
    const constraint = parseConstraint(text);
    expect(constraint !== undefined).toBe(matches !== undefined);
    if (constraint === undefined) return;
    const met = facts.valid.filter((tag) => satisfies(constraint, parseVersion(tag)!));
    expect(met).toEqual(matches);
  });
});

it.each([
  ['1.*', 'v1.10.0'],
  ['>=1.0 <1.3', '1.2.0'],
  ['>=2', undefined],
  ['>=2.0.0-0', 'v2.0.0-rc.1'],
  ['main', undefined],
])('the highest tag for %j is %j', (revision, tag) => {
  expect(highestTag(revision, ['1.2.0', 'v1.10.0', 'v1.9.1', 'v2.0.0-rc.1', 'nightly'])).toBe(tag);
});

it('any text is a constraint or is none, quickly', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[-0-9vxX*.~^<>=!|, +a]{0,300}$/), (text) => {
      const constraint = parseConstraint(text);
      if (constraint !== undefined) satisfies(constraint, parseVersion('1.2.3')!);
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 500) },
  );
});
