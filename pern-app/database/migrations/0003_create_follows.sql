-- phase: expand
-- release: 0.8.0
CREATE TABLE follows (
  follower_id uuid NOT NULL CONSTRAINT follows_follower_fkey REFERENCES users ON DELETE CASCADE,
  followed_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  PRIMARY KEY (follower_id, followed_id)
);

CREATE INDEX follows_by_followed ON follows (followed_id);
