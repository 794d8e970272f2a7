import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diskFileSystem } from '../cli/disk-files.ts';
import { memoryFileSystem } from '../engine/mechanism/lib/kustomize/index.ts';
import { expandSet } from './model/expand-set.ts';
import { jsonReport } from './report/json.ts';
import { junitReport } from './report/junit.ts';
import { sarifReport } from './report/sarif.ts';
import { reportLines } from './report/text.ts';
import { RULES } from './rules/index.ts';
import { checkTree } from './run.ts';
import { ACCOUNT, application, kustomization, PROJECT, SERVICE, workload } from './testing/objects.ts';
import { brief, findingsOf } from './testing/tree.ts';

const REPOSITORY = new URL('..', import.meta.url).pathname;

describe('this tree', () => {
  it('has no findings, and is read as Argo CD would read it', () => {
    const { findings, tree } = checkTree(diskFileSystem(REPOSITORY), {
      folder: 'pern-gitops',
      repositories: [],
      expandSet,
    });
    expect(brief(findings)).toEqual([]);
    expect(tree.deployments.filter(({ via }) => via === 'application').map(({ name }) => name)).toEqual([
      'root',
      'pern-app-development',
      'pern-app-production',
      'pern-app-staging',
    ]);
  });
});

describe('places', () => {
  const base = {
    'base/kustomization.yaml': kustomization('web.yaml', 'account.yaml'),
    'base/web.yaml': workload(),
    'base/account.yaml': ACCOUNT,
  };
  const overlay = (patch: string) => ({
    ...base,
    'staging/kustomization.yaml': 'resources: [../base]\npatches: [{path: patch.yaml}]\n',
    'staging/patch.yaml': patch,
  });

  it('are in the patch that sets the field', () => {
    const patch =
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: ghcr.io/shop/web:latest\n';
    expect(
      brief(
        findingsOf(
          overlay(patch),
          RULES.filter(({ id }) => id === 'images/tag'),
        ),
      ),
    ).toEqual(['staging/patch.yaml:9:11 images/tag image "ghcr.io/shop/web:latest" has the tag "latest", which moves']);
  });

  it('are in the kustomization that sets an image', () => {
    const files = {
      ...base,
      'staging/kustomization.yaml': 'resources: [../base]\nimages:\n  - name: ghcr.io/shop/web\n    newTag: latest\n',
    };
    expect(
      brief(
        findingsOf(
          files,
          RULES.filter(({ id }) => id === 'images/tag'),
        ),
      ),
    ).toEqual([expect.stringContaining('staging/kustomization.yaml:4:5 images/tag')]);
  });

  it('are told once for what several deployments share, with all of them', () => {
    const files = {
      ...base,
      'base/web.yaml': workload((text) => text.replace(':1.0.0', ':latest')),
      'a/kustomization.yaml': 'resources: [../base]\n',
      'b/kustomization.yaml': 'resources: [../base]\n',
    };
    const findings = findingsOf(
      files,
      RULES.filter(({ id }) => id === 'images/tag'),
    );
    expect(findings).toHaveLength(1);
    expect(findings[0]?.deployments).toEqual(['a', 'b']);
  });
});

describe('following applications', () => {
  it('goes from application to application, and leaves other repositories alone', () => {
    const files = {
      'root.yaml': application('root', 'apps'),
      'apps/kustomization.yaml': kustomization('web.yaml', 'project.yaml', 'chart.yaml'),
      'apps/project.yaml': PROJECT,
      'apps/web.yaml': application('web', 'web'),
      'apps/chart.yaml': application('chart', 'x').replace('path: x', 'chart: redis'),
      'web/service.yaml': SERVICE,
    };
    const { tree } = checkTree(memoryFileSystem(files), { folder: '', repositories: [], expandSet });
    expect(tree.deployments.map(({ name, via, elsewhere }) => [name, via, elsewhere.length])).toEqual([
      ['root', 'application', 0],
      ['chart', 'application', 1],
      ['web', 'application', 0],
      ['.', 'files', 0],
    ]);
  });

  it('does not follow an application that deploys itself for ever', () => {
    const files = { 'root.yaml': application('root', 'apps'), 'apps/root.yaml': application('root', 'apps') };
    expect(
      checkTree(memoryFileSystem(files), { folder: '', repositories: [], expandSet }).tree.deployments.length,
    ).toBeLessThan(4);
  });

  it('tells a set that cannot be expanded', () => {
    const set =
      'apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s, namespace: argocd}\nspec:\n  goTemplate: true\n  goTemplateOptions: [missingkey=error]\n  generators:\n    - list: {elements: [{name: a}]}\n  template:\n    metadata: {name: "{{.nmae}}"}\n    spec: {project: shop, source: {repoURL: x, path: y}, destination: {namespace: z}}\n';
    const { findings } = checkTree(memoryFileSystem({ 'set.yaml': set }), { folder: '', repositories: [], expandSet });
    expect(brief(findings)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^set\.yaml:7:3 rendering\/build the set cannot be expanded: .*nmae/),
      ]),
    );
  });
});

