import { topWords, usageLine } from './arguments.ts';
import { type Command, GLOBAL_OPTIONS, type Option } from './command.ts';
import { CliError, EXIT_CODE_MEANINGS } from './errors.ts';
import { nearestName } from './suggest.ts';

const INTRODUCTION =
  'pern runs a GitOps tree on this machine, releases to it, and shows what it does. With --kubeconfig or --context the\n' +
  'commands that only look at objects or change them work against a real cluster too.';

/** The help for a topic: nothing, a command, a group of commands, or `exit-codes`. Throws CliError for an unknown one. */
export function helpText(topic: readonly string[], commands: readonly Command[]): string {
  const name = topic.join(' ');
  if (name === '') return overview(commands);
  if (name === 'exit-codes') return `Exit codes\n\n${exitCodes()}`;
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return commandHelp(command);
  const group = commands.filter((candidate) => candidate.name.startsWith(`${name} `));
  if (group.length > 0)
    return `Usage: pern ${name} COMMAND\n\n${commandRows(group)}\nMore: pern ${name} COMMAND --help\n`;
  const near = nearestName(name, [...topWords(commands), ...commands.map((candidate) => candidate.name), 'exit-codes']);
  throw new CliError({
    what: `there is no help about "${name}"`,
    fix: near === undefined ? 'run "pern --help"' : `did you mean "pern help ${near}"?`,
  });
}

function overview(commands: readonly Command[]): string {
  return [
    'Usage: pern COMMAND [options]\n',
    `${INTRODUCTION}\n`,
    `Commands\n\n${commandRows(commands)}`,
    `Options of every command\n\n${optionRows(GLOBAL_OPTIONS)}`,
    `Exit codes\n\n${exitCodes()}`,
    'More: pern COMMAND --help\n',
  ].join('\n');
}

function commandHelp(command: Command): string {
  const description = command.description === undefined ? [] : [`${command.description}\n`];
  const given = command.arguments.map(({ name, summary }) => [name, summary] as const);
  return [
    `Usage: ${usageLine(command)}\n`,
    `${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.\n`,
    ...description,
    ...(given.length === 0 ? [] : [`Arguments\n\n${rows(given)}`]),
    ...(command.options.length === 0 ? [] : [`Options\n\n${optionRows(command.options)}`]),
    `Options of every command\n\n${optionRows(GLOBAL_OPTIONS)}`,
    `Examples\n\n${command.examples.map((example) => `  # ${example.does}\n  ${example.command}\n`).join('\n')}`,
  ].join('\n');
}

function commandRows(commands: readonly Command[]): string {
  return rows(commands.map(({ name, summary }) => [name, summary]));
}

function optionRows(options: readonly Option[]): string {
  return rows(options.map((option) => [optionUsage(option), optionSummary(option)]));
}

function optionUsage({ name, short, value }: Option): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

function optionSummary({ summary, choices, default: fallback, repeat }: Option): string {
  const remarks = [
    ...(choices === undefined ? [] : [choices.join(' | ')]),
    ...(fallback === undefined ? [] : [`default ${fallback}`]),
    ...(repeat === true ? ['may be repeated'] : []),
  ];
  return remarks.length === 0 ? summary : `${summary} (${remarks.join('; ')})`;
}

function exitCodes(): string {
  return rows(EXIT_CODE_MEANINGS.map(([code, meaning]) => [String(code), meaning]));
}

function rows(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([left]) => left.length));
  return entries.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('');
}

/** `docs/reference/cli.md`, whole. A test compares it with the file. */
export function referencePage(commands: readonly Command[]): string {
  const sections = commands.map((command) => `## pern ${command.name}\n\n\`\`\`text\n${commandHelp(command)}\`\`\`\n`);
  return [
    '# The pern command\n',
    'Made from the commands themselves (`cli/commands/`); do not edit. `UPDATE_GOLDEN=1 npm test -- cli/reference` writes it anew.\n',
    `\`\`\`text\n${overview(commands)}\`\`\`\n`,
    ...sections,
  ].join('\n');
}
