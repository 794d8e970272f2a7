import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FUNCTIONS, REFUSED_FUNCTIONS } from './functions.ts';
import { GoTemplateError, renderTemplate } from './index.ts';
import { expectFile } from './testing/expected-file.ts';
import { functionsPage } from './testing/functions-page.ts';

const data = {
  name: 'Shop One',
  count: 3n,
  big: 1000000,
  on: true,
  none: null,
  path: { path: 'a/b', basename: 'b', segments: ['a', 'b'] },
  labels: { z: '1', a: '2' },
  'odd-key': 'x',
};

describe('what the language does', () => {
  it.each([
    ['plain', 'plain'],
    ['{{.name}}', 'Shop One'],
    ['{{ .path.basename }}-{{ .count }}', 'b-3'],
    ['{{ index .path.segments 1 }}{{ index . "odd-key" }}', 'bx'],
    ['a {{- " b " -}} c', 'a b c'],
    ['a{{/* comment */}}b', 'ab'],
    ['{{if .on}}yes{{else}}no{{end}}', 'yes'],
    ['{{if not .on}}1{{else if eq .count 3}}2{{else}}3{{end}}', '2'],
    ['{{range $i, $x := .path.segments}}{{$i}}={{$x}};{{end}}', '0=a;1=b;'],
    ['{{range $k, $v := .labels}}{{$k}}{{$v}} {{end}}', 'a2 z1 '],
    ['{{range .none}}x{{else}}empty{{end}}', 'empty'],
    ['{{with .path}}{{.basename}}{{$.name}}{{end}}', 'bShop One'],
    ['{{with .none}}x{{else}}nothing{{end}}', 'nothing'],
    ['{{$x := "a"}}{{if true}}{{$x = "b"}}{{end}}{{$x}}', 'b'],
    ['{{.name | lower | replace " " "-"}}', 'shop-one'],
    ['{{printf "%s-%03d-%q" .path.basename 7 "x"}}', 'b-007-"x"'],
    ['{{.missing}}', '<no value>'],
    ['{{.big}} {{1000000}} {{.labels}} {{.path.segments}}', '1e+06 1000000 map[a:2 z:1] [a b]'],
    ['{{and .on .name}} {{or .none "d"}}', 'Shop One d'],
    ['{{(index .path.segments 0)}}{{len .name}}', 'a8'],
    ['{{ `raw "text"` }}', 'raw "text"'],
  ])('%s → %s', (template, expected) => {
    expect(renderTemplate(template, data)).toBe(expected);
  });
});

describe('what sprig does', () => {
  it.each([
    ['{{default "d" .none}}{{default "d" "x"}}', 'dx'],
    ['{{upper "a"}}{{title "a b"}}{{trim " a "}}{{trimPrefix "a" "ab"}}{{trimSuffix "b" "ab"}}', 'AA Baba'],
    ['{{trunc 3 "abcdef"}} {{trunc -2 "abcdef"}}', 'abc ef'],
    ['{{quote "a" 1}} {{squote "a"}}', '"a" "1" \'a\''],
    ['{{join "," (list 1 "a")}} {{splitList "," "a,b" | last}}', '1,a b'],
    ['{{dict "a" 1 | toJson}} {{hasKey .labels "a"}}', '{"a":1} true'],
    ['{{add 1 2 3}} {{sub 5 2}} {{mul 2 3}} {{div 7 2}} {{mod 7 2}}', '6 3 6 3 1'],
    ['{{max 1 3 2}} {{min 2 1 3}} {{max 2 2}}', '3 1 2'],
    ['{{ternary "y" "n" true}} {{coalesce "" "c"}} {{empty ""}}', 'y c true'],
    ['{{b64enc "é"}} {{b64dec "w6k="}}', 'w6k= é'],
    ['{{regexReplaceAll "(a)(b)" "xabx" "${2}${1}"}}', 'xbax'],
    ['{{normalize "Feature/ABC_x-"}} {{kebabcase "fooBar baz"}}', 'feature-abc-x foo-bar-baz'],
    [
      '{{slugify 50 false "feat/a_really+long_pull_request_name_to_test_argo_slugification"}}',
      'feat-a-really-long-pull-request-name-to-test-argo',
    ],
    ['{{slugify 50 true "feat/areallylongpullrequestnametotestargoslugificationandsomemore"}}', 'feat'],
    [
      '{{slugify 50 false "feat/areallylongpullrequestnametotestargoslugificationandsomemore"}}',
      'feat-areallylongpullrequestnametotestargoslugifica',
    ],
    ['{{toYaml (dict "b" 1 "a" (list 1))}}', 'a:\n- 1\nb: 1'],
    ['{{nindent 2 "a\\nb"}}', '\n  a\n  b'],
  ])('%s → %s', (template, expected) => {
    expect(renderTemplate(template, data)).toBe(expected);
  });
});

