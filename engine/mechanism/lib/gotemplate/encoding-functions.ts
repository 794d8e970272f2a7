import { createHash } from 'node:crypto';
import { isRecord } from '#core/json.ts';
import { emitDocuments } from '../kustomize/yaml/emitter.ts';
import { fn, type TemplateFunction } from './function.ts';
import { parseGoYaml } from './go-yaml.ts';
import { plain, type Value } from './values.ts';

/** Members in the order of their names, as Go's encoders write maps; what JSON has no word for is null. */
function sorted(value: Value): Value {
  if (value === undefined || typeof value === 'function') return null;
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

function json(value: Value, indent?: number): string {
  return JSON.stringify(sorted(plain(value)), undefined, indent).replace(/[\u2028\u2029]/g, escaped);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** encoding/json makes its texts safe for HTML. */
function safeJson(value: Value, indent?: number): string {
  return json(value, indent).replace(/[<>&]/g, escaped);
}

function fromJson(text: string): Value {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`invalid JSON: ${(error as Error).message}`);
  }
}

function yamlOf(text: string): Value {
  try {
    return parseGoYaml(text);
  } catch (error) {
    throw new Error(`error converting YAML to JSON: yaml: ${(error as Error).message.split('\n')[0]}`);
  }
}

const ALPHABET_32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function toBase32(text: string): string {
  const bits = [...new TextEncoder().encode(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  const letters = groups.map((group) => ALPHABET_32[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
  return letters.padEnd(Math.ceil(letters.length / 8) * 8, '=');
}

function fromBase32(text: string): string {
  const wrong = [...text].findIndex((char) => !ALPHABET_32.includes(char) && char !== '=');
  if (wrong >= 0 || text.length % 8 !== 0) {
    return `illegal base32 data at input byte ${wrong < 0 ? text.length - (text.length % 8) : wrong}`;
  }
  const bits = [...text.replace(/=+$/, '')]
    .map((char) => ALPHABET_32.indexOf(char).toString(2).padStart(5, '0'))
    .join('');
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** What is no base64 gives upstream's complaint as the result, and no error. */
function fromBase64(text: string): string {
  const value = text.replace(/[\r\n]/g, '');
  const wrong = /[^A-Za-z0-9+/]/.exec(value.replace(/={1,2}$/, ''))?.index;
  if (wrong !== undefined || value.length % 4 !== 0) {
    return `illegal base64 data at input byte ${wrong ?? value.length - (value.length % 4)}`;
  }
  return Buffer.from(value, 'base64').toString('utf8');
}

function digest(algorithm: string): TemplateFunction {
  return fn('s', (value: string) => createHash(algorithm).update(value).digest('hex'));
}

const ADLER_MODULUS = 65_521;

function adler32(text: string): string {
  let [low, high] = [1, 0];
  for (const byte of new TextEncoder().encode(text)) {
    low = (low + byte) % ADLER_MODULUS;
    high = (high + low) % ADLER_MODULUS;
  }
  return String(high * 65_536 + low);
}

const toJson = fn('a', (value: Value) => safeJson(value));
const toRawJson = fn('a', (value: Value) => json(value));
const toPrettyJson = fn('a', (value: Value) => safeJson(value, 2));

export const encodingFunctions: Readonly<Record<string, TemplateFunction>> = {
  toJson,
  mustToJson: toJson,
  toRawJson,
  mustToRawJson: toRawJson,
  toPrettyJson,
  mustToPrettyJson: toPrettyJson,
  fromJson: fn('s', (value: string) => {
    try {
      return fromJson(value);
    } catch {
      return null;
    }
  }),
  mustFromJson: fn('s', fromJson),
  toYaml: fn('a', (value: Value) => emitDocuments([sorted(plain(value)) as never]).replace(/\n$/, '')),
  fromYaml: fn('s', (value: string) => {
    const parsed = yamlOf(value) ?? {};
    if (!isRecord(parsed)) throw new Error('error unmarshaling JSON: the text is no mapping');
    return parsed;
  }),
  fromYamlArray: fn('s', (value: string) => {
    const parsed = yamlOf(value) ?? [];
    if (!Array.isArray(parsed)) throw new Error('error unmarshaling JSON: the text is no list');
    return parsed;
  }),
  b64enc: fn('s', (value: string) => Buffer.from(value, 'utf8').toString('base64')),
  b64dec: fn('s', fromBase64),
  b32enc: fn('s', toBase32),
  b32dec: fn('s', fromBase32),
  sha1sum: digest('sha1'),
  sha256sum: digest('sha256'),
  sha512sum: digest('sha512'),
  adler32sum: fn('s', adler32),
};
