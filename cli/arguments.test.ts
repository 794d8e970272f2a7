import { describe, expect, it } from 'vitest';
import { parseCommandLine } from './arguments.ts';
import { GLOBAL_OPTIONS } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { CliError } from './errors.ts';
import { nearestName } from './suggest.ts';

/** The words of a command line with quotes, as a shell would pass them. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replace(/["']/g, ''));
}

function run(line: string) {
  const request = parseCommandLine(shellWords(line), COMMANDS);
  if (request.ask !== 'run') throw new Error(`"${line}" asked for help`);
  return request;
}

function refusal(line: string): string {
  try {
    parseCommandLine(line.split(' '), COMMANDS);
  } catch (error) {
    if (error instanceof CliError) return `${error.exitCode}: ${error.trouble.what}; ${error.trouble.fix}`;
    throw error;
  }
  throw new Error(`"${line}" was accepted`);
}

describe('parseCommandLine', () => {
  it('reads command, arguments and options in any order', () => {
    const { command, arguments: words, options } = run('-e staging rollout promote backend --full --color=never');
    expect([command.name, words]).toEqual(['rollout promote', ['backend']]);
    expect([options.text('env'), options.flag('full'), options.text('color')]).toEqual(['staging', true, 'never']);
  });

  it('takes the longest command name: "promote" and "rollout promote" are two commands', () => {
    expect(run('promote development staging').command.name).toBe('promote');
    expect(run('rollout promote backend').command.name).toBe('rollout promote');
  });

  it('collects repeated options, and keeps the last of others', () => {
    const { options } = run('release backend 1.1.0 --fault error-rate=0.2 --fault latency-ms=5 -e a -e b');
    expect(options.texts('fault')).toEqual(['error-rate=0.2', 'latency-ms=5']);
    expect(options.text('env')).toBe('b');
  });

  it('passes on what follows -- as it is', () => {
    expect(run('logs -- -strange-name').arguments).toEqual(['-strange-name']);
  });

  it('reads durations and counts, and falls back to the default', () => {
    const { options } = run('up --api-port 0 --timeout 90s');
    expect([options.count('api-port'), options.count('ingress-port'), options.durationMs('timeout')]).toEqual([
      0, 8080, 90_000,
    ]);
  });

  it.each([
    ['rollot list', '2: unknown command "rollot"; did you mean "pern rollout"?'],
    ['rollout gte backend', '2: unknown command "rollout gte"; did you mean "pern rollout get"?'],
    ['get pods --namspace x', '2: "pern get" has no option --namspace; did you mean --namespace?'],
    ['get pods -o jsn', '2: -o does not know "jsn"; did you mean "json"?'],
    ['get pods --watch=yes', '2: --watch is a switch and takes no value ("yes"); undefined'],
    ['get pods -n', '2: -n needs a value; write -n NAME'],
    ['rollout get', '2: "pern rollout get" needs NAME: rollout (backend, frontend); pern rollout get NAME [options]'],
    ['down now', '2: "pern down" does not take "now"; pern down [options]'],
    ['zzzzzz', '2: unknown command "zzzzzz"; run "pern --help" for the commands there are'],
  ])('refuses "%s"', (line, message) => {
    expect(refusal(line)).toBe(message);
  });

  it('refuses a value that is no duration when the command reads it', () => {
    const { options } = run('up --timeout soon');
    expect(() => options.durationMs('timeout')).toThrow('--timeout "soon" is not a duration such as 90s, 5m or 1h30m');
  });

  it.each([
    ['--help', []],
    ['help', []],
    ['rollout', ['rollout']],
    ['rollout --help', ['rollout']],
    ['app sync -h', ['app', 'sync']],
    ['help app sync', ['app', 'sync']],
    ['help exit-codes', ['exit-codes']],
  ])('understands "%s" as a question', (line, topic) => {
    expect(parseCommandLine(line.split(' '), COMMANDS)).toEqual({ ask: 'help', topic });
  });
});

describe('the commands', () => {
  it('agree on what an option takes, so that it may stand before the command', () => {
    const seen = new Map<string, string>();
    for (const option of [...GLOBAL_OPTIONS, ...COMMANDS.flatMap((command) => command.options)]) {
      const shape = option.value === undefined ? 'switch' : 'value';
      expect(`--${option.name}: ${shape}`).toBe(`--${option.name}: ${seen.get(option.name) ?? shape}`);
      seen.set(option.name, shape);
    }
  });

  it('use each short option for one thing', () => {
    const names = new Map<string, string>();
    for (const { short, name } of [...GLOBAL_OPTIONS, ...COMMANDS.flatMap((command) => command.options)]) {
      if (short === undefined) continue;
      expect(names.get(short) ?? name).toBe(name);
      names.set(short, name);
    }
  });

  it('have examples that their own parser takes', () => {
    for (const { examples, name } of COMMANDS) {
      expect(examples.length).toBeGreaterThan(0);
      for (const { command } of examples) expect(run(command.replace(/^pern /, '')).command.name).toBe(name);
    }
  });
});

describe('nearestName', () => {
  it.each([
    ['rollot', 'rollout'],
    ['relaese', 'release'],
    ['rollouts', 'rollout'],
    ['xyz', undefined],
  ])('%s → %s', (word, near) => {
    expect(nearestName(word, ['rollout', 'release', 'status'])).toBe(near);
  });
});
