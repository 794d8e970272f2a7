import { parseCommandLine } from './arguments.ts';
import type { Command, Invocation } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { CliError, EXIT_CODES, type ExitCode, errorLines } from './errors.ts';
import { helpText } from './help.ts';
import { openTerminal, type TerminalParts } from './terminal.ts';
import { span } from './view/lines.ts';

export interface ProgramParts extends Pick<TerminalParts, 'stdout' | 'stderr' | 'environment'> {
  /** The words after `pern`. */
  words: readonly string[];
  /** The current folder. */
  folder: string;
  now(): number;
  /** Registers what to do at a signal that asks the command to end. */
  onSignal(stop: (signal: string) => void): void;
  /** Defaults to all commands; tests give their own. */
  commands?: readonly Command[];
}

/** Runs one command line and gives its exit code. Nothing is thrown: errors are printed to stderr. */
export async function runProgram(parts: ProgramParts): Promise<ExitCode> {
  const { stdout, stderr, environment, words } = parts;
  const commands = parts.commands ?? COMMANDS;
  let terminal = openTerminal({ stdout, stderr, environment, color: 'auto' });
  try {
    const request = parseCommandLine(words, commands);
    if (request.ask === 'help') {
      terminal.write(helpText(request.topic, commands));
      return EXIT_CODES.ok;
    }
    const { command, options } = request;
    terminal = openTerminal({ stdout, stderr, environment, color: options.text('color') ?? 'auto' });
    const { openSession } = await import('./client/session.ts');
    const controller = new AbortController();
    parts.onSignal((signal) => controller.abort(signal));
    const invocation: Invocation = {
      command,
      arguments: request.arguments,
      options,
      terminal,
      session: openSession({ options, environment, folder: parts.folder }),
      environment,
      now: parts.now,
      signal: controller.signal,
    };
    return await command.run(invocation);
  } catch (error) {
    return report(error, terminal.note);
  }
}

function report(error: unknown, note: ReturnType<typeof openTerminal>['note']): ExitCode {
  if (error instanceof CliError) {
    const [first = '', ...rest] = errorLines(error.trouble);
    note([span('Error', 'bad'), span(first.slice('Error'.length))]);
    for (const line of rest) note(line);
    return error.exitCode;
  }
  note([span('Internal error', 'bad'), span(`: ${error instanceof Error ? error.stack : String(error)}`)]);
  note('  fix    this is a defect of pern; please report it with the command line and the text above');
  return EXIT_CODES.usage;
}
