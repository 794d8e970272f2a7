import { useCallback, useEffect, useRef, useState } from 'react';
import type { ArticlePage, ArticlesApi, NewArticle } from './api.ts';

export const PAGE_LENGTH = 10;

export interface Articles {
  page: ArticlePage | undefined;
  offset: number;
  /** What went wrong last, for the reader. */
  error: string | undefined;
  busy: boolean;
  show(offset: number): void;
  /** Resolves to whether it worked, so that a form knows when to clear itself. */
  create(article: NewArticle): Promise<boolean>;
  like(id: number): void;
  remove(id: number): void;
}

const toMessage = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** One page of articles, read again after every change. */
export function useArticles(api: ArticlesApi): Articles {
  const [page, setPage] = useState<ArticlePage>();
  const [offset, setOffset] = useState(0);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const newestLoad = useRef(0);

  const load = useCallback(
    async (from: number) => {
      newestLoad.current += 1;
      const thisLoad = newestLoad.current;
      const result = await api.list({ limit: PAGE_LENGTH, offset: from });
      // Answers may overtake each other; only the newest question counts.
      if (thisLoad === newestLoad.current) setPage(result);
    },
    [api],
  );

  const attempt = useCallback(async (action: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    try {
      await action();
      setError(undefined);
      return true;
    } catch (failure) {
      setError(toMessage(failure));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);

  useEffect(() => {
    void attempt(() => load(offset));
  }, [attempt, load, offset]);

  return {
    page,
    offset,
    error,
    busy,
    show: setOffset,
    create: (article) =>
      attempt(async () => {
        await api.create(article);
        setOffset(0);
        await load(0);
      }),
    like: (id) => void attempt(() => api.like(id).then(() => load(offset))),
    remove: (id) => void attempt(() => api.remove(id).then(() => load(offset))),
  };
}
