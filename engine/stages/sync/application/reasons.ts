import type { Health, OperationState } from './types.ts';

type Note = readonly [type: 'Normal' | 'Warning', reason: string, message: string];

export function operationStarted(revision: string): Note {
  return ['Normal', 'OperationStarted', `Initiated automated sync to '${revision}'`];
}

/** A sync window refused a sync; the event is what the audit records. */
export function syncBlocked(message: string) {
  return { type: 'Warning', reason: 'SyncBlocked', message } as const;
}

export function operationCompleted({ phase, message, syncResult }: OperationState): Note {
  const revision = syncResult?.revisions?.join(', ') ?? syncResult?.revision ?? '';
  if (phase === 'Succeeded') {
    return ['Normal', 'OperationCompleted', `Sync operation to ${revision} succeeded`];
  }
  const outcome = phase === 'Error' ? 'errored' : 'failed';
  return ['Warning', 'OperationCompleted', `Sync operation to ${revision} ${outcome}: ${message ?? ''}`];
}

export function syncChanged(from: string, to: string): Note {
  return ['Normal', 'ResourceUpdated', `Updated sync status: ${from} -> ${to}`];
}

export function healthChanged(from: string, to: Pick<Health, 'status' | 'message'> | undefined): Note {
  const why = to?.message === undefined || to.message === '' ? '' : ` (${to.message})`;
  return ['Normal', 'ResourceUpdated', `Updated health status: ${from} -> ${to?.status ?? ''}${why}`];
}
