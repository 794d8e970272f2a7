import { readSource } from '../../check/model/source.ts';
import { parseSeriesLine } from '../../engine/mechanism/lib/promql/conformance-script.ts';
import { ScenarioError } from '../scenario/parse.ts';
import { type Problem, readShape, type Shape } from '../scenario/shape.ts';

/** A file of tests of analysis templates. Lengths of time are milliseconds. */
export interface AnalysisTestFile {
  file: string;
  templates: readonly string[];
  tests: readonly AnalysisTest[];
}

export interface AnalysisTest {
  name: string;
  at: { file: string; line: number; column: number };
  template: string;
  args: Readonly<Record<string, string>>;
  /** Between two values of the input series. */
  intervalMs: number;
  /** When the run begins, since the first value. */
  startMs: number;
  /** How long the run may go on; a background analysis is ended then. */
  forMs: number;
  series: readonly ReturnType<typeof parseSeriesLine>[];
  expect: {
    phase: string;
    message?: string;
    metrics?: Readonly<Record<string, { phase?: string; measurements?: readonly string[] }>>;
  };
}

const PHASES = ['Successful', 'Failed', 'Error', 'Inconclusive', 'Running'];
const PHASE: Shape = { is: 'choice', of: PHASES };
const TEXT: Shape = { is: 'text' };

const SHAPE: Shape = {
  is: 'record',
  fields: {
    templates: {
      shape: { is: 'list', of: TEXT },
      summary: 'files with templates, from the folder of this file',
      required: true,
    },
    tests: {
      summary: 'the tests',
      required: true,
      shape: {
        is: 'list',
        of: {
          is: 'record',
          fields: {
            name: { shape: TEXT, summary: 'what it shows', required: true },
            template: { shape: TEXT, summary: 'name of the template', required: true },
            args: { shape: { is: 'map', keys: 'arguments', of: TEXT }, summary: 'argument → value' },
            interval: { shape: { is: 'duration' }, summary: 'between two values (default 15s)' },
            start: { shape: { is: 'duration' }, summary: 'when the run begins (default 5m)' },
            for: { shape: { is: 'duration' }, summary: 'how long it may go on (default 1h)' },
            input_series: {
              summary: 'as in promtool test rules',
              shape: {
                is: 'list',
                of: {
                  is: 'record',
                  fields: {
                    series: { shape: TEXT, summary: 'name and labels', required: true },
                    values: { shape: TEXT, summary: 'such as 0+10x40', required: true },
                  },
                },
              },
            },
            expect: {
              summary: 'what must come of it',
              required: true,
              shape: {
                is: 'record',
                fields: {
                  phase: { shape: PHASE, summary: 'of the run', required: true },
                  message: { shape: TEXT, summary: "text that the run's message contains" },
                  metrics: {
                    summary: 'by metric',
                    shape: {
                      is: 'map',
                      keys: 'metrics',
                      of: {
                        is: 'record',
                        fields: {
                          phase: { shape: PHASE, summary: 'of the metric' },
                          measurements: {
                            shape: { is: 'list', of: PHASE },
                            summary: 'phase of each measurement, in order',
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

/** Throws ScenarioError with all mistakes and their places. */
export function parseAnalysisTests(file: string, text: string): AnalysisTestFile {
  const source = readSource(file, text);
  if (source.problems.length > 0) throw new ScenarioError(source.problems);
  const [document] = source.documents;
  if (document === undefined)
    throw new ScenarioError([{ at: { file, line: 1, column: 1 }, message: 'the file is empty' }]);
  const problems: Problem[] = [];
  const read = readShape(document.value, SHAPE, [], { placeOf: document.placeOf, problems });
  if (problems.length > 0) throw new ScenarioError(problems);
  const { templates, tests } = read as { templates: string[]; tests: Record<string, never>[] };
  const result = tests.map((test, index): AnalysisTest => {
    const lines = (test.input_series ?? []) as { series: string; values: string }[];
    const series = lines.flatMap(({ series: name, values }, at) => {
      try {
        return [parseSeriesLine(`${name} ${values}`, 1)];
      } catch (error) {
        const place = document.placeOf(['tests', index, 'input_series', at]);
        problems.push({ at: place, message: (error as Error).message.replace(/^line 1: /, '') });
        return [];
      }
    });
    return {
      name: test.name as unknown as string,
      at: document.placeOf(['tests', index]),
      template: test.template as unknown as string,
      args: (test.args ?? {}) as Record<string, string>,
      intervalMs: (test.interval as number | undefined) ?? 15_000,
      startMs: (test.start as number | undefined) ?? 300_000,
      forMs: (test.for as number | undefined) ?? 3_600_000,
      series,
      expect: test.expect as unknown as AnalysisTest['expect'],
    };
  });
  if (problems.length > 0) throw new ScenarioError(problems);
  return { file, templates, tests: result };
}
