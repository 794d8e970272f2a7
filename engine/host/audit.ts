import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { matchesFilter } from '#api/audit/chain.ts';
import { engineActs } from '#api/audit/engine-acts.ts';
import { type AuditRecord, type AuditSink, parseRecord } from '#api/audit/record.ts';
import { AuditLog, auditFiles } from '#edges/real/audit/audit-log.ts';
import type { Store } from '#store/store.ts';
import type { Log } from './log.ts';

const LIMIT_DEFAULT = 200;
const LIMIT_MAX = 5000;

export interface Audit extends AuditSink {
  /** Answers `GET /pern/v1/audit?who=&what=&since=&refused=&limit=` with the newest records that match, oldest first. */
  serve(response: ServerResponse, url: URL): void;
  close(): void;
}

/** Where the record of a state folder lies. */
export function auditFolder(stateFolder: string): string {
  return join(stateFolder, 'audit');
}

/** Opens the record, and has the engine's own acts recorded from now on: they are read off the writes of the store. */
export function openAudit(parts: { stateFolder: string; store: Store; log: Log }): Audit {
  const folder = auditFolder(parts.stateFolder);
  const log = new AuditLog({ folder, now: () => Date.now() });
  const isRecording = { now: true };
  /** A full disk must not end the engine, and must not go unnoticed. */
  const append: AuditSink['append'] = (entry) => {
    try {
      if (isRecording.now) log.append(entry);
    } catch (error) {
      parts.log('error', `audit: ${(error as Error).message}`, { verb: entry.verb, object: entry.object });
      throw error;
    }
  };
  const unsubscribe = parts.store.subscribe((event) => {
    for (const act of engineActs(event)) {
      try {
        append({ time: new Date().toISOString(), ...act });
      } catch {
        // Logged. The write it is about is done already, and other listeners have to hear of it.
      }
    }
  });
  return {
    begin: (entry) => log.begin(entry),
    append,
    serve: (response, url) => sendRecords(response, url, folder),
    close: () => {
      unsubscribe();
      isRecording.now = false;
      log.close();
    },
  };
}

function sendRecords(response: ServerResponse, { searchParams }: URL, folder: string): void {
  const text = (name: string) => searchParams.get(name) ?? undefined;
  const filter = { who: text('who'), what: text('what'), since: text('since'), refused: text('refused') === 'true' };
  const limit = Math.min(Number(text('limit')) || LIMIT_DEFAULT, LIMIT_MAX);
  const items: AuditRecord[] = [];
  for (const name of auditFiles(folder).reverse()) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').reverse();
    for (const line of lines) {
      const record = items.length < limit ? parseRecord(line) : undefined;
      if (record !== undefined && matchesFilter(record, filter)) items.push(record);
    }
    if (items.length >= limit) break;
  }
  const body = JSON.stringify({ items: items.reverse() });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
