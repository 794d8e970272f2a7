import { describe, expect, it } from 'vitest';
import { unescapeGo } from './escapes.ts';

describe('unescapeGo', () => {
  it.each([
    ['plain é', 'plain é'],
    ['a\\tb\\\\', 'a\tb\\'],
    ['\\"', '"'],
    ['\\xc3\\xa9', 'é'],
    ['\\303\\251', 'é'],
    ['\\u00e9\\U0001F600', 'é😀'],
    ['\\xff', '\ufffd'],
  ])('%s', (body, text) => {
    expect(unescapeGo(body, '"')).toEqual({ text });
  });

  it.each([
    ["\\'", "\\'"],
    ['\\q', '\\q'],
    ['\\', '\\'],
    ['\\400', '\\400'],
    ['\\ud800', '\\ud800'],
    ['\\U00110000', '\\U00110000'],
    ['\\x1', '\\x'],
  ])('%s is no escape', (body, bad) => {
    expect(unescapeGo(body, '"')).toEqual({ bad });
  });
});
