-- phase: expand
-- release: 0.8.0
-- People who write. Identities are random so that a token of another database never names somebody here.
CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
  username text NOT NULL CHECK (char_length(username) BETWEEN 1 AND 50),
  password_hash text NOT NULL,
  bio text CHECK (char_length(bio) BETWEEN 1 AND 2000),
  image text CHECK (char_length(image) BETWEEN 1 AND 2000),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Names and addresses that differ in case only are taken for the same, so that nobody can be impersonated.
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE UNIQUE INDEX users_username_key ON users (lower(username));
