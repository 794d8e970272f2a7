import { useCallback, useState } from 'react';
import { messagesOf, RequestError } from './http.ts';

export interface Action {
  readonly busy: boolean;
  readonly errors: readonly string[];
  /** Whether the server refused what this field holds. */
  refused(field: string): boolean;
  /** Runs one change; a second one is ignored while it runs. Resolves to whether it worked. */
  run(change: () => Promise<unknown>): Promise<boolean>;
}

/** One change at a time, and what went wrong with the last one. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = useCallback(
    async (change: () => Promise<unknown>) => {
      if (busy) return false;
      setBusy(true);
      try {
        await change();
        setError(undefined);
        return true;
      } catch (failure) {
        setError(failure);
        return false;
      } finally {
        setBusy(false);
      }
    },
    [busy],
  );
  return {
    busy,
    errors: error === undefined ? [] : messagesOf(error),
    refused: (field) => error instanceof RequestError && Object.hasOwn(error.fields, field),
    run,
  };
}
