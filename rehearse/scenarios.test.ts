import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { htmlReport } from './report/html.ts';
import { jsonReport, junitReport, sarifReport } from './report/machine-formats.ts';
import { markdownReport } from './report/markdown.ts';
import { textReport } from './report/text.ts';
import type { Facts } from './run/facts.ts';
import { runScenario } from './run/runner.ts';
import { parseScenario } from './scenario/parse.ts';
import { scenarioSchema } from './scenario/schema.ts';
import { ownTree, REPOSITORY } from './testing/tree.ts';

const FOLDER = join(REPOSITORY, 'scenarios');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
/** Wall-clock limits only end a test that hangs; nothing is judged by them. */
const TIMEOUT_MS = 300_000;

const read = (name: string) => parseScenario(`scenarios/${name}`, readFileSync(join(FOLDER, name), 'utf8'));
const played = new Map<string, Facts>();

function play(name: string): Facts {
  const known = played.get(name);
  if (known !== undefined) return known;
  const facts = runScenario(read(name), ownTree());
  played.set(name, facts);
  return facts;
}

describe('the ready scenarios, on the tree of this repository', { timeout: TIMEOUT_MS }, () => {
  it('there are at least the sixteen that were promised', () => {
    expect(FILES.length).toBeGreaterThanOrEqual(16);
  });

  it.each(FILES)('%s goes as it expects', (name) => {
    const facts = play(name);
    expect(facts.checks.length).toBeGreaterThan(0);
    expect(facts.checks.filter(({ ok }) => !ok).map(({ text, got }) => `${text}: ${got}`)).toEqual([]);
  });

  it('the same scenario and seed tell the same story, another seed takes the same decisions', () => {
    const name = 'errors-8-percent.yaml';
    const again = runScenario(read(name), ownTree());
    expect(jsonReport([{ facts: again }])).toBe(jsonReport([{ facts: play(name) }]));
    const other = runScenario({ ...read(name), seed: 99 }, ownTree());
    expect(
      other.releases.map(({ outcome, weights }) => [outcome, weights.map(({ weightPercent }) => weightPercent)]),
    ).toEqual(
      again.releases.map(({ outcome, weights }) => [outcome, weights.map(({ weightPercent }) => weightPercent)]),
    );
  });

  it('users see no more wrong answers than the weight and the error rate allow', () => {
    const [release] = play('errors-8-percent.yaml').releases;
    const { requests, wrongAnswers, users } = release?.exposure ?? { requests: 0, wrongAnswers: 0, users: 0 };
    expect(requests).toBeGreaterThan(100);
    expect(wrongAnswers).toBeCloseTo(requests * 0.08, 3);
    expect(users).toBeGreaterThan(0);
  });

  it('all reports tell the outcome; an expectation that is not met fails in each', () => {
    const facts = play('errors-8-percent.yaml');
    const text = textReport(facts)
      .map((line) => line.map((span) => span.text).join(''))
      .join('\n');
    expect(text).toMatch(/^✓ Eight percent[^\n]*\n {2}backend 1\.1\.0 aborted in production after \d+ (s|min)/);
    expect(text).toContain('error-rate');
    const run = (expectedOutcome: 'promoted' | 'aborted') => ({
      facts: runScenario(
        {
          ...read('errors-8-percent.yaml'),
          expect: [{ environment: 'production', component: 'backend', outcome: expectedOutcome }],
        },
        ownTree(),
      ),
    });
    const bad = [run('promoted')];
    expect(JSON.parse(jsonReport(bad))).toMatchObject({ version: 1, ok: false });
    expect(junitReport(bad)).toMatch(/failures="1"[\s\S]*<failure message="aborted: RolloutAborted/);
    const sarif = JSON.parse(sarifReport(bad, '0.1.0')) as { runs: { results: unknown[] }[] };
    expect(sarif.runs[0]?.results).toHaveLength(1);
    expect(markdownReport(bad)).toMatch(/^## ❌ Rehearsal: 1 of 1/);
    const html = htmlReport(bad);
    expect(html.match(/<svg /g)?.length).toBeGreaterThan(4);
    expect(html).not.toMatch(/<script|<link|https?:\/\/(?!.*schemastore)/);
  });
});

it('scenarios/schema.json is made from the shapes', () => {
  const file = join(FOLDER, 'schema.json');
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, scenarioSchema());
  // Compared as data: the formatter has its own idea of lines.
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(scenarioSchema()));
});
