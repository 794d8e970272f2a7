import { afterText } from '../arguments.ts';
import { ApiFailure } from '../client/api.ts';
import { ObjectCache } from '../client/object-cache.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { runGit } from '../git/repository.ts';
import { type ApprovalCheck, checkLines, needsApproval } from '../view/approvals.ts';
import { type Application, environmentName } from '../view/environments.ts';
import { plain, span } from '../view/lines.ts';
import { findApplication, waitLine } from './app.ts';
import { isFinished, printResult } from './app-sync.ts';
import { showLive } from './watch-view.ts';

const APPLICATION = 'Application.argoproj.io';

/** What the engine answers (engine/host/approval/approvals.ts). */
interface Outcome {
  approved: boolean;
  application: string;
  revision: string;
  tag?: string;
  checks: ApprovalCheck[];
  resourceVersion?: string;
}

export async function runApprove(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, arguments: words } = invocation;
  const api = await session.api();
  const application = await findApplication(api, words[0] ?? '');
  const { name } = application.metadata;
  if (!needsApproval(application)) {
    throw new CliError({
      what: `${name} is synced without approval`,
      why: 'it has an automated sync policy, or belongs to the platform',
      fix: 'approve an environment that waits; "pern status" shows which',
    });
  }
  const isDry = options.flag('dry-run');
  const outcome = await decide(invocation, name, isDry);
  if (options.text('output') === 'json') {
    terminal.write(`${JSON.stringify(outcome, undefined, 2)}\n`);
    return outcome.approved ? EXIT_CODES.ok : EXIT_CODES.blocked;
  }
  terminal.line(
    `${environmentName(application) ?? name} at ${outcome.revision.slice(0, 7)}${subjectOf(invocation, outcome.revision)}`,
  );
  terminal.lines(checkLines(outcome.checks));
  if (!outcome.approved) {
    const refusing = outcome.checks.filter(({ ok }) => !ok).map(({ check }) => check);
    terminal.note([span(isDry ? 'Would be refused' : 'Refused', 'bad'), span(` by: ${refusing.join(', ')}`)]);
    terminal.note(`Next: ${nextOf(refusing[0] ?? '', name)}`);
    return EXIT_CODES.blocked;
  }
  if (isDry) {
    terminal.note(`Would be approved. Next: pern approve ${words[0]}`);
    return EXIT_CODES.ok;
  }
  terminal.line(plain(outcome.tag === undefined ? 'Approved.' : `Approved; tag ${outcome.tag} is signed.`));
  if (!options.flag('async')) return awaitSync(invocation, application, outcome);
  terminal.note(`Next: pern app wait ${name} --operation`);
  return EXIT_CODES.ok;
}

async function decide({ session, options }: Invocation, application: string, dryRun: boolean): Promise<Outcome> {
  const [revision, reason] = [options.text('revision'), options.text('reason')];
  const body = JSON.stringify({ application, revision: resolved(session, revision), reason, dryRun });
  try {
    const path = '/pern/v1/approvals';
    return (await (
      await session.api()
    ).json({ method: 'POST', path, contentType: 'application/json', body })) as Outcome;
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.code !== 404) throw error;
    throw new CliError({
      what: 'this API knows no approvals',
      why: `it answered: ${error.trouble.what}`,
      fix: "they are the engine's; on a cluster an approval is a sync: argocd app sync, or pern app sync",
    });
  }
}

/** The commit of a revision as the person's clone has it: `HEAD~1` means something there. Others are the engine's to find. */
function resolved(session: Invocation['session'], revision: string | undefined): string | undefined {
  if (revision === undefined) return undefined;
  try {
    return runGit(session.repository(), [
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${revision}^{commit}`,
    ]).trim();
  } catch (error) {
    if (error instanceof CliError) return revision;
    throw error;
  }
}

function subjectOf({ session }: Invocation, sha: string): string {
  try {
    return ` ${runGit(session.repository(), ['log', '-1', '--format=%s', sha]).trim()}`;
  } catch (error) {
    if (error instanceof CliError) return '';
    throw error;
  }
}

function nextOf(check: string, name: string): string {
  if (check === 'right') return `pern rbac can WHO sync app PROJECT/${name}, which names the line that would permit it`;
  if (check === 'signature')
    return 'sign the commit (git commit --amend -S) with a key that "pern gpg list" has and the project lists';
  return `pern windows explain --live --app ${name}`;
}

async function awaitSync(invocation: Invocation, application: Application, outcome: Outcome): Promise<ExitCode> {
  const { session, options, terminal, signal, now } = invocation;
  const { namespace, name } = application.metadata;
  const cache = new ObjectCache(await session.api(), [{ kind: APPLICATION, namespace }]);
  await cache.start(signal);
  const current = () => cache.find(APPLICATION, namespace, name);
  const timeoutMs = options.durationMs('timeout')!;
  const end = await showLive({
    terminal,
    cache,
    signal,
    now,
    draw: () => [waitLine(current(), name)],
    isDone: () => isFinished(current(), outcome.resourceVersion ?? '0'),
    deadlineMs: now() + timeoutMs,
  });
  if (end === 'stopped') return EXIT_CODES.finding;
  if (end === 'done') return printResult(invocation, current()!);
  throw new CliError({
    what: `the sync of ${name} has not finished ${afterText(timeoutMs)}; it goes on`,
    fix: `see "pern app get ${name}", or wait on with "pern app wait ${name}"`,
    exitCode: EXIT_CODES.timeout,
  });
}
