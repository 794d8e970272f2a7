import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { AnalysisTemplate } from '../../engine/stages/analysis/types.ts';
import { REPOSITORY } from '../testing/tree.ts';
import { probeTemplate } from './probe.ts';
import { runAnalysisTest } from './run-test.ts';
import { parseAnalysisTests } from './test-file.ts';

const TEMPLATE = `
kind: ClusterAnalysisTemplate
metadata: { name: ok }
spec:
  args: [{ name: job }, { name: count, value: "3" }]
  metrics:
    - name: good
      interval: 1m
      count: "{{args.count}}"
      failureLimit: 1
      successCondition: len(result) == 0 || result[0] >= 0.9
      failureCondition: len(result) > 0 && result[0] < 0.8
      provider: { prometheus: { address: http://p, query: 'good{job="{{args.job}}"}' } }
`;
const templates = [parseAllDocuments(TEMPLATE)[0]?.toJS() as AnalysisTemplate];

const resultOf = (values: string, expected: string) => {
  const text = `templates: [t.yaml]\ntests:\n  - name: t\n    template: ok\n    args: { job: a }\n    interval: 1m\n    start: 2m\n    input_series: [{ series: 'good{job="a"}', values: '${values}' }]\n    expect: ${expected}\n`;
  const [test] = parseAnalysisTests('f.yaml', text).tests;
  if (test === undefined) throw new Error('no test');
  return runAnalysisTest(test, templates);
};

describe('pern analysis test', () => {
  it('measures the series as the controller would', () => {
    expect(
      resultOf(
        '0.95x9',
        '{ phase: Successful, metrics: { good: { measurements: [Successful, Successful, Successful] } } }',
      ).failures,
    ).toEqual([]);
    expect(resultOf('0.95x2 0.5x9', '{ phase: Failed, message: "failed (2) > failureLimit (1)" }').failures).toEqual(
      [],
    );
    expect(resultOf('0.85x9', '{ phase: Inconclusive }').failures).toEqual([]);
  });

  it('says what came instead', () => {
    const { failures } = resultOf(
      '0.95x9',
      '{ phase: Failed, metrics: { godo: {}, good: { measurements: [Failed] } } }',
    );
    expect(failures).toEqual([
      'the run is Successful, expected Failed',
      'there is no metric "godo"; did you mean "good"?',
      'good measured Successful [0.95], Successful [0.95], Successful [0.95]; expected Failed',
    ]);
  });

  it('probes both sides of each threshold, and finds gaps and missing guards', () => {
    const [probe] = probeTemplate(templates[0] as AnalysisTemplate);
    expect(probe?.thresholds).toEqual([0.8, 0.9]);
    expect(probe?.probes.map(({ phase }) => phase)).toEqual([
      ...['Failed', 'Inconclusive', 'Inconclusive', 'Inconclusive', 'Successful', 'Successful'],
      ...['Successful', 'Inconclusive', 'Successful', 'Failed'],
    ]);
    expect(probe?.findings).toContain('between 0.8 and 0.9 it is neither good nor bad: the release stops there');
  });

  it('finds nothing wrong with our own templates', () => {
    for (const name of ['analysis-template.yaml', 'frontend-analysis-template.yaml']) {
      const text = readFileSync(join(REPOSITORY, 'pern-gitops/projects', name), 'utf8');
      const own = parseAllDocuments(text).map((document) => document.toJS() as AnalysisTemplate);
      expect(own.flatMap(probeTemplate).flatMap(({ findings }) => findings)).toEqual([]);
    }
  });
});
