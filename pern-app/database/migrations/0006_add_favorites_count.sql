-- phase: expand
-- release: 0.9.0
-- Release 0.8.0 counts favorites at every read. From 0.9.0 on the article carries the number. Existing rows start with NULL,
-- "not counted yet"; rows written from now on start with 0, whichever release writes them.
ALTER TABLE articles ADD COLUMN favorites_count integer;
ALTER TABLE articles ALTER COLUMN favorites_count SET DEFAULT 0;

-- The database keeps the number, so that it is right while both releases write. NULL stays NULL until it is counted.
CREATE FUNCTION maintain_favorites_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE articles SET favorites_count = favorites_count + 1 WHERE id = NEW.article_id;
  ELSE
    UPDATE articles SET favorites_count = favorites_count - 1 WHERE id = OLD.article_id;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER favorites_are_counted AFTER INSERT OR DELETE ON favorites
  FOR EACH ROW EXECUTE FUNCTION maintain_favorites_count();

-- Counts one article for the first time. Locking comes first and counting second, in a statement of its own: what another
-- transaction has committed by then is counted, and what it commits later finds a number to add to.
CREATE FUNCTION count_favorites(article bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  total integer;
BEGIN
  PERFORM FROM articles WHERE id = article FOR NO KEY UPDATE;
  SELECT count(*) INTO total FROM favorites WHERE article_id = article;
  UPDATE articles SET favorites_count = total WHERE id = article AND favorites_count IS NULL;
  RETURN total;
END $$;
