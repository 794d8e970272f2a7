-- phase: contract
-- release: 1.0.0
-- unused-since: 0.9.0
ALTER TABLE articles VALIDATE CONSTRAINT articles_favorites_are_counted;
DROP FUNCTION count_favorites(bigint);
