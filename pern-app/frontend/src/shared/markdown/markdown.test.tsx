import fc from 'fast-check';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import { Markdown } from './markdown.tsx';

const html = (text: string) => renderToStaticMarkup(<Markdown text={text} />);

describe('what authors write', () => {
  test.each([
    ['one\ntwo\n\nthree', '<p>one\ntwo</p><p>three</p>'],
    ['# A\n### B ##\n####### C', '<h2>A</h2><h4>B</h4><p>####### C</p>'],
    [
      '**a** and *b* and ***c*** and __d__ and _e_ and ~~f~~',
      '<p><strong>a</strong> and <em>b</em> and <strong><em>c</em></strong> and <strong>d</strong> and <em>e</em> and <del>f</del></p>',
    ],
    ['**a *b* c**', '<p><strong>a <em>b</em> c</strong></p>'],
    ['*a **b** c*', '<p><em>a <strong>b</strong> c</em></p>'],
    ['snake_case_name, 2 * 3 * 4, ** no **, *open', '<p>snake_case_name, 2 * 3 * 4, ** no **, *open</p>'],
    ['`a *b* <c>` and ``d ` e``', '<p><code>a *b* &lt;c&gt;</code> and <code>d ` e</code></p>'],
    ['```js\nif (a < b) {\n\n}\n```\nafter', '<pre tabindex="0"><code>if (a &lt; b) {\n\n}</code></pre><p>after</p>'],
    ['```a `b` c``` d', '<p><code>a `b` c</code> d</p>'],
    ['```\nnever closed', '<pre tabindex="0"><code>never closed</code></pre>'],
    ['- a\n- b\n  - c\n- d', '<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>'],
    ['3. a\n4. b', '<ol start="3"><li>a</li><li>b</li></ol>'],
    ['- a\n\n  more\n- b', '<ul><li>a<p>more</p></li><li>b</li></ul>'],
    ['> a\n> > b\n\nc', '<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><p>c</p>'],
    ['a\n\n---\n\nb', '<p>a</p><hr/><p>b</p>'],
    ['a  \nb\\\nc', '<p>a<br/>b<br/>c</p>'],
    ['\\*a\\* 1\\. \\\\', '<p>*a* 1. \\</p>'],
  ])('%j', (text, expected) => {
    expect(html(text)).toBe(expected);
  });

  test('links say that they are not ours', () => {
    const rel = 'rel="nofollow ugc noopener noreferrer"';
    expect(html('[a **b**](https://example.org/x?y=1 "title") <https://example.org> [own](/tag/x)')).toBe(
      `<p><a href="https://example.org/x?y=1" ${rel}>a <strong>b</strong></a> <a href="https://example.org" ${rel}>https://example.org</a> <a href="/tag/x" ${rel}>own</a></p>`,
    );
  });

  test('pictures come by https', () => {
    expect(html('![a "b"](https://example.org/x.png)')).toContain(
      '<img src="https://example.org/x.png" alt="a &quot;b&quot;"',
    );
    expect(html('![a](http://example.org/x.png)')).not.toContain('<img');
  });
});

describe('readiness 29: what attackers write stays text', () => {
  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror="alert(1)">',
    '<svg onload="alert(1)">',
    '<iframe srcdoc="<script>alert(1)</script>">',
    '<a href="javascript:alert(1)">click me</a>',
    '[a](javascript:alert(1))',
    '[a](JaVaScRiPt:alert(1))',
    '[a](java\tscript:alert(1))',
    '[a](\u0001javascript:alert(1))',
    '[a](data:text/html,<script>alert(1)</script>)',
    '[a](vbscript:x)',
    '[a](//evil.example)',
    '[a](/\\evil.example)',
    '<javascript:alert(1)>',
    '![a](javascript:alert(1))',
    '![a](data:image/svg+xml,<svg onload=alert(1)>)',
    '&#106;avascript:alert(1)',
  ])('%j', (text) => {
    expect(html(text)).not.toMatch(/<(script|img|svg|iframe|a)\b/);
  });

  test('an address cannot leave its attribute', () => {
    expect(html('[a](https://x.example/"onmouseover="alert(1))')).toContain(
      'href="https://x.example/&quot;onmouseover=&quot;alert(1"',
    );
  });

  const runs = Number(process.env.MARKDOWN_RUNS ?? 300);
  const SAFE =
    /<\/?(p|h[2-6]|em|strong|del|code|pre|ul|ol|li|blockquote|hr|br|a|img)( (tabindex|start|href|rel|src|alt|loading|referrerPolicy)="[^"<>]*")*\/?>/g;

  test(`any text gives nothing but known elements with known attributes (${runs} texts; MARKDOWN_RUNS=n for more)`, () => {
    const piece = fc.constantFrom(
      ...'*_~`[]()<>!#-+>\\ \n\t"\'&:/1.aZ',
      'https://x.y',
      'javascript:',
      '<script>',
      'onload=',
      '](',
      '- ',
      '1. ',
      '    ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
        expect(html(pieces.join('')).replace(SAFE, '')).not.toMatch(/[<>]/);
      }),
      { numRuns: runs },
    );
  });
});

test('twenty thousand times the same mark is read before the test runs out of time or stack', () => {
  for (const piece of [
    '*',
    '_a',
    '**a ',
    '[',
    '![',
    '[](',
    '`',
    '``a`',
    '<',
    '> ',
    '- ',
    '1. ',
    '  ',
    '~~',
    '\\',
    '*a_',
    '```\n',
  ]) {
    expect(html(`${piece.repeat(20_000)}\n\nthe end`), piece).toContain('the end');
  }
});
