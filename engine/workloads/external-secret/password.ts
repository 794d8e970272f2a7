import { type Entropy, randomInteger } from '#core/entropy.ts';
import type { PasswordRequest } from '#machine/questions.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const SYMBOLS = '~!@#$%^&*()_+`-={}|[]\\:"<>?,./';
const LENGTH_DEFAULT = 24;

/** `spec` of a Password generator (generators.external-secrets.io/v1alpha1). */
export interface PasswordSpec {
  length?: number;
  digits?: number;
  symbols?: number;
  symbolCharacters?: string;
  noUpper?: boolean;
  allowRepeat?: boolean;
}

/** Defaults as the operator's: 24 characters, of which a quarter are digits and a quarter symbols. */
export function passwordRequest(spec: PasswordSpec, id: string): PasswordRequest {
  const length = spec.length ?? LENGTH_DEFAULT;
  return {
    id,
    length,
    digits: spec.digits ?? Math.floor(length * 0.25),
    symbols: spec.symbols ?? Math.floor(length * 0.25),
    symbolCharacters: spec.symbolCharacters ?? SYMBOLS,
    noUpper: spec.noUpper ?? false,
    allowRepeat: spec.allowRepeat ?? false,
  };
}

/** What is wrong with a request, as `field` (inside the generator's spec) and problem; undefined when it can be met. */
export function passwordProblem(request: PasswordRequest): { field: string; problem: string } | undefined {
  const { length, digits, symbols, symbolCharacters, noUpper, allowRepeat } = request;
  for (const field of ['length', 'digits', 'symbols'] as const) {
    if (!Number.isInteger(request[field]) || request[field] < 0) {
      return { field, problem: `${request[field]} is not a whole number of 0 or more` };
    }
  }
  if (length === 0) return { field: 'length', problem: 'a password needs at least one character' };
  if (digits + symbols > length)
    return { field: 'length', problem: 'number of digits and symbols must be less than total length' };
  if (symbols > 0 && symbolCharacters === '')
    return { field: 'symbolCharacters', problem: 'is empty, but symbols are asked for' };
  if (allowRepeat) return undefined;
  if (length - digits - symbols > (noUpper ? 26 : 52))
    return { field: 'length', problem: 'number of letters exceeds available letters and repeats are not allowed' };
  if (digits > 10)
    return { field: 'digits', problem: 'number of digits exceeds available digits and repeats are not allowed' };
  if (symbols > new Set(symbolCharacters).size)
    return { field: 'symbols', problem: 'number of symbols exceeds available symbols and repeats are not allowed' };
  return undefined;
}

/**
 * A password as asked for: letters, digits and symbols in random order. The answer to a `password` question; the host calls it
 * with its own entropy. Throws RangeError for a request that cannot be met.
 */
export function generatePassword(entropy: Entropy, request: PasswordRequest): string {
  const problem = passwordProblem(request);
  if (problem !== undefined) throw new RangeError(`password: ${problem.field}: ${problem.problem}`);
  const letters = request.noUpper ? LOWER : LOWER + UPPER;
  const result: string[] = [];
  const draw = (alphabet: string, count: number) => {
    for (let drawn = 0; drawn < count; drawn++) insert(entropy, result, [...alphabet], request.allowRepeat);
  };
  draw(letters, request.length - request.digits - request.symbols);
  draw(DIGITS, request.digits);
  draw(request.symbolCharacters, request.symbols);
  return result.join('');
}

/** Puts one character at a random place; without repeats only one that is not there yet. */
function insert(entropy: Entropy, result: string[], alphabet: readonly string[], allowRepeat: boolean): void {
  const choice = allowRepeat ? alphabet : alphabet.filter((character) => !result.includes(character));
  const character = choice[randomInteger(entropy, choice.length, 'password character')] as string;
  result.splice(randomInteger(entropy, result.length + 1, 'password position'), 0, character);
}

/** `spec.encoding`: how the generated text is written. undefined when the encoding is not one of the operator's. */
export function encodePassword(password: string, encoding: string): string | undefined {
  const bytes = Buffer.from(password, 'utf8');
  switch (encoding) {
    case 'raw':
      return password;
    case 'base64':
      return bytes.toString('base64');
    case 'base64url':
      // Go's URLEncoding keeps the padding.
      return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    case 'hex':
      return bytes.toString('hex');
    default:
      return undefined;
  }
}
