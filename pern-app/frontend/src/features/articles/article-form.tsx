import { type FormEvent, useId } from 'react';
import type { NewArticle } from './api.ts';

/** Form for a new article; it clears itself when `onCreate` resolves to true. */
export function ArticleForm({
  busy,
  onCreate,
}: {
  busy: boolean;
  onCreate: (article: NewArticle) => Promise<boolean>;
}) {
  const id = useId();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const text = (name: string) => String(data.get(name) ?? '');
    const created = await onCreate({ title: text('title'), body: text('body'), author: text('author') });
    if (created) form.reset();
  }

  return (
    <form className="card" aria-labelledby={`${id}-heading`} onSubmit={submit}>
      <h2 id={`${id}-heading`}>Write an article</h2>
      <label htmlFor={`${id}-title`}>Title</label>
      <input id={`${id}-title`} name="title" required maxLength={200} autoComplete="off" />
      <label htmlFor={`${id}-author`}>Author</label>
      <input id={`${id}-author`} name="author" required maxLength={80} autoComplete="name" />
      <label htmlFor={`${id}-body`}>Text</label>
      <textarea id={`${id}-body`} name="body" required maxLength={20_000} rows={4} />
      <button type="submit" disabled={busy}>
        Publish
      </button>
    </form>
  );
}
