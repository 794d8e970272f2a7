import type { OperationState } from './types.ts';

type Note = readonly [type: 'Normal' | 'Warning', reason: string, message: string];

export function operationStarted(revision: string): Note {
  return ['Normal', 'OperationStarted', `Initiated automated sync to '${revision}'`];
}

export function operationCompleted({ phase, message, syncResult }: OperationState): Note {
  const revision = syncResult?.revision ?? '';
  if (phase === 'Succeeded') {
    return ['Normal', 'OperationCompleted', `Sync operation to ${revision} succeeded`];
  }
  const outcome = phase === 'Error' ? 'errored' : 'failed';
  return ['Warning', 'OperationCompleted', `Sync operation to ${revision} ${outcome}: ${message ?? ''}`];
}
