import { describe, expect, it } from 'vitest';
import { ExpositionError, formatExposition, parseExposition, parseMetadata } from './index.ts';

describe('parseExposition', () => {
  it('reads names, labels, escapes, values and timestamps', () => {
    const text = [
      '# HELP a_total Things.',
      '# TYPE a_total counter',
      'a_total{path="C:\\\\x\\n\\"q\\"",code="200",} 1.5e3 1700000000123',
      '',
      'b +Inf',
      'ns:c{ } NaN\r',
      'd -Inf',
    ].join('\n');
    const samples = parseExposition(text);
    expect(samples.map(({ name, labels, value, timestampMs }) => [name, labels, value, timestampMs])).toEqual([
      [
        'a_total',
        [
          ['path', 'C:\\x\n"q"'],
          ['code', '200'],
        ],
        1500,
        1700000000123,
      ],
      ['b', [], Infinity, undefined],
      ['ns:c', [], NaN, undefined],
      ['d', [], -Infinity, undefined],
    ]);
  });

  it('keeps the series text as written, so that equal text means an equal series', () => {
    expect(parseExposition('x{a="1"} 1\nx{a="1"} 2\n').map((sample) => sample.seriesText)).toEqual([
      'x{a="1"}',
      'x{a="1"}',
    ]);
  });

  it('reads quoted UTF-8 metric and label names', () => {
    const [sample] = parseExposition('{"foo.bar","a b"="c"} 1\n');
    expect([sample?.name, sample?.labels]).toEqual(['foo.bar', [['a b', 'c']]]);
  });

  it.each([
    ['ok 1\nx{a="1 2\n', 2, 'not closed'],
    ['ok 1\nok 2\nx{a=1} 2\n', 3, 'double quotes'],
    ['x{a="1",a="2"} 1\n', 1, 'given twice'],
    ['x{a="1"; b="2"} 1\n', 1, '"," or "}"'],
    ['x one\n', 1, '"one" is not a number'],
    ['x\n', 1, 'value is missing'],
    ['x 1 1.5\n', 1, 'whole milliseconds'],
    ['x 1 1 1\n', 1, 'nothing may follow'],
    ['1x 1\n', 1, 'metric name was expected'],
    ['x 1\n# EOF\n', 2, 'OpenMetrics'],
    ['x 1 # {id="1"} 2\n', 1, 'exemplars'],
    ['<!doctype html>\n', 1, 'metric name was expected'],
  ])('refuses %j naming the line', (text, line, problem) => {
    let error: unknown;
    try {
      parseExposition(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ExpositionError);
    expect((error as ExpositionError).line).toBe(line);
    expect((error as ExpositionError).message).toContain(problem);
  });
});

describe('formatExposition', () => {
  it('writes what parseExposition reads', () => {
    const text = formatExposition([
      {
        name: 'h_seconds',
        help: 'One\ntwo.',
        type: 'histogram',
        samples: [
          { suffix: '_bucket', labels: { le: '+Inf', a: 'x"\\\n' }, value: 3 },
          { suffix: '_sum', value: Infinity, timestampMs: 5 },
        ],
      },
    ]);
    expect(text).toBe(
      '# HELP h_seconds One\\ntwo.\n# TYPE h_seconds histogram\nh_seconds_bucket{a="x\\"\\\\\\n",le="+Inf"} 3\nh_seconds_sum +Inf 5\n',
    );
    expect(parseExposition(text)[0]?.labels).toEqual([
      ['a', 'x"\\\n'],
      ['le', '+Inf'],
    ]);
  });

  it('refuses names the format cannot carry', () => {
    expect(() => formatExposition([{ name: 'a-b', help: '', type: 'gauge', samples: [] }])).toThrow(
      '"a-b" is not a metric name',
    );
  });
});

it('parseMetadata reads types and help texts', () => {
  const text = '# HELP a_total Two\\nlines\n# TYPE a_total counter\na_total 1\n# TYPE b untyped\nb 2\n# other\n';
  expect([...parseMetadata(text)]).toEqual([
    ['a_total', { type: 'counter', help: 'Two\nlines' }],
    ['b', { type: 'unknown', help: '' }],
  ]);
});
