-- phase: contract
-- release: 1.0.0
-- unused-since: 0.9.0
-- No release needs "not counted yet" any more. NOT VALID: no scan while everybody waits; the next file does the scan.
ALTER TABLE articles ADD CONSTRAINT articles_favorites_are_counted CHECK (favorites_count IS NOT NULL) NOT VALID;