it('cd/A35 slugify cuts at a word when it is smart', () => {
  const long = 'feat/areallylongpullrequestnametotestargoslugificationandsomemore';
  const text = '{{slugify 50 false "feat/a_really+long_pull_request_name_to_test_argo_slugification"}}';
  expect(renderTemplate(text, {})).toBe('feat-a-really-long-pull-request-name-to-test-argo');
  expect(renderTemplate('{{slugify 50 true .}}', long)).toBe('feat');
  expect(renderTemplate('{{slugify 50 false .}}', long)).toBe('feat-areallylongpullrequestnametotestargoslugifica');
});

describe('what it refuses', () => {
  it.each([
    ['{{.missing}}', '1:3: map has no entry for key "missing"'],
    ['a\n {{.name.x}}', `2:9: can't evaluate field x in type string`],
    ['{{if .on}}', '{{if}} has no {{end}}'],
    ['{{end}}', 'unexpected {{end}}'],
    ['{{nope 1}}', 'function "nope" not defined'],
    ['{{env "HOME"}}', 'function "env" not defined'],
    ['{{"a}}', 'unterminated quoted string'],
    ['{{.name', 'unclosed action'],
    ['{{template "x"}}', 'template "x" not defined'],
    ['{{define "x"}}{{template "x"}}{{end}}{{template "x"}}', 'exceeded maximum template depth'],
    ['{{uuidv4}}', 'function "uuidv4" is not reproduced: it draws random numbers'],
    ['{{repeat 1000 (repeat 1000 "ab")}}', 'the result is too long'],
    ['{{range until 100000}}{{range until 100000}}{{end}}{{end}}', 'too many steps'],
    ['{{$_ := set .labels "a" "b"}}', 'set would change the parameters'],
    ['{{div 1 0}}', 'error calling div: runtime error: integer divide by zero'],
    ['{{fail "no"}}', 'error calling fail: no'],
    ['{{$x}}', 'undefined variable "$x"'],
    ['{{range 999999999}}{{range 999999999}}x{{end}}{{end}}', 'too'],
  ])('%s', (template, message) => {
    const run = () => renderTemplate(template, data, { missingKey: 'error' });
    expect(run).toThrow(GoTemplateError);
    expect(run).toThrow(message);
  });

  it('does not reach into the prototypes of data', () => {
    expect(renderTemplate('{{.constructor}} {{index .labels "toString"}}', data)).toBe('<no value> <no value>');
  });
});

/** What Argo CD's own libraries made of the same templates: Go's text/template with sprig 3, recorded once. */
const upstream = JSON.parse(readFileSync(`${import.meta.dirname}/testdata/upstream.json`, 'utf8')) as {
  data: unknown;
  cases: { template: string; gives?: string; fails?: boolean }[];
};

describe('what upstream does with the same template', () => {
  it.each(upstream.cases)('$template', ({ template, gives }) => {
    if (gives === undefined) expect(() => renderTemplate(template, upstream.data)).toThrow(GoTemplateError);
    else expect(renderTemplate(template, upstream.data)).toBe(gives);
  });
});

describe('any text at all', () => {
  /** More with FUZZ_RUNS=100000. */
  const numRuns = Number(process.env.FUZZ_RUNS ?? 400);
  const words = [
    '{{',
    '}}',
    '{{-',
    '-}}',
    '.',
    '.a',
    '$x',
    ':=',
    '=',
    '|',
    '(',
    ')',
    '"a"',
    '`',
    "'",
    '1',
    '1e9',
    'if',
    'else',
  ];
  const more = [
    'end',
    'range',
    'with',
    'define "t"',
    'template "t"',
    'block "t" .',
    'break',
    'continue',
    'and',
    'printf "%v"',
  ];
  const names = [...FUNCTIONS.keys()];
  const piece = fc.oneof(
    fc.constantFrom(...words, ...more, ' ', '\n', ','),
    fc.constantFrom(...names),
    fc.string({ maxLength: 3 }),
  );

  it('gives a text or a GoTemplateError with its place, never anything else', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), fc.boolean(), (pieces, wrapped) => {
        const template = wrapped ? `{{ ${pieces.join(' ')} }}` : pieces.join('');
        try {
          expect(typeof renderTemplate(template, { a: { b: ['x', 1, null] } })).toBe('string');
        } catch (error) {
          expect(error, template).toBeInstanceOf(GoTemplateError);
          expect((error as GoTemplateError).line).toBeGreaterThan(0);
        }
      }),
      { numRuns },
    );
  });

  it('refuses what is nested beyond measure instead of overflowing the stack', () => {
    for (const template of [`{{${'('.repeat(20_000)}`, '{{if .a}}'.repeat(20_000), '{{range .a}}'.repeat(20_000)]) {
      expect(() => renderTemplate(template, {})).toThrow(GoTemplateError);
    }
  });
});

it('docs/reference/template-functions.md lists every function (UPDATE_GOLDEN=1 writes it)', () => {
  const refused = Object.keys(REFUSED_FUNCTIONS).filter((name) => FUNCTIONS.has(name));
  expect(refused).toEqual([]);
  expectFile(new URL('../../../../docs/reference/template-functions.md', import.meta.url), functionsPage());
});
