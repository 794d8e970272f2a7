import { expect, it } from 'vitest';
import type { Command } from './command.ts';
import { CliError } from './errors.ts';
import { runProgram } from './program.ts';

function command(run: Command['run']): Command {
  return { name: 'try', summary: 'try', arguments: [], options: [], examples: [], run };
}

async function call(words: readonly string[], commands: readonly Command[], isTTY = false, environment = {}) {
  const output = { out: '', err: '' };
  const code = await runProgram({
    words,
    commands,
    stdout: {
      isTTY,
      write(text: string) {
        output.out += text;
      },
    },
    stderr: {
      isTTY,
      write(text: string) {
        output.err += text;
      },
    },
    environment,
    folder: '/',
    now: () => 0,
    onSignal: () => {},
  });
  return { code, ...output };
}

const colourful = command(({ terminal }) => {
  terminal.line([{ text: 'good', tone: 'ok' }]);
  return Promise.resolve(0);
});

it('an error says what, where, why and how to fix it on stderr, and sets the exit code', async () => {
  const failing = command(() =>
    Promise.reject(
      new CliError({ what: 'it broke', where: 'file.yaml:3:1', why: 'because\nof this', fix: 'mend it', exitCode: 4 }),
    ),
  );
  expect(await call(['try'], [failing])).toEqual({
    code: 4,
    out: '',
    err: 'Error: it broke\n  where  file.yaml:3:1\n  why    because\n         of this\n  fix    mend it\n',
  });
});

it('a defect is reported as one, with exit code 2', async () => {
  const { code, err } = await call(['try'], [command(() => Promise.reject(new TypeError('oops')))]);
  expect(code).toBe(2);
  expect(err).toMatch(/^Internal error: TypeError: oops\n/);
});

it('help goes to stdout and exits 0', async () => {
  const { code, out, err } = await call(['--help'], [colourful]);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('Usage: pern COMMAND');
});

it.each([
  ['a pipe', [], false, {}, 'good\n'],
  ['a terminal', [], true, {}, '\u001b[32mgood\u001b[0m\n'],
  ['a terminal with NO_COLOR', [], true, { NO_COLOR: '1' }, 'good\n'],
  ['a dumb terminal', [], true, { TERM: 'dumb' }, 'good\n'],
  ['a pipe with --color always', ['--color', 'always'], false, {}, '\u001b[32mgood\u001b[0m\n'],
  ['a terminal with --color never', ['--color', 'never'], true, {}, 'good\n'],
])('colours on %s', async (_where, words, isTTY, environment, expected) => {
  expect((await call(['try', ...words], [colourful], isTTY, environment)).out).toBe(expected);
});

it('redraws in place on a terminal, cutting what does not fit, and draws nothing in a pipe', async () => {
  const drawing = command(({ terminal }) => {
    terminal.redraw([[{ text: 'one' }], [{ text: 'two' }]]);
    terminal.redraw([[{ text: 'three' }]]);
    return Promise.resolve(0);
  });
  expect((await call(['try'], [drawing], true)).out).toBe(
    'one\u001b[K\ntwo\u001b[K\n\u001b[J\u001b[2A\rthree\u001b[K\n\u001b[J',
  );
  expect((await call(['try'], [drawing])).out).toBe('');
});
