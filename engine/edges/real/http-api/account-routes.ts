import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '#api/access/access.ts';
import { ACCOUNTS_SECRET, type Account, type AccountToken, accountsOf, tokensKey } from '#api/access/accounts.ts';
import { need } from '#api/access/needs.ts';
import { issueToken } from '#api/access/tokens.ts';
import type { AuditSink } from '#api/audit/record.ts';
import { ApiError } from '#api/errors.ts';
import type { Resources } from '#api/resources.ts';
import { isRecord } from '#core/json.ts';
import { type ProjectToken, projectSubject, tokensByRole } from '#lib/rbac/project-roles.ts';
import { pairProblem, resourceOf } from '#lib/rbac/vocabulary.ts';
import { sendError, sendJson } from './answers.ts';
import { parseJson, readBody } from './body.ts';
import { auditEntry, type Requester } from './guarded-resources.ts';

export interface AccountRouteParts {
  resources: Resources;
  access: Access;
  audit: AuditSink;
  /** What tokens are signed with. */
  key: Uint8Array;
  /** A fresh id. */
  uid: () => string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Namespace of Argo CD's own objects. */
  controlPlane: string;
  onFault: (error: unknown) => void;
}

const BODY_BYTES_MAX = 16 * 1024;
const ROOT = '/pern/v1/';

/**
 * What Argo CD's account and project-token services do: `/pern/v1/session`, `/can-i`, `/accounts` and `/projects/P/roles/R/tokens`.
 * Returns false for other paths.
 */
export function serveAccounts(
  parts: AccountRouteParts,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  requester: Requester,
): boolean {
  const answer = routeOf(parts, request, url, requester);
  if (answer === undefined) return false;
  answer().then(
    (body) => sendJson(response, 200, body),
    (error: unknown) => sendError(response, error, parts.onFault),
  );
  return true;
}

function routeOf(
  parts: AccountRouteParts,
  request: IncomingMessage,
  { pathname }: URL,
  requester: Requester,
): (() => Promise<unknown>) | undefined {
  if (!pathname.startsWith(ROOT)) return undefined;
  const path = pathname.slice(ROOT.length).split('/').map(decoded);
  const service = new AccountService(parts, requester);
  const [first, name = '', second, third = '', fourth, id] = path;
  const call = `${request.method} ${first}`;
  if (call === 'GET session' && path.length === 1) return async () => service.session();
  if (call === 'POST can-i' && path.length === 1) return async () => service.canI(await readJson(request));
  if (call === 'GET accounts' && path.length === 1) return async () => ({ items: service.accounts() });
  if (first === 'accounts' && second === 'tokens') {
    if (request.method === 'POST' && path.length === 3) {
      return async () => service.createAccountToken(name, await readJson(request));
    }
    if (request.method === 'DELETE' && path.length === 4) return async () => service.deleteAccountToken(name, third);
  }
  if (first === 'projects' && second === 'roles' && fourth === 'tokens') {
    if (request.method === 'POST' && path.length === 5) {
      return async () => service.createProjectToken(name, third, await readJson(request));
    }
    if (request.method === 'DELETE' && path.length === 6) {
      return async () => service.deleteProjectToken(name, third, id ?? '');
    }
  }
  return undefined;
}

class AccountService {
  readonly #parts: AccountRouteParts;
  readonly #requester: Requester;

  constructor(parts: AccountRouteParts, requester: Requester) {
    this.#parts = parts;
    this.#requester = requester;
  }

  session(): unknown {
    const { username, groups, claims } = this.#requester.identity;
    return { loggedIn: true, username, iss: claims === undefined ? 'pern' : 'argocd', groups };
  }

  canI(body: Record<string, unknown>): unknown {
    const resource = resourceOf(textOf(body, 'resource'));
    const action = textOf(body, 'action');
    const problem = pairProblem(resource, action);
    if (problem !== undefined) throw new ApiError('BadRequest', problem);
    return this.#parts.access.decide(this.#requester.identity, need(resource, action, textOf(body, 'object')));
  }

