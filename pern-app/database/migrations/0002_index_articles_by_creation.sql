-- The list is read newest first; the identity breaks ties, so paging is stable.
CREATE INDEX articles_newest_first ON articles (created_at DESC, id DESC);
