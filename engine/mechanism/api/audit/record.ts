import { createHash } from 'node:crypto';
import { canonicalJson, isRecord } from '#core/json.ts';

export type AuditOutcome =
  /** Done. */
  | 'allowed'
  /** A policy, a window or a signature forbade it, or the token was none. */
  | 'refused'
  /** Allowed, and then it did not work (a conflict, an invalid object, a failed sync). */
  | 'failed'
  /** The engine ended between beginning and finishing it. */
  | 'unknown';

/** Who did what to which object, when, from where, at which commit, and by which rule. */
export interface AuditEntry {
  /** RFC 3339 with milliseconds. */
  time: string;
  /** An account, a project role, `admin`, `engine`, or `anonymous`. */
  identity: string;
  groups: readonly string[];
  /** `jti` of the token that was used. */
  tokenId?: string;
  /** Address and port of the client, or `engine`. */
  source: string;
  verb: string;
  /** `Application.argoproj.io argocd/shop`, or what else it was about. */
  object: string;
  /** Of the object, before and after. */
  resourceVersion?: { before?: string; after?: string };
  commit?: string;
  outcome: AuditOutcome;
  /** The policy line that decided, or why it was refused or failed. */
  rule: string;
  message?: string;
  /** With verb `rotate`: the last record of the file that was deleted. */
  dropped?: AuditHead;
}

export interface AuditRecord extends AuditEntry {
  /** From 1, without gaps. */
  sequence: number;
  /** Hash of the record before; 64 zeros for the first. */
  previous: string;
  /** SHA-256 of the record without this field, as canonical JSON. */
  hash: string;
}

/** The end of a chain. */
export interface AuditHead {
  sequence: number;
  hash: string;
}

export const BEFORE_FIRST: AuditHead = { sequence: 0, hash: '0'.repeat(64) };

/** The record that follows `head`. */
export function chained(entry: AuditEntry, head: AuditHead): AuditRecord {
  const body = { ...entry, sequence: head.sequence + 1, previous: head.hash };
  return { ...body, hash: hashOf(body) };
}

/** One line, without its end. Equal records make equal lines. */
export function recordLine(record: AuditRecord): string {
  return canonicalJson(record);
}

/** The record of a line whose own hash is right and which is written as this engine writes it; undefined for any other. */
export function parseRecord(line: string): AuditRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isRecord(value) || typeof value.sequence !== 'number' || typeof value.previous !== 'string') return undefined;
    const { hash, ...body } = value;
    if (hash !== hashOf(body) || canonicalJson(value) !== line) return undefined;
    return value as unknown as AuditRecord;
  } catch {
    return undefined;
  }
}

function hashOf(body: unknown): string {
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}

export function headOf({ sequence, hash }: AuditRecord): AuditHead {
  return { sequence, hash };
}

/** Where records go. The live host's is durable (`edges/real/audit`). */
export interface AuditSink {
  /** Notes that an act begins, so that one the engine did not survive is recorded at the next start as `unknown`. */
  begin(entry: AuditEntry): void;
  /** Records an act, the one begun or one of its own. */
  append(entry: AuditEntry): void;
}

export const NO_AUDIT: AuditSink = { begin: () => {}, append: () => {} };
