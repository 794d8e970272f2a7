import { expect, test } from 'vitest';
import { createPasswords } from './passwords.ts';

test('readiness 31: a hash is Argon2id with the recommended parameters, salted, and only its password matches', async () => {
  const passwords = createPasswords();
  const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(one).not.toBe(two);
  expect(await passwords.matches('correct horse', one)).toBe(true);
  expect(await passwords.matches('correct horse ', one)).toBe(false);
  expect(await passwords.matches('correct horse', undefined)).toBe(false);
});

test('a hash of another kind is not taken for a wrong password', async () => {
  const passwords = createPasswords();
  await expect(passwords.matches('x', '$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA')).rejects.toThrow(
    'not in the format',
  );
});

test('readiness 31: too many at once are sent away instead of piling up', async () => {
  const passwords = createPasswords();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 103 }, () => passwords.matches('x', '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAA')),
  );
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  expect(outcomes.at(-1)).toMatchObject({ reason: { status: 503, retryAfterSeconds: 2 } });
});
