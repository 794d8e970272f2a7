import { useCallback, useEffect, useMemo, useState } from 'react';
import { messagesOf, RequestError } from './http.ts';

export interface Resource<T> {
  readonly value: T | undefined;
  readonly loading: boolean;
  /** What went wrong, for the reader; empty when nothing did. */
  readonly errors: readonly string[];
  /** The server knows nothing under this name. */
  readonly missing: boolean;
  /** Puts another value in its place, for example the answer of a change. */
  replace(value: T): void;
  reload(): void;
}

type Load<T> = (signal: AbortSignal) => Promise<T>;
interface State<T> {
  load: Load<T>;
  value: T | undefined;
  loading: boolean;
  error: unknown;
}

/**
 * What `load` answers. Another `load` is another question: the running one is called off and, unless `keep` is set, its
 * old answer is not shown any more.
 *
 * @param load memoised by the caller
 */
export function useResource<T>(load: Load<T>, { keep = false } = {}): Resource<T> {
  const [state, setState] = useState<State<T>>({ load, value: undefined, loading: true, error: undefined });
  const [attempt, setAttempt] = useState(0);
  if (state.load !== load) setState({ load, value: keep ? state.value : undefined, loading: true, error: undefined });
  const question = useMemo(() => ({ load, attempt }), [load, attempt]);
  useEffect(() => {
    const controller = new AbortController();
    const settle = (outcome: Partial<State<T>>) => {
      if (!controller.signal.aborted)
        setState({ load: question.load, value: undefined, error: undefined, loading: false, ...outcome });
    };
    question.load(controller.signal).then(
      (value) => settle({ value }),
      (error: unknown) => settle({ error }),
    );
    return () => controller.abort();
  }, [question]);
  const replace = useCallback((value: T) => setState((current) => ({ ...current, value })), []);
  const reload = useCallback(() => {
    setState((current) => ({ ...current, loading: true, error: undefined }));
    setAttempt((current) => current + 1);
  }, []);
  const { value, loading, error } = state;
  const missing = error instanceof RequestError && error.status === 404;
  return { value, loading, errors: error === undefined ? [] : messagesOf(error), missing, replace, reload };
}