  /** The accounts one may see: oneself, and those that `accounts, get` gives. */
  accounts(): Account[] {
    const { access } = this.#parts;
    const { identity } = this.#requester;
    return this.#all().filter(
      ({ name }) => name === identity.username || access.decide(identity, need('accounts', 'get', name)).allowed,
    );
  }

  async createAccountToken(name: string, body: Record<string, unknown>): Promise<unknown> {
    const { uid, key, now } = this.#parts;
    const rule = this.#requireAccount(name, 'create-token');
    const id = optionalText(body, 'id') || uid();
    this.#usableAccount(name, id);
    const subject = `${name}:apiKey`;
    const issued = await issueToken({ subject, id, nowMs: now(), expiresInSeconds: secondsOf(body) }, key);
    // Others may have written while it was signed.
    const { tokens } = this.#usableAccount(name, id);
    const { token, ...record } = issued;
    this.#writeTokens(name, [...tokens, record]);
    this.#record('create-token', `account ${name}`, rule, `token ${id}`);
    return { token, ...record };
  }

  deleteAccountToken(name: string, id: string): unknown {
    const rule = this.#requireAccount(name, 'delete-token');
    const account = this.#all().find((candidate) => candidate.name === name);
    if (account === undefined || !account.tokens.some((token) => token.id === id)) {
      throw new ApiError('NotFound', `account '${name}' has no token with id '${id}'`);
    }
    this.#writeTokens(
      name,
      account.tokens.filter((token) => token.id !== id),
    );
    this.#record('delete-token', `account ${name}`, rule, `token ${id}`);
    return { id };
  }

  async createProjectToken(project: string, role: string, body: Record<string, unknown>): Promise<unknown> {
    const { uid, key, now } = this.#parts;
    const rule = this.#requireProject(project, role, 'create-token');
    const id = optionalText(body, 'id') || uid();
    this.#projectTokens(project, role, id);
    const subject = projectSubject(project, role);
    const issued = await issueToken({ subject, id, nowMs: now(), expiresInSeconds: secondsOf(body) }, key);
    const tokens = this.#projectTokens(project, role, id);
    const { token, ...record } = issued;
    this.#writeProjectTokens(project, role, [record, ...tokens]);
    this.#record(
      'create-token',
      `AppProject.argoproj.io ${this.#parts.controlPlane}/${project} role ${role}`,
      rule,
      `token ${id}`,
    );
    return { token, ...record };
  }

  deleteProjectToken(project: string, role: string, id: string): unknown {
    const rule = this.#requireProject(project, role, 'delete-token');
    const object = this.#parts.access.project(project);
    const tokens = object === undefined ? [] : (tokensByRole(object)[role] ?? []);
    if (!tokens.some((token) => token.id === id)) {
      throw new ApiError('NotFound', `role '${role}' of project '${project}' has no token with id '${id}'`);
    }
    const inSpec = (object?.spec?.roles ?? []).find(({ name }) => name === role)?.jwtTokens ?? [];
    if (inSpec.some((token) => token.id === id || String(token.iat) === id)) {
      throw new ApiError(
        'Conflict',
        `token '${id}' is declared in spec.roles of the project, so git would bring it back; remove it there`,
      );
    }
    this.#writeProjectTokens(
      project,
      role,
      tokens.filter((token) => token.id !== id),
    );
    this.#record(
      'delete-token',
      `AppProject.argoproj.io ${this.#parts.controlPlane}/${project} role ${role}`,
      rule,
      `token ${id}`,
    );
    return { id };
  }

  #all(): Account[] {
    return accountsOf(this.#parts.resources.store, this.#parts.controlPlane);
  }

  #usableAccount(name: string, id: string): Account {
    const account = this.#all().find((candidate) => candidate.name === name);
    if (account === undefined) throw new ApiError('NotFound', `account '${name}' does not exist`);
    if (!account.capabilities.includes('apiKey')) {
      throw new ApiError(
        'BadRequest',
        `account '${name}' does not have apiKey capability; add "accounts.${name}: apiKey" to the data of argocd-cm`,
      );
    }
    if (account.tokens.some((token) => token.id === id)) {
      throw new ApiError('BadRequest', `account already has token with id '${id}'`);
    }
    return account;
  }

  #projectTokens(project: string, role: string, id: string): ProjectToken[] {
    const object = this.#parts.access.project(project);
    const tokens = object === undefined ? undefined : tokensByRole(object)[role];
    if (tokens === undefined) throw new ApiError('NotFound', `project '${project}' does not have role '${role}'`);
    if (tokens.some((token) => token.id === id)) throw new ApiError('BadRequest', `Token id '${id}' has been used. `);
    return tokens;
  }

  /** An account may always see to itself. */
  #requireAccount(name: string, verb: string): string {
    const { identity } = this.#requester;
    if (identity.username === name && identity.claims !== undefined) return 'one’s own account';
    return this.#require(verb, `account ${name}`, 'accounts', name);
  }

  /** The right to change the project, or membership of a group of the role. */
  #requireProject(project: string, role: string, verb: string): string {
    const { identity } = this.#requester;
    const groups = this.#parts.access.project(project)?.spec?.roles?.find(({ name }) => name === role)?.groups ?? [];
    if (identity.groups.some((group) => groups.includes(group))) return `member of a group of role ${role}`;
    return this.#require(
      verb,
      `AppProject.argoproj.io ${this.#parts.controlPlane}/${project} role ${role}`,
      'projects',
      project,
    );
  }

  #require(verb: string, object: string, resource: string, name: string): string {
    const { access, audit, now } = this.#parts;
    try {
      return access.require(this.#requester.identity, { all: [need(resource, 'update', name)] });
    } catch (error) {
      if (error instanceof ApiError) {
        audit.append(auditEntry(this.#requester, now(), { verb, object, outcome: 'refused', rule: error.message }));
      }
      throw error;
    }
  }

  #record(verb: string, object: string, rule: string, message: string): void {
    this.#parts.audit.append(
      auditEntry(this.#requester, this.#parts.now(), { verb, object, outcome: 'allowed', rule, message }),
    );
  }

  #writeTokens(name: string, tokens: readonly AccountToken[]): void {
    const { resources, controlPlane } = this.#parts;
    const data = { [tokensKey(name)]: Buffer.from(JSON.stringify(tokens), 'utf8').toString('base64') };
    const ref = { kind: 'Secret', namespace: controlPlane, name: ACCOUNTS_SECRET };
    const options = { fieldManager: 'pern' };
    if (resources.store.get('Secret', controlPlane, ACCOUNTS_SECRET) === undefined) {
      const metadata = { name: ACCOUNTS_SECRET, namespace: controlPlane };
      resources.create({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data }, options);
    } else resources.patch(ref, { type: 'merge', patch: { data } }, options);
  }

  /** In the status only: a token in the spec would be a difference to git, and be healed away. */
  #writeProjectTokens(project: string, role: string, tokens: readonly ProjectToken[]): void {
    const { resources, controlPlane } = this.#parts;
    const ref = { kind: 'AppProject.argoproj.io', namespace: controlPlane, name: project };
    const patch = { status: { jwtTokensByRole: { [role]: { items: [...tokens] } } } };
    resources.patch(ref, { type: 'merge', patch }, { fieldManager: 'pern' });
  }
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = await readBody(request, BODY_BYTES_MAX);
  const value: unknown = text.length === 0 ? {} : parseJson(text);
  if (!isRecord(value)) throw new ApiError('BadRequest', 'the body must be a JSON object');
  return value;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError('BadRequest', 'the path of the request is not valid percent-encoding');
  }
}

function textOf(body: Record<string, unknown>, field: string): string {
  const value = body[field];
  if (typeof value !== 'string' || value === '') throw new ApiError('BadRequest', `${field}: text is required`);
  return value;
}

function optionalText(body: Record<string, unknown>, field: string): string {
  const value = body[field] ?? '';
  if (typeof value !== 'string' || value.length > 253)
    throw new ApiError('BadRequest', `${field}: text of 253 characters at most is required`);
  return value;
}

/** `expiresIn`: seconds, 0 for a token that does not expire. */
function secondsOf(body: Record<string, unknown>): number {
  const value = body.expiresIn ?? 0;
  if (!Number.isInteger(value) || (value as number) < 0) {
    throw new ApiError('BadRequest', 'expiresIn: a whole number of seconds, zero or more, is required');
  }
  return value as number;
}
