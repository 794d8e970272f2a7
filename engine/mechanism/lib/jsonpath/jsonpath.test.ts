import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findJsonPath, JsonPathError } from './index.ts';

interface Cases {
  data: unknown;
  cases: { template: string; results?: unknown[][]; error?: string }[];
}

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata', 'cases.json'), 'utf8')) as Cases;

/** Go visits members in no order. */
const sorted = (results: unknown[][]) => results.map((list) => list.map((value) => JSON.stringify(value)).sort());

describe('the JSONPath dialect of kubectl finds what client-go 0.34 found', () => {
  it.each(recorded.cases)('$template', ({ template, results, error }) => {
    if (error === undefined) {
      expect(sorted(findJsonPath(template, recorded.data))).toEqual(sorted(results ?? []));
      return;
    }
    expect(() => findJsonPath(template, recorded.data)).toThrow(JsonPathError);
    expect(() => findJsonPath(template, recorded.data)).toThrow(error);
  });
});
