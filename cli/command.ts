import type { Session } from './client/session.ts';
import type { ExitCode } from './errors.ts';
import type { Terminal } from './terminal.ts';

/** Commands are data: help, the reference page and the parser are made from this, so they cannot disagree. */
export interface Command {
  /** The words after `pern`: `up`, `rollout get`. */
  name: string;
  /** One line for lists, an imperative without a full stop. */
  summary: string;
  /** What one line cannot say; paragraphs for `--help`. */
  description?: string;
  arguments: readonly Argument[];
  options: readonly Option[];
  examples: readonly Example[];
  /** Loads and runs the command. What it needs is imported here, so that `pern --help` stays quick. */
  run(invocation: Invocation): Promise<ExitCode>;
}

export interface Argument {
  /** As shown in the usage line, in capitals: `NAME`. */
  name: string;
  summary: string;
  optional?: boolean;
  /** Takes all the words that are left. */
  repeat?: boolean;
}

export interface Option {
  /** Without the dashes. */
  name: string;
  short?: string;
  summary: string;
  /** Placeholder of the value in the usage text (`N`, `DURATION`). An option without one is a switch. */
  value?: string;
  repeat?: boolean;
  default?: string;
  choices?: readonly string[];
}

export interface Example {
  command: string;
  does: string;
}

/** One parsed command line, and everything a command may use of the world. */
export interface Invocation {
  command: Command;
  arguments: readonly string[];
  options: Options;
  terminal: Terminal;
  session: Session;
  environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Aborted by Ctrl-C or SIGTERM; a command that waits ends when it is. */
  signal: AbortSignal;
}

/** Parsed options, read by name. Asking for one that the command does not declare is a defect and throws. */
export interface Options {
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  /** Milliseconds of a duration option. Throws CliError when the text is not a duration. */
  durationMs(name: string): number | undefined;
  /** A whole number from 0. Throws CliError when the text is not one. */
  count(name: string): number | undefined;
}

/** Options that every command takes; they come last in the help. */
export const GLOBAL_OPTIONS: readonly Option[] = [
  { name: 'help', short: 'h', summary: 'show this text' },
  { name: 'kubeconfig', value: 'FILE', summary: "kubeconfig to use (default: the running engine's, else $KUBECONFIG)" },
  { name: 'context', value: 'NAME', summary: 'context of the kubeconfig to use' },
  {
    name: 'auth-token',
    value: 'TOKEN',
    summary:
      "act under this token of an account or project role, not as the engine's administrator (default: $PERN_AUTH_TOKEN)",
  },
  { name: 'repository', value: 'DIR', summary: 'git repository that is deployed (default: the one you are in)' },
  { name: 'state', value: 'DIR', summary: 'state folder of the engine (default: $PERN_STATE, else DIR/.pern)' },
  {
    name: 'color',
    value: 'WHEN',
    choices: ['auto', 'always', 'never'],
    default: 'auto',
    summary: 'colour the output; auto is off with NO_COLOR and when it is not a terminal',
  },
];

/** Shared by all commands that look at one namespace. */
export const NAMESPACE_OPTIONS: readonly Option[] = [
  { name: 'namespace', short: 'n', value: 'NAME', summary: 'namespace to look in' },
  {
    name: 'env',
    short: 'e',
    value: 'ENV',
    summary: 'environment whose namespace to look in (development, staging, …)',
  },
];

export const WATCH_OPTION: Option = { name: 'watch', short: 'w', summary: 'keep watching and show changes' };

export const OUTPUT_OPTION: Option = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  choices: ['json', 'yaml', 'wide', 'name'],
  summary: 'print objects as json or yaml, more columns (wide), or names only',
};
