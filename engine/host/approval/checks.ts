import { isRecord, valueAt } from '#core/json.ts';
import type { RevisionSignature } from '#machine/signatures.ts';
import type { ProjectSpec } from '../../stages/sync/app-project/permissions.ts';
import type { IntegrityDemand } from '../../stages/sync/app-project/source-integrity.ts';
import { shortKeyId, signatureProblems } from '../../stages/sync/app-project/source-integrity.ts';
import { decideSync, describeDecision } from '../../stages/sync/app-project/sync-decision.ts';
import { matchingWindows } from '../../stages/sync/app-project/sync-window.ts';
import type { Application, RetryStrategy } from '../../stages/sync/application/types.ts';

/** One condition of an approval, and what decided it. */
export interface ApprovalCheck {
  check: 'right' | 'signature' | 'window';
  ok: boolean;
  detail: string;
}

/** Whether a person may sync the Application now (argo-cd.md §1.8). */
export function checkWindow(application: Application, project: ProjectSpec, nowMs: number): ApprovalCheck {
  const { metadata, spec } = application;
  const windows = matchingWindows(project.syncWindows, { name: metadata.name, destination: spec.destination ?? {} });
  const decision = decideSync(windows, { isManual: true, nowMs });
  return { check: 'window', ok: decision.allowed, detail: describeDecision(decision) };
}

/** What git's signatures mean under the project's demand (argo-cd.md §1.9). */
export function checkSignatures(
  demand: IntegrityDemand,
  project: string,
  signatures: readonly RevisionSignature[],
): ApprovalCheck {
  const said = (ok: boolean, detail: string): ApprovalCheck => ({ check: 'signature', ok, detail });
  if (demand.demand === 'none') return said(true, `AppProject ${project} asks for no signatures`);
  if (demand.demand === 'invalid') return said(false, `AppProject ${project}: ${demand.error}`);
  if (signatures.length === 0) return said(false, 'there is no signature to look at');
  const problems = signatureProblems(demand, signatures);
  if (problems.length > 0) return said(false, problems.join('; '));
  const [first] = signatures;
  return said(true, `signed by ${first?.identity ?? ''} with key ${first?.keyId ?? ''} of AppProject ${project}`);
}

/** Whether the project takes signatures of this key at all. */
export function isTrusted(demand: IntegrityDemand, keyId: string): boolean {
  return demand.demand === 'signatures' && demand.keys.some((key) => shortKeyId(key)?.toUpperCase() === keyId);
}

/** Why an Application cannot be approved at all; undefined when it can. */
export function approvalProblem(application: Application): string | undefined {
  const { metadata, spec, status, operation } = application;
  if (metadata.deletionTimestamp !== undefined) return 'it is being deleted';
  if (valueAt(spec, ['sources']) !== undefined) return 'it has several sources, and an approval is of one commit';
  if (isAutomated(spec)) return 'it is synced automatically, so there is nothing to approve';
  const isBusy = operation !== undefined || ['Running', 'Terminating'].includes(status?.operationState?.phase ?? '');
  return isBusy ? 'another operation is already in progress' : undefined;
}

/** Deployed without asking anybody: by the controller, or by its ApplicationSet, which disables the controller's own. */
function isAutomated(spec: unknown): boolean {
  return isRecord(valueAt(spec, ['syncPolicy', 'automated']));
}

export interface ApprovedSync {
  sha: string;
  username: string;
  reason: string | undefined;
}

/** The merge patch that begins the sync: everything as in git at that commit, what git no longer has deleted. */
export function approvalPatch(application: Application, approved: ApprovedSync): Record<string, unknown> {
  const { spec, status } = application;
  const { sha, username, reason } = approved;
  const info = [
    { name: 'Approved by', value: username },
    ...(reason === undefined ? [] : [{ name: 'Reason', value: reason }]),
  ];
  return {
    operation: {
      initiatedBy: { username },
      info,
      sync: {
        revision: sha,
        prune: true,
        syncStrategy: { hook: {} },
        ...(spec.syncPolicy?.syncOptions === undefined ? {} : { syncOptions: spec.syncPolicy.syncOptions }),
      },
      ...(spec.syncPolicy?.retry === undefined ? {} : { retry: pinned(spec.syncPolicy.retry) }),
    },
    ...(status === undefined ? {} : { status: { operationState: null } }),
  };
}

/** A retry that takes the newest commit (`refresh`) would deploy what nobody has approved. */
function pinned(retry: RetryStrategy): RetryStrategy {
  const { refresh: _refresh, ...rest } = retry;
  return rest;
}
