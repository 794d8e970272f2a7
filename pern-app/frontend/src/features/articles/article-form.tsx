import { type KeyboardEvent, type SubmitEvent, useState } from 'react';
import { ErrorMessages } from '../../shared/error-messages.tsx';
import { Field, TextField, valuesOf } from '../../shared/field.tsx';
import { Icon } from '../../shared/icon.tsx';
import { useAction } from '../../shared/use-action.ts';
import type { Article, ArticleInput } from './api.ts';

/** Tags with one more at the end, unless it is empty or there already. */
export function withTag(tags: readonly string[], typed: string): string[] {
  const tag = typed.trim();
  return tag === '' || tags.includes(tag) ? [...tags] : [...tags, tag];
}

/** Writes a new article, or changes one. What the server refuses is shown above. */
export function ArticleForm({
  article,
  onSave,
}: {
  article?: Article;
  onSave: (article: ArticleInput) => Promise<unknown>;
}) {
  const [tags, setTags] = useState<string[]>(article?.tagList ?? []);
  const { busy, errors, refused, run } = useAction();

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const value = valuesOf(event.currentTarget);
    const input = { title: value('title'), description: value('description'), body: value('body') };
    // What is still in the field counts: nobody should lose a tag for want of the Enter key.
    void run(() => onSave({ ...input, tagList: withTag(tags, value('tag')) }));
  }

  return (
    <>
      <ErrorMessages messages={errors} />
      <form onSubmit={submit} noValidate aria-label="Article">
        <Field
          label="Title"
          name="title"
          refused={refused('title')}
          large
          defaultValue={article?.title}
          maxLength={300}
          autoComplete="off"
        />
        <Field
          label="What’s it about?"
          name="description"
          refused={refused('description')}
          defaultValue={article?.description}
          maxLength={1000}
        />
        <TextField
          label="Text (in Markdown)"
          name="body"
          refused={refused('body')}
          rows={10}
          defaultValue={article?.body}
        />
        <TagField tags={tags} onChange={setTags} />
        <button className="btn btn-lg btn-primary pull-xs-right" type="submit" disabled={busy}>
          Publish Article
        </button>
      </form>
    </>
  );
}

function TagField({ tags, onChange }: { tags: string[]; onChange: (tags: string[]) => void }) {
  function keyDown(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onChange(withTag(tags, event.currentTarget.value));
    event.currentTarget.value = '';
  }
  return (
    <>
      <Field label="Tags (Enter adds one)" name="tag" placeholder="Enter tags" autoComplete="off" onKeyDown={keyDown} />
      <div className="tag-list" aria-live="polite">
        {tags.map((tag) => (
          <span key={tag} className="tag-default tag-pill">
            <button
              type="button"
              className="icon-button"
              aria-label={`Remove tag ${tag}`}
              onClick={() => onChange(tags.filter((other) => other !== tag))}
            >
              <Icon name="ion-close-round" />
            </button>
            {tag}
          </span>
        ))}
      </div>
    </>
  );
}
