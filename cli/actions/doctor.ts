import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { findEngine } from '../state-folder.ts';
import { span, table } from '../view/lines.ts';
import { type Check, checkMachine } from './machine-checks.ts';

const ICONS = { ok: span('✔', 'ok'), missing: span('✖', 'bad'), optional: span('⚠', 'warn') } as const;

export async function runDoctor(invocation: Invocation): Promise<ExitCode> {
  const { options, session, terminal, environment } = invocation;
  const stateFolder = known(session.stateFolder);
  const engine = stateFolder === undefined ? undefined : findEngine(stateFolder);
  const checks = await checkMachine({
    repository: known(session.repository),
    stateFolder,
    apiPort: options.count('api-port')!,
    ingressPort: options.count('ingress-port')!,
    ownPorts: engine === undefined ? [] : [engine.apiPort, engine.ingressPort],
    path: environment.PATH ?? '',
  });
  terminal.lines(
    table(
      checks.map(({ name, state, found }) => [ICONS[state], name, found]),
      2,
    ),
  );
  return noteFixes(terminal, checks);
}

function noteFixes(terminal: Invocation['terminal'], checks: readonly Check[]): ExitCode {
  for (const { name, fix } of checks) if (fix !== undefined) terminal.note(`  ${name}: ${fix}`);
  const missing = checks.filter(({ state }) => state === 'missing').length;
  terminal.note(missing === 0 ? 'Next: pern up' : `${missing} of ${checks.length} checks failed; see the fixes above.`);
  return missing === 0 ? EXIT_CODES.ok : EXIT_CODES.finding;
}

function known(find: () => string): string | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}
