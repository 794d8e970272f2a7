-- phase: migrate
-- release: 0.9.0
-- repeat: until no rows
SELECT count_favorites(id) FROM articles WHERE favorites_count IS NULL ORDER BY id LIMIT 500;
