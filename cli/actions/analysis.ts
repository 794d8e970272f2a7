import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { AnalysisTemplate } from '../../engine/stages/analysis/types.ts';
import { type MetricProbe, probeTemplate } from '../../rehearse/analysis/probe.ts';
import { type AnalysisTestResult, runAnalysisTest } from '../../rehearse/analysis/run-test.ts';
import { parseAnalysisTests } from '../../rehearse/analysis/test-file.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { analysisTestLines, probeLines } from '../view/analysis-tests-text.ts';
import { explained } from './rehearse.ts';

export async function runAnalysisTests({ arguments: files, options, terminal }: Invocation): Promise<ExitCode> {
  const results: AnalysisTestResult[] = [];
  const probes: MetricProbe[] = [];
  for (const file of files) {
    const text = read(file);
    const templates = templatesIn(file, text);
    if (templates.length > 0) probes.push(...templates.flatMap(probeTemplate));
    else results.push(...runFile(file, text));
  }
  if (options.text('output') === 'json') {
    const tests = results.map(({ test, failures, phase, metrics }) => ({
      name: test.name,
      ...test.at,
      ok: failures.length === 0,
      failures,
      phase,
      metrics,
    }));
    terminal.write(`${JSON.stringify({ version: 1, tests, probes }, undefined, 2)}\n`);
  } else {
    terminal.lines(analysisTestLines(results));
    terminal.lines(probeLines(probes, options.count('requests-per-second')));
    terminal.note('Next: pern rehearse');
  }
  return results.every(({ failures }) => failures.length === 0) ? EXIT_CODES.ok : EXIT_CODES.finding;
}

function runFile(file: string, text: string): AnalysisTestResult[] {
  const { templates: paths, tests } = explained(() => parseAnalysisTests(file, text));
  const templates = paths.flatMap((path) => {
    const full = join(dirname(file), path);
    const found = templatesIn(full, read(full));
    if (found.length > 0) return found;
    throw new CliError({
      what: `${full} has no analysis template`,
      where: file,
      fix: 'name a file with AnalysisTemplate or ClusterAnalysisTemplate objects',
    });
  });
  return tests.map((test) => runAnalysisTest(test, templates));
}

function templatesIn(file: string, text: string): AnalysisTemplate[] {
  return parseAllDocuments(text, { merge: true }).flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      const { line = 1, col = 1 } = problem.linePos?.[0] ?? {};
      throw new CliError({
        what: problem.message.split('\n')[0] ?? 'this is no YAML',
        where: `${file}:${line}:${col}`,
        fix: 'correct the file',
      });
    }
    const value = document.toJS() as { kind?: string; spec?: unknown } | null;
    const isTemplate = value?.kind === 'AnalysisTemplate' || value?.kind === 'ClusterAnalysisTemplate';
    return isTemplate && typeof value?.spec === 'object' ? [value as unknown as AnalysisTemplate] : [];
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError({
      what: `${file} cannot be read`,
      why: (error as Error).message,
      fix: 'name a test file or a file of templates',
    });
  }
}
