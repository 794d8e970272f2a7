import { expect, it } from 'vitest';
import { seededEntropy } from '#core/entropy.ts';
import { encodePassword, generatePassword, type PasswordSpec, passwordProblem, passwordRequest } from './password.ts';
import { renderTemplate, TemplateError } from './template.ts';

const generate = (spec: PasswordSpec, seed = 1) => generatePassword(seededEntropy(seed), passwordRequest(spec, 'id'));

it('has the asked numbers of digits and symbols, and a quarter of each by default', () => {
  for (let seed = 0; seed < 50; seed++) {
    const password = generate({ length: 24 }, seed);
    expect(password).toHaveLength(24);
    expect(password.replace(/\D/g, '')).toHaveLength(6);
    expect(password.replace(/[A-Za-z0-9]/g, '')).toHaveLength(6);
    expect(new Set(password).size).toBe(24);
  }
});

it('keeps to the symbols given, to lower case, and repeats when it may', () => {
  expect(generate({ length: 40, digits: 0, symbols: 40, symbolCharacters: '-_', allowRepeat: true })).toMatch(
    /^[-_]{40}$/,
  );
  expect(generate({ length: 60, digits: 0, symbols: 0, noUpper: true, allowRepeat: true })).toMatch(/^[a-z]{60}$/);
});

it.each([
  [{ length: 4, digits: 3, symbols: 2 }, 'length'],
  [{ length: 60, digits: 0, symbols: 0 }, 'length'],
  [{ length: 20, digits: 11, symbols: 0 }, 'digits'],
  [{ length: 20, digits: 0, symbols: 3, symbolCharacters: '-_' }, 'symbols'],
  [{ length: 0 }, 'length'],
  [{ length: 8, symbols: 1, symbolCharacters: '' }, 'symbolCharacters'],
])('refuses %j', (spec, field) => {
  expect(passwordProblem(passwordRequest(spec, 'id'))?.field).toBe(field);
  expect(() => generate(spec)).toThrow(RangeError);
});

it('encodes as the generator asks', () => {
  expect(encodePassword('a?>', 'raw')).toBe('a?>');
  expect(encodePassword('a?>~', 'base64')).toBe('YT8+fg==');
  expect(encodePassword('a?>~', 'base64url')).toBe('YT8-fg==');
  expect(encodePassword('a?', 'hex')).toBe('613f');
  expect(encodePassword('a', 'rot13')).toBeUndefined();
});

it.each([
  ['plain', 'plain'],
  ['{{ .password }}', 's3"x'],
  ['postgres://app:{{.password}}@db', 'postgres://app:s3"x@db'],
  ['{{ .password | b64enc }}', 'czMieA=='],
  ['{{ .password | upper | quote }}', '"S3\\"X"'],
  ['a {{- .password -}} b', 'as3"xb'],
  ['{{ index . "password" }}', 's3"x'],
])('renders %s', (text, expected) => {
  expect(renderTemplate(text, { password: 's3"x' })).toBe(expected);
});

it.each([
  '{{ .other }}',
  '{{ if .password }}x{{ end }}',
  '{{ .password | sha256sum }}',
  '{{ .password',
  '{{ .constructor }}',
])('refuses %s without showing a value', (text) => {
  expect(() => renderTemplate(text, { password: 's3cret' })).toThrow(TemplateError);
  expect(() => renderTemplate(text, { password: 's3cret' })).not.toThrow(/s3cret/);
});