describe('suppressions', () => {
  const rules = RULES.filter(({ id }) => id === 'images/tag');
  const moving = (before: string) =>
    workload((text) => text.replace(/( +)image: .*/, `$1${before}\n$1image: ghcr.io/shop/web:latest`));

  it('accept the next line, with a reason', () => {
    const files = { 'web.yaml': moving('# pern-check: ignore images/tag -- the vendor has no other') };
    expect(brief(findingsOf(files, rules))).toEqual([]);
  });

  it('accept a document when they stand at its head', () => {
    const text = `# pern-check: ignore images/tag -- a playground\n${workload((web) => web.replace(':1.0.0', ':latest'))}`;
    expect(brief(findingsOf({ 'web.yaml': text }, rules))).toEqual([]);
    expect(
      brief(findingsOf({ 'web.yaml': `${text}---\n${workload((web) => web.replace(':1.0.0', ':edge'))}` }, rules)),
    ).toHaveLength(1);
  });

  it('are a finding without a reason, and when they accept nothing', () => {
    expect(brief(findingsOf({ 'web.yaml': moving('# pern-check: ignore images/tag') }, rules))).toEqual([
      'web.yaml:25:11 suppression/reason the suppression of images/tag gives no reason',
      expect.stringContaining('web.yaml:26:11 images/tag'),
    ]);
    expect(brief(findingsOf({ 'web.yaml': `# pern-check: ignore images/tag -- old\n${workload()}` }, rules))).toEqual([
      'web.yaml:1:1 suppression/unused nothing here violates images/tag',
    ]);
  });
});

describe('reports', () => {
  const files = {
    'web.yaml': workload((text) => text.replace(':1.0.0', ':latest').replace('replicas: 3', 'replica: 3')),
  };
  const result = checkTree(
    memoryFileSystem(files),
    { folder: '', repositories: [], expandSet },
    RULES.filter(({ id }) => /^(images\/tag|schema\/unknown-field)$/.test(id)),
  );
  const rules = RULES.filter(({ id }) => id.startsWith('images/'));

  it('are text with the line, the reason and the fix', () => {
    expect(
      reportLines(result)
        .map((line) => line.map(({ text }) => text).join(''))
        .join('\n'),
    ).toBe(
      [
        'web.yaml:7:3 error spec has no field replica [schema/unknown-field]',
        ' 7 |   replica: 3',
        '   |   ^',
        '  object  Deployment shop/web in .',
        '  fix     did you mean replicas?',
        '',
        'web.yaml:25:11 error image "ghcr.io/shop/web:latest" has the tag "latest", which moves [images/tag]',
        ' 25 |           image: ghcr.io/shop/web:latest',
        '    |           ^',
        '  object  Deployment shop/web in .',
        '  fix     name a version that is published once, or a digest',
        '',
        '2 errors, 0 warnings in 1 object of 1 deployment',
      ].join('\n'),
    );
  });

  it('are JSON, SARIF and JUnit for programs', () => {
    expect(JSON.parse(jsonReport(result))).toMatchObject({
      version: 1,
      findings: [
        { rule: 'schema/unknown-field', at: { file: 'web.yaml', line: 7, column: 3 } },
        { rule: 'images/tag' },
      ],
    });
    const sarif = JSON.parse(sarifReport(result, rules, '1.0.0'));
    expect(sarif.runs[0].results[1]).toMatchObject({
      ruleId: 'images/tag',
      level: 'error',
      locations: [
        { physicalLocation: { artifactLocation: { uri: 'web.yaml' }, region: { startLine: 25, startColumn: 11 } } },
      ],
    });
    expect(junitReport(result, rules)).toContain('<testsuite name="pern check: images" tests="2" failures="1">');
  });

  it('keep XML well-formed whatever the text', () => {
    const at = { file: 'a.yaml', line: 1, column: 1 };
    const xml = junitReport(
      { ...result, findings: [{ rule: 'images/tag', severity: 'error', at, message: '<&"\u0000]]>' }] },
      rules,
    );
    expect(xml).toContain('&lt;&amp;"�]]&gt;');
  });
});

describe('any input', () => {
  // More with PERN_CHECK_FUZZ_RUNS=10000.
  const RUNS = Number(process.env.PERN_CHECK_FUZZ_RUNS ?? 100);
  const TEXT = [workload(), SERVICE, ACCOUNT, application('a', '.'), PROJECT, kustomization('a.yaml', 'b.yaml')].join(
    '---\n',
  );
  const SCALARS = fc.oneof(
    fc.constantFrom(
      'null',
      '[]',
      '{}',
      '-1',
      '1e400',
      '"{{"',
      '!!binary aGk=',
      '&a [*a]',
      '2026-01-01',
      '"\\u0000"',
      '..',
      '../../etc',
    ),
    fc.string({ maxLength: 8 }),
  );

  it(
    'gives findings and never throws, however the lines of a tree are mangled',
    () => {
      const lines = TEXT.split('\n');
      const mangled = fc
        .array(
          fc.record({
            line: fc.nat(lines.length - 1),
            how: fc.constantFrom('drop', 'value', 'indent', 'repeat'),
            value: SCALARS,
          }),
          { minLength: 1, maxLength: 6 },
        )
        .map((edits) => {
          const copy = [...lines];
          for (const { line, how, value } of edits) {
            const text = copy[line] ?? '';
            if (how === 'drop') copy[line] = '';
            else if (how === 'value')
              copy[line] = text.includes(':') ? `${text.slice(0, text.indexOf(':'))}: ${value}` : value;
            else copy[line] = how === 'indent' ? `  ${text}` : `${text}\n${text}`;
          }
          return copy.join('\n');
        });
      fc.assert(
        fc.property(mangled, fc.string(), (text, other) => {
          const findings = findingsOf({
            'a.yaml': text,
            'b.yaml': other,
            'kustomization.yaml': kustomization('a.yaml'),
          });
          expect(findings.filter(({ rule }) => rule === 'internal/rule')).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    60_000 + RUNS * 50,
  );
});
