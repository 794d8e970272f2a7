-- phase: expand
-- release: 0.9.0
-- transaction: none
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_by_tag ON articles USING gin (tag_list);
