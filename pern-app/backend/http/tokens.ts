import { errors, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import { unauthorized } from './errors.ts';
import type { Viewer } from './route.ts';

export interface TokenOptions {
  secret: string;
  /** Accepted and no longer used to sign, so that a secret can be replaced without logging everybody out. */
  previousSecret?: string | undefined;
  /** A token of one environment is worth nothing in another. */
  environment: string;
  lifetimeSeconds: number;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Signed statements of who somebody is (JWT, HS256). Nothing is stored, so any replica of any release can check them. */
export interface Tokens {
  issue(userId: string): Promise<string>;
  /**
   * @param authorization the header's value, `Token JWT` or `Bearer JWT`
   * @throws {HttpError} 401 when it is missing, unreadable, forged, of another environment or expired
   */
  verify(authorization: string | undefined): Promise<Viewer>;
}

const ISSUER = 'pern-app';
const ALGORITHM = 'HS256';
/** Verified tokens that are remembered until they expire; checking a signature anew costs as much as a small query. */
const REMEMBERED_MAX = 5000;
const claims = z.object({ sub: z.uuid(), exp: z.number() });

export function createTokens(options: TokenOptions): Tokens {
  const { now, lifetimeSeconds } = options;
  const audience = `${ISSUER}-${options.environment}`;
  const encode = (text: string) => new TextEncoder().encode(text);
  const key = encode(options.secret);
  const keys = options.previousSecret === undefined ? [key] : [key, encode(options.previousSecret)];
  const remembered = new Map<string, { viewer: Viewer; expiresMs: number }>();

  async function check(token: string, at: number): Promise<Viewer> {
    const currentDate = new Date(now());
    const { payload } = await jwtVerify(token, keys[at] ?? key, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience,
      currentDate,
    });
    const { sub, exp } = claims.parse(payload);
    const viewer = { id: sub };
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.set(token, { viewer, expiresMs: exp * 1000 });
    return viewer;
  }

  async function checkAll(token: string): Promise<Viewer> {
    for (let at = 0; ; at += 1) {
      try {
        return await check(token, at);
      } catch (error) {
        const isForged = error instanceof errors.JWSSignatureVerificationFailed;
        if (isForged && at + 1 < keys.length) continue;
        throw refusalOf(error);
      }
    }
  }

  return {
    issue(userId) {
      const issuedSeconds = Math.floor(now() / 1000);
      return new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM })
        .setIssuer(ISSUER)
        .setAudience(audience)
        .setSubject(userId)
        .setIssuedAt(issuedSeconds)
        .setExpirationTime(issuedSeconds + lifetimeSeconds)
        .sign(key);
    },
    async verify(authorization) {
      if (authorization === undefined) throw unauthorized('token_missing', 'is missing');
      const token = /^(?:Token|Bearer) ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
      if (token === undefined) throw unauthorized('token_invalid', 'is invalid');
      const known = remembered.get(token);
      if (known !== undefined && known.expiresMs > now()) return known.viewer;
      remembered.delete(token);
      return checkAll(token);
    },
  };
}

/** Whatever is wrong with a token, only its age is worth telling apart: the client should log in again. */
function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return unauthorized('token_expired', 'has expired');
  const isRefused = error instanceof errors.JOSEError || error instanceof z.ZodError || error instanceof TypeError;
  return isRefused ? unauthorized('token_invalid', 'is invalid') : error;
}
