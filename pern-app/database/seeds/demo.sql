-- Something to look at in a development database. Running it again changes nothing. The password of all three is conduit-demo.
INSERT INTO users (email, username, password_hash, bio) VALUES
  ('ada@example.com', 'ada', '$argon2id$v=19$m=19456,t=2,p=1$4x65u5mKuIZGR62b7aa6wQ$T1bHBTuHh9JzyXVpx7Qp0YTio9AuJrn0ShXCgw7LJ2M', 'Ada writes about small tools.'),
  ('grace@example.com', 'grace', '$argon2id$v=19$m=19456,t=2,p=1$4x65u5mKuIZGR62b7aa6wQ$T1bHBTuHh9JzyXVpx7Qp0YTio9AuJrn0ShXCgw7LJ2M', 'Grace writes about large systems.'),
  ('linus@example.com', 'linus', '$argon2id$v=19$m=19456,t=2,p=1$4x65u5mKuIZGR62b7aa6wQ$T1bHBTuHh9JzyXVpx7Qp0YTio9AuJrn0ShXCgw7LJ2M', NULL)
ON CONFLICT DO NOTHING;

INSERT INTO articles (slug, title, description, body, tag_list, author_id, created_at, updated_at)
SELECT d.slug, d.title, d.description, d.body, d.tag_list, u.id, d.created_at, d.created_at FROM (VALUES
  ('why-we-commit-configuration', 'Why we commit configuration', 'A note on: why we commit configuration.', '# Why we commit configuration

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{gitops}'::text[], 'ada', timestamptz '2026-01-01 09:00Z'),
  ('what-a-canary-tells-you', 'What a canary tells you', 'A note on: what a canary tells you.', '# What a canary tells you

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{canary,metrics}'::text[], 'grace', timestamptz '2026-01-02 09:00Z'),
  ('reading-a-histogram', 'Reading a histogram', 'A note on: reading a histogram.', '# Reading a histogram

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{metrics}'::text[], 'linus', timestamptz '2026-01-03 09:00Z'),
  ('rolling-back-without-shame', 'Rolling back without shame', 'A note on: rolling back without shame.', '# Rolling back without shame

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{canary}'::text[], 'ada', timestamptz '2026-01-04 09:00Z'),
  ('expand-migrate-contract', 'Expand, migrate, contract', 'A note on: expand, migrate, contract.', '# Expand, migrate, contract

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{postgres}'::text[], 'grace', timestamptz '2026-01-05 09:00Z'),
  ('a-window-for-every-release', 'A window for every release', 'A note on: a window for every release.', '# A window for every release

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{gitops,policy}'::text[], 'linus', timestamptz '2026-01-06 09:00Z'),
  ('the-pool-is-a-promise', 'The pool is a promise', 'A note on: the pool is a promise.', '# The pool is a promise

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{postgres,operations}'::text[], 'ada', timestamptz '2026-01-07 09:00Z'),
  ('probes-that-do-not-lie', 'Probes that do not lie', 'A note on: probes that do not lie.', '# Probes that do not lie

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{operations}'::text[], 'grace', timestamptz '2026-01-08 09:00Z'),
  ('caches-may-die', 'Caches may die', 'A note on: caches may die.', '# Caches may die

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{redis,operations}'::text[], 'linus', timestamptz '2026-01-09 09:00Z'),
  ('one-image-for-all-environments', 'One image for all environments', 'A note on: one image for all environments.', '# One image for all environments

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{images}'::text[], 'ada', timestamptz '2026-01-10 09:00Z'),
  ('secrets-that-nobody-types', 'Secrets that nobody types', 'A note on: secrets that nobody types.', '# Secrets that nobody types

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{policy}'::text[], 'grace', timestamptz '2026-01-11 09:00Z'),
  ('small-steps-often', 'Small steps, often', 'A note on: small steps, often.', '# Small steps, often

This is sample text. It has **Markdown** in it, and a list:

- first
- second', '{gitops,operations}'::text[], 'linus', timestamptz '2026-01-12 09:00Z')
) AS d (slug, title, description, body, tag_list, author, created_at) JOIN users u ON u.username = d.author
ON CONFLICT (slug) DO NOTHING;

INSERT INTO follows (follower_id, followed_id)
SELECT f.id, t.id FROM users f JOIN users t ON (f.username, t.username) IN (('ada', 'grace'), ('grace', 'ada'), ('linus', 'ada'))
ON CONFLICT DO NOTHING;

INSERT INTO favorites (user_id, article_id)
SELECT u.id, a.id FROM users u JOIN articles a ON a.author_id <> u.id
WHERE u.username IN ('ada', 'grace', 'linus') AND a.slug IN ('what-a-canary-tells-you', 'expand-migrate-contract', 'small-steps-often')
ON CONFLICT DO NOTHING;

INSERT INTO comments (article_id, author_id, body, created_at, updated_at)
SELECT a.id, u.id, c.body, a.created_at + interval '1 hour', a.created_at + interval '1 hour' FROM (VALUES
  ('what-a-canary-tells-you', 'grace', 'Only if somebody uses it.'),
  ('expand-migrate-contract', 'linus', 'And never in one release.')
) AS c (slug, username, body) JOIN articles a ON a.slug = c.slug JOIN users u ON u.username = c.username
WHERE NOT EXISTS (SELECT FROM comments x WHERE x.article_id = a.id AND x.author_id = u.id AND x.body = c.body);
