import { parseArgs } from 'node:util';
import { formatGoDuration, parseSecondsOrDurationMs } from '../engine/vocabulary/core/duration.ts';
import { type Command, GLOBAL_OPTIONS, type Option, type Options } from './command.ts';
import { CliError } from './errors.ts';
import { nearestName } from './suggest.ts';

/** What the words of a command line ask for: a command to run, or help about something. */
export type Request =
  | { ask: 'run'; command: Command; arguments: readonly string[]; options: Options }
  | { ask: 'help'; topic: readonly string[] };

/**
 * Reads the words after `pern`. Options may stand anywhere, before the command too.
 * Throws CliError (exit code 2) for an unknown command or option, a missing or extra argument, a value that is not
 * one of the choices; the message names the nearest right name.
 */
export function parseCommandLine(words: readonly string[], commands: readonly Command[]): Request {
  const loose = tokens(words, [...GLOBAL_OPTIONS, ...commands.flatMap((command) => command.options)]);
  const positionals = loose.filter((token) => token.kind === 'positional').map((token) => token.value);
  const asksHelp = loose.some((token) => token.kind === 'option' && token.name === 'help');
  if (positionals[0] === 'help') return { ask: 'help', topic: positionals.slice(1) };
  if (positionals.length === 0 && (asksHelp || words.length === 0)) return { ask: 'help', topic: [] };
  const command = findCommand(positionals, commands, asksHelp);
  if (command === undefined || asksHelp) return { ask: 'help', topic: command?.name.split(' ') ?? positionals };
  return { ask: 'run', ...parseFor(command, words) };
}

/** The command whose name the words start with; undefined when they name a group (`app`) and help about it is due. */
function findCommand(words: readonly string[], commands: readonly Command[], asksHelp: boolean): Command | undefined {
  const matches = commands.filter((command) => command.name.split(' ').every((word, index) => words[index] === word));
  const longest = matches.sort((a, b) => b.name.length - a.name.length)[0];
  if (longest !== undefined) return longest;
  const [first = '', second] = words;
  const group = commands.filter((command) => command.name.startsWith(`${first} `));
  if (group.length === 0) throw unknownCommand(first, topWords(commands));
  if (second === undefined || asksHelp) return undefined;
  throw unknownCommand(
    `${first} ${second}`,
    group.map((command) => command.name),
  );
}

/** First words of all commands, each once, in order. */
export function topWords(commands: readonly Command[]): string[] {
  return [...new Set(commands.map((command) => command.name.split(' ')[0] as string))];
}

function unknownCommand(word: string, candidates: readonly string[]): CliError {
  const near = nearestName(word, candidates);
  return new CliError({
    what: word === '' ? 'no command given' : `unknown command "${word}"`,
    fix: near === undefined ? 'run "pern --help" for the commands there are' : `did you mean "pern ${near}"?`,
  });
}

function parseFor(command: Command, words: readonly string[]) {
  const declared = [...command.options, ...GLOBAL_OPTIONS];
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens(words, declared)) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = declared.find(({ name }) => name === token.name);
    if (option === undefined) throw unknownOption(token.rawName, command, declared);
    values.set(option.name, [...(values.get(option.name) ?? []), checkedValue(option, token.rawName, token.value)]);
  }
  const given = positionals.slice(command.name.split(' ').length);
  checkArguments(command, given);
  return { command, arguments: given, options: optionsOf(command, declared, values) };
}

function checkedValue(option: Option, rawName: string, value: string | undefined): string {
  if (option.value === undefined) {
    if (value !== undefined) throw new CliError({ what: `${rawName} is a switch and takes no value ("${value}")` });
    return 'true';
  }
  if (value === undefined)
    throw new CliError({ what: `${rawName} needs a value`, fix: `write ${rawName} ${option.value}` });
  if (option.choices !== undefined && !option.choices.includes(value)) {
    const near = nearestName(value, option.choices);
    throw new CliError({
      what: `${rawName} does not know "${value}"`,
      fix: near === undefined ? `use one of: ${option.choices.join(', ')}` : `did you mean "${near}"?`,
    });
  }
  return value;
}

function unknownOption(rawName: string, command: Command, declared: readonly Option[]): CliError {
  const near = nearestName(
    rawName.replace(/^-+/, ''),
    declared.map(({ name }) => name),
  );
  return new CliError({
    what: `"pern ${command.name}" has no option ${rawName}`,
    fix: near === undefined ? `run "pern ${command.name} --help" for its options` : `did you mean --${near}?`,
  });
}

function checkArguments(command: Command, given: readonly string[]): void {
  const missing = command.arguments.find((argument, index) => argument.optional !== true && given[index] === undefined);
  if (missing !== undefined) {
    throw new CliError({
      what: `"pern ${command.name}" needs ${missing.name}: ${missing.summary}`,
      fix: usageLine(command),
    });
  }
  if (command.arguments.at(-1)?.repeat === true) return;
  const extra = given[command.arguments.length];
  if (extra !== undefined) {
    throw new CliError({ what: `"pern ${command.name}" does not take "${extra}"`, fix: usageLine(command) });
  }
}

/** `pern rollout get NAME [options]`. */
export function usageLine(command: Command): string {
  const words = command.arguments.map(({ name, optional, repeat }) => {
    const word = repeat === true ? `${name}...` : name;
    return optional === true ? `[${word}]` : word;
  });
  return ['pern', command.name, ...words, '[options]'].join(' ');
}

function tokens(words: readonly string[], declared: readonly Option[]) {
  const options = Object.fromEntries(
    declared.map(({ name, short, value }) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple: true, ...(short === undefined ? {} : { short }) },
    ]),
  ) as Record<string, { type: 'boolean' | 'string'; multiple: true; short?: string }>;
  return parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function optionsOf(command: Command, declared: readonly Option[], values: ReadonlyMap<string, string[]>): Options {
  const find = (name: string): Option => {
    const option = declared.find((candidate) => candidate.name === name);
    if (option === undefined) throw new Error(`"pern ${command.name}" reads --${name}, which it does not declare`);
    return option;
  };
  const text = (name: string) => values.get(name)?.at(-1) ?? find(name).default;
  return {
    flag: (name) => find(name) !== undefined && values.has(name),
    text,
    texts: (name) => values.get(name) ?? (find(name).default === undefined ? [] : [find(name).default as string]),
    durationMs: (name) => convert(name, text(name), parseSecondsOrDurationMs, 'a duration such as 90s, 5m or 1h30m'),
    count: (name) => convert(name, text(name), parseCount, 'a whole number'),
  };
}

function parseCount(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function convert(
  name: string,
  text: string | undefined,
  parse: (text: string) => number | undefined,
  wanted: string,
): number | undefined {
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined) throw new CliError({ what: `--${name} "${text}" is not ${wanted}` });
  return value;
}

/** A timeout in the words of an error: `after 5m0s`. */
export function afterText(durationMs: number): string {
  return `after ${formatGoDuration(durationMs)}`;
}
