import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { HttpError } from '../../../operations/errors.ts';

/** Argon2id with the parameters that OWASP recommends first: 19 MiB, two passes, one lane; some 30 ms of a core. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const TAG_BYTES = 32;
const SALT_BYTES = 16;
/** Half of Node's worker threads, so that file and name look-ups never stand in line behind log-ins. */
const AT_ONCE = 2;
const WAITING_MAX = 100;

/** Hashes and checks passwords. Rejects with 503 when too many are waiting: each costs memory and a core. */
export interface Passwords {
  /** @returns a PHC string: algorithm, parameters, salt and tag in one text */
  hash(password: string): Promise<string>;
  /** Takes the same time whether there is a hash or not, so that nobody learns which addresses are registered. */
  matches(password: string, hash: string | undefined): Promise<boolean>;
}

export function createPasswords(): Passwords {
  const turn = createTurnstile();
  return {
    hash: (password) =>
      turn(async () => {
        const salt = randomBytes(SALT_BYTES);
        const parameters = { memory: MEMORY_KIB, passes: PASSES, lanes: LANES };
        return formatPhc(parameters, salt, await derive(password, salt, parameters, TAG_BYTES));
      }),
    matches: (password, hash) =>
      turn(async () => {
        const known = parsePhc(hash ?? NOBODY);
        const tag = await derive(password, known.salt, known, known.tag.length);
        return timingSafeEqual(tag, known.tag) && hash !== undefined;
      }),
  };
}

interface Parameters {
  memory: number;
  passes: number;
  lanes: number;
}

function derive(password: string, salt: Buffer, { memory, passes, lanes }: Parameters, tagBytes: number) {
  const options = { message: password, nonce: salt, parallelism: lanes, tagLength: tagBytes, memory, passes };
  return new Promise<Buffer>((resolve, reject) => {
    argon2('argon2id', options, (error, tag) => (error ? reject(error) : resolve(Buffer.from(tag))));
  });
}

const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
const formatPhc = ({ memory, passes, lanes }: Parameters, salt: Buffer, tag: Buffer) =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${base64(salt)}$${base64(tag)}`;

/** Stands in for the hash of a user who does not exist; no password has this tag. */
const NOBODY = formatPhc(
  { memory: MEMORY_KIB, passes: PASSES, lanes: LANES },
  Buffer.alloc(SALT_BYTES),
  Buffer.alloc(TAG_BYTES),
);

function parsePhc(hash: string): Parameters & { salt: Buffer; tag: Buffer } {
  const [, memory, passes, lanes, salt = '', tag = ''] =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash) ?? [];
  if (tag === '') throw new Error('a stored password hash is not in the format $argon2id$v=19$…');
  return {
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

/** Lets a few through at a time; the others wait in line, and when the line is long they are sent away. */
function createTurnstile() {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return async function turn<T>(work: () => Promise<T>): Promise<T> {
    if (inside >= AT_ONCE) {
      if (waiting.length >= WAITING_MAX) {
        const errors = { server: ['is busy with log-ins, try again'] };
        throw new HttpError(503, 'busy', errors, { retryAfterSeconds: 2 });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else inside += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) inside -= 1;
      else next();
    }
  };
}
