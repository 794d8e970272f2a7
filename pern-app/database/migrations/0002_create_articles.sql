-- phase: expand
-- release: 0.8.0
CREATE TABLE articles (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug text NOT NULL CONSTRAINT articles_slug_key UNIQUE CHECK (char_length(slug) BETWEEN 1 AND 250),
  title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
  description text NOT NULL CHECK (char_length(description) BETWEEN 1 AND 1000),
  body text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 50000),
  tag_list text[] NOT NULL DEFAULT '{}',
  author_id uuid NOT NULL CONSTRAINT articles_author_fkey REFERENCES users ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Lists are read newest first; the identity breaks ties, so paging is stable.
CREATE INDEX articles_newest_first ON articles (created_at DESC, id DESC);
CREATE INDEX articles_by_author ON articles (author_id, created_at DESC, id DESC);
