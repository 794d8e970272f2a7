-- phase: expand
-- release: 0.8.0
CREATE TABLE favorites (
  user_id uuid NOT NULL CONSTRAINT favorites_user_fkey REFERENCES users ON DELETE CASCADE,
  article_id bigint NOT NULL REFERENCES articles ON DELETE CASCADE,
  PRIMARY KEY (user_id, article_id)
);

CREATE INDEX favorites_by_article ON favorites (article_id);
