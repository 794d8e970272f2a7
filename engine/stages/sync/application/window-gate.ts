import { formatTime } from '#core/clock.ts';
import type { ProjectSpec } from '../app-project/permissions.ts';
import { decideSync, describeDecision, type SyncDecision } from '../app-project/sync-decision.ts';
import { matchingWindows, nextWindowChange, type SyncWindow } from '../app-project/sync-window.ts';
import type { AutoSync } from './auto-sync.ts';
import type { ApplicationObservation } from './observe.ts';
import type { Application, OperationState } from './types.ts';

/** What a sync window keeps from happening, in one place: the condition, the event (and with it the audit), the wake-up. */
export interface WindowBlock {
  decision: SyncDecision;
  /** One sentence: what is blocked, by which windows, until when. */
  message: string;
  /** When it may be otherwise; undefined when no window will change. */
  nextChangeMs: number | undefined;
}

/** The windows that are about an Application. */
export function windowsOf(application: Application, project: ProjectSpec): readonly SyncWindow[] {
  const { metadata, spec } = application;
  return matchingWindows(project.syncWindows, { name: metadata.name, destination: spec.destination ?? {} });
}

/**
 * The window that blocks an operation under way, whatever step it is at (argo-cd.md §1.8, case cd/W60). Who began it and
 * when are those of the operation itself; upstream's first look goes by the operation before it.
 */
export function operationBlock(
  observation: ApplicationObservation,
  state: OperationState,
  startedAtMs: number,
  nowMs: number,
): WindowBlock | undefined {
  const isManual = state.operation.initiatedBy?.automated !== true;
  return blockOf(observation, { isManual, startedAtMs, nowMs }, 'The running sync is');
}

/** How the message of a blocked operation begins, and all of it when its windows are valid. */
export function blockedMessage({ decision }: WindowBlock): string {
  const why = decision.error === undefined ? '' : `: ${decision.error}`;
  return `Sync operation blocked by sync window${why}`;
}

/**
 * What automated sync does under the windows. While they block it nothing is begun, and an earlier SyncError stays as it
 * is, as upstream has it; what upstream only logs is a condition here.
 */
export function gateAutoSync(
  observation: ApplicationObservation,
  planned: AutoSync,
  nowMs: number,
): AutoSync & { block?: WindowBlock } {
  const automated = observation.application.spec.syncPolicy?.automated;
  if (automated === undefined || automated === null || automated.enabled === false) return planned;
  const block = blockOf(observation, { isManual: false, nowMs }, 'Automated sync is');
  if (block === undefined) return planned;
  const kept = { keepsSyncError: true };
  if (planned.operation === undefined && planned.notBeforeMs === undefined) return kept;
  const waiting = { ...kept, ...(block.nextChangeMs === undefined ? {} : { notBeforeMs: block.nextChangeMs }) };
  if (planned.operation === undefined) return waiting;
  return { ...waiting, condition: { type: 'SyncWindowWarning', message: block.message }, block };
}

function blockOf(
  { application, checked }: ApplicationObservation,
  question: { isManual: boolean; startedAtMs?: number; nowMs: number },
  subject: string,
): WindowBlock | undefined {
  // An invalid spec ends the operation by itself, and its windows may not even be windows.
  if (checked.errors.length > 0) return undefined;
  const windows = windowsOf(application, checked.project);
  const decision = decideSync(windows, question);
  if (decision.allowed) return undefined;
  const nextChangeMs = decision.error === undefined ? nextWindowChange(windows, question.nowMs) : undefined;
  const until = nextChangeMs === undefined ? '' : `, until ${formatTime(nextChangeMs)} at the earliest`;
  return {
    decision,
    nextChangeMs,
    message: `${subject} blocked by a sync window: ${describeDecision(decision)}${until}`,
  };
}

/** When a window may begin to block, or to permit, an operation that goes on. */
export function nextChangeFor({ application, checked }: ApplicationObservation, nowMs: number): number | undefined {
  return nextWindowChange(windowsOf(application, checked.project), nowMs);
}
