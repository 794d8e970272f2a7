import { type Application, environmentName } from './environments.ts';
import { type Line, plain, span } from './lines.ts';

/** On the root Application; the engine writes them (engine/host/root-application.ts, engine/host/approval/waiting.ts). */
const OVERRIDES = 'pern-gitops.dev/local-overrides';
const WAITING = 'pern-gitops.dev/waits-for-approval';

/** What this machine changes of what git says, one sentence each. */
export function localOverrides(applications: readonly Application[]): string[] {
  return applications.flatMap(({ metadata }) => metadata.annotations?.[OVERRIDES]?.split('\n') ?? []);
}

/** `pern status`: how many overrides there are, which, and how to be without. */
export function overrideLines(applications: readonly Application[]): Line[] {
  const overrides = localOverrides(applications);
  if (overrides.length === 0) return [];
  const count = overrides.length === 1 ? '1 local override' : `${overrides.length} local overrides`;
  return [
    [],
    [span(count, 'warn'), span(' of what git says (none with "pern up --strict"):', 'dim')],
    ...overrides.map((text) => plain(`  - ${text}`)),
  ];
}

/** Whether an Application is deployed only when a person says so: neither by its controller nor by its ApplicationSet. */
export function needsApproval(application: Application): boolean {
  const automated = application.spec.syncPolicy?.automated;
  return environmentName(application) !== undefined && (automated === undefined || automated === null);
}

/**
 * The environment that waits for an approval, and at which commit; undefined when none is missing. On this machine the
 * engine says so, elsewhere an Application that is OutOfSync and not automated.
 */
export function waitingApproval(
  application: Application,
  applications: readonly Application[],
): { environment: string; commit: string } | undefined {
  const environment = environmentName(application);
  if (environment === undefined || isBusy(application)) return undefined;
  for (const { metadata } of applications) {
    const commit = waitingCommits(metadata.annotations?.[WAITING])[application.metadata.name];
    if (commit !== undefined) return { environment, commit };
  }
  if (!needsApproval(application) || application.status?.sync?.status !== 'OutOfSync') return undefined;
  return { environment, commit: application.status.sync.revision ?? '' };
}

/** `waits for approval of abc1234: pern approve production`. */
export function waitingText({ environment, commit }: { environment: string; commit: string }): string {
  return `waits for approval${commit === '' ? '' : ` of ${commit.slice(0, 7)}`}: pern approve ${environment}`;
}

/** One line for each environment that waits. */
export function waitingLines(applications: readonly Application[]): Line[] {
  return applications.flatMap((application): Line[] => {
    const waiting = waitingApproval(application, applications);
    return waiting === undefined ? [] : [[span(`${waiting.environment} ${waitingText(waiting)}`, 'warn')]];
  });
}

/** An operation is asked for or under way. */
export function isBusy(application: Application): boolean {
  const isRequested = (application as { operation?: unknown }).operation !== undefined;
  return isRequested || ['Running', 'Terminating'].includes(application.status?.operationState?.phase ?? '');
}

function waitingCommits(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    return {};
  }
}

export interface ApprovalCheck {
  check: string;
  ok: boolean;
  detail: string;
}

/** The checks of an approval, in the order in which they were made. */
export function checkLines(checks: readonly ApprovalCheck[]): Line[] {
  return checks.map(({ check, ok, detail }) => [
    span(ok ? '✔' : '✖', ok ? 'ok' : 'bad'),
    span(` ${check.padEnd(9)}  ${detail}`),
  ]);
}
