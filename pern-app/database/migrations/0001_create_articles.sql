-- The articles that readers list, like and delete.
CREATE TABLE articles (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
  body text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 20000),
  author text NOT NULL CHECK (char_length(author) BETWEEN 1 AND 80),
  created_at timestamptz NOT NULL DEFAULT now(),
  likes integer NOT NULL DEFAULT 0 CHECK (likes >= 0)
);
