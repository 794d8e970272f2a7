/** Bearer tokens as Argo CD issues them: HS256, issuer `argocd` (argo-cd.md §1.7, §6.2). */
import { jwtVerify, SignJWT } from 'jose';
import { findProjectToken, parseProjectSubject } from '#lib/rbac/project-roles.ts';
import type { Claims } from '#lib/rbac/rbac.ts';
import type { Reader } from '#store/store.ts';
import type { Access } from './access.ts';
import { type Account, accountsOf } from './accounts.ts';
import type { Identity } from './identity.ts';

const ISSUER = 'argocd';
/** Clocks of one machine agree; a token issued in this second is not yet "not before" a moment ago. */
const TOLERANCE_SECONDS = 1;

export interface TokenRequest {
  subject: string;
  id: string;
  /** Milliseconds since the epoch. */
  nowMs: number;
  /** 0: never. */
  expiresInSeconds: number;
}

export interface IssuedToken {
  token: string;
  id: string;
  /** Seconds since the epoch. */
  iat: number;
  exp?: number;
}

/** Signs a token. The caller records its id where `identityOf` looks it up. */
export async function issueToken(request: TokenRequest, key: Uint8Array): Promise<IssuedToken> {
  const iat = Math.floor(request.nowMs / 1000);
  const exp = request.expiresInSeconds > 0 ? iat + request.expiresInSeconds : undefined;
  const signing = new SignJWT({
    sub: request.subject,
    iss: ISSUER,
    iat,
    nbf: iat,
    jti: request.id,
    ...(exp === undefined ? {} : { exp }),
  });
  const token = await signing.setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key);
  return { token, id: request.id, iat, ...(exp === undefined ? {} : { exp }) };
}

/** Why a token lets nobody in; the message is for its bearer. */
export class TokenError extends Error {
  override name = 'TokenError';
}

/** Checks signature, issuer and times. Throws TokenError. */
export async function verifyToken(token: string, key: Uint8Array, nowMs: number): Promise<Claims> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      issuer: ISSUER,
      currentDate: new Date(nowMs),
      clockTolerance: TOLERANCE_SECONDS,
    });
    return payload;
  } catch (error) {
    throw new TokenError(`invalid session: ${(error as Error).message}`);
  }
}

/**
 * Who a token stands for, if what it was issued for still holds it: a role of a project by id, else by time of issue; an enabled
 * account with the capability, by id. Throws TokenError in upstream's words.
 */
export function identityOf(claims: Claims, parts: { access: Access; reader: Reader; controlPlane: string }): Identity {
  const subject = claims.sub ?? '';
  const id = typeof claims.jti === 'string' ? claims.jti : undefined;
  const role = parseProjectSubject(subject);
  if (role === undefined) return accountIdentity(claims, subject, id, accountsOf(parts.reader, parts.controlPlane));
  const project = parts.access.project(role.project);
  if (project === undefined) throw new TokenError(`invalid session: project '${role.project}' does not exist`);
  if (findProjectToken(project, role.role, { id, iat: claims.iat }) === undefined) {
    throw new TokenError(
      `invalid session: JWT token for role '${role.role}' issued at '${claims.iat ?? ''}' does not exist in project '${role.project}'`,
    );
  }
  return { username: subject, groups: [], claims, ...(id === undefined ? {} : { tokenId: id }) };
}

function accountIdentity(
  claims: Claims,
  subject: string,
  id: string | undefined,
  accounts: readonly Account[],
): Identity {
  const [name = '', suffix] = subject.split(':');
  const capability = suffix === 'login' ? 'login' : 'apiKey';
  const account = accounts.find((candidate) => candidate.name === name);
  const refuse = (why: string) => new TokenError(`invalid session: ${why}`);
  if (account === undefined) throw refuse(`account '${name}' does not exist`);
  if (!account.enabled) throw refuse(`account ${name} is disabled`);
  if (!account.capabilities.includes(capability))
    throw refuse(`account ${name} does not have '${capability}' capability`);
  if (id === undefined || id === '') {
    throw refuse('token does not have a unique identifier (jti claim) and cannot be validated');
  }
  if (capability === 'apiKey' && !account.tokens.some((token) => token.id === id)) {
    throw refuse(`account ${name} does not have token with id ${id}`);
  }
  const { groups } = account;
  return { username: name, groups, claims: { ...claims, sub: name, groups: [...groups] }, tokenId: id };
}
