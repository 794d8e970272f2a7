import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AuditFile,
  type AuditFilter,
  matchesFilter,
  verifyChain,
} from '../../engine/mechanism/api/audit/chain.ts';
import { type AuditHead, type AuditRecord, parseRecord, recordLine } from '../../engine/mechanism/api/audit/record.ts';
import { parseSecondsOrDurationMs } from '../../engine/vocabulary/core/duration.ts';
import type { Invocation } from '../command.ts';
import { CliError, EXIT_CODES, type ExitCode } from '../errors.ts';
import { auditLines } from '../view/audit-text.ts';
import { span } from '../view/lines.ts';

const NAME = /^audit-\d{6}\.jsonl$/;

export async function runAuditList(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal } = invocation;
  const limit = options.count('limit') ?? 50;
  const all = (await readRecords(invocation)).filter((record) => matchesFilter(record, filterOf(invocation)));
  const records = limit === 0 ? all : all.slice(-limit);
  const format = options.text('output');
  if (format === 'json') terminal.write(`${JSON.stringify(records, undefined, 2)}\n`);
  else if (records.length === 0) terminal.note('No records match.');
  else terminal.lines(auditLines(records, format === 'wide'));
  if (records.length < all.length) terminal.note(`${all.length - records.length} older records match too; see --limit`);
  terminal.note('Next: pern audit verify');
  return EXIT_CODES.ok;
}

export async function runAuditExport(invocation: Invocation): Promise<ExitCode> {
  const filter = filterOf(invocation);
  for (const record of await readRecords(invocation)) {
    if (matchesFilter(record, filter)) invocation.terminal.line(recordLine(record));
  }
  return EXIT_CODES.ok;
}

export async function runAuditVerify(invocation: Invocation): Promise<ExitCode> {
  const { options, terminal } = invocation;
  const folder = auditFolder(invocation);
  const files = await readFiles(folder);
  const kept = readHead(folder);
  const { records, findings, head, tornBytes } = verifyChain(files, kept);
  if (kept === undefined && records.length > 0) {
    findings.push({ file: `${folder}-head`, line: 0, message: 'the file with the head is gone or cannot be read' });
  }
  const noted = notedHead(options.text('head'));
  const named = noted && records.find(({ sequence }) => sequence === noted.sequence);
  if (noted !== undefined && named?.hash !== noted.hash) {
    const why = named === undefined ? 'is not there' : 'is another one';
    findings.push({ file: folder, line: 0, message: `record ${noted.sequence}, whose hash was noted before, ${why}` });
  }
  if (options.text('output') === 'json') {
    terminal.write(`${JSON.stringify({ records: records.length, head, findings, tornBytes }, undefined, 2)}\n`);
  } else {
    for (const { file, line, message } of findings) {
      terminal.line([span('error', 'bad'), span(`: ${file}${line === 0 ? '' : `:${line}`}: ${message}`)]);
    }
    if (tornBytes > 0)
      terminal.note(`the last ${tornBytes} bytes are no whole record yet: a write is under way, or was cut off`);
    const end = head === undefined ? '' : `; head ${head.sequence}:${head.hash}`;
    const verdict =
      findings.length === 0 ? 'The record is whole' : `The record is NOT whole (${findings.length} findings)`;
    terminal.line(`${verdict}: ${records.length} records${end}`);
  }
  return findings.length === 0 ? EXIT_CODES.ok : EXIT_CODES.finding;
}

function auditFolder({ session }: Invocation): string {
  const folder = join(session.stateFolder(), 'audit');
  if (existsSync(folder)) return folder;
  throw new CliError({
    what: 'there is no audit record',
    where: folder,
    fix: 'start the engine with "pern up", or name its state folder with --state',
  });
}

async function readFiles(folder: string): Promise<AuditFile[]> {
  const { readdirSync } = await import('node:fs');
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => ({ name: join(folder, name), text: readFileSync(join(folder, name), 'utf8') }));
}

async function readRecords(invocation: Invocation): Promise<AuditRecord[]> {
  const files = await readFiles(auditFolder(invocation));
  return files.flatMap(({ text }) =>
    text.split('\n').flatMap((line) => (line === '' ? [] : (parseRecord(line) ?? []))),
  );
}

function readHead(folder: string): AuditHead | undefined {
  try {
    const { sequence, hash } = JSON.parse(readFileSync(`${folder}-head`, 'utf8')) as AuditHead;
    return { sequence, hash };
  } catch {
    return undefined;
  }
}

function notedHead(text: string | undefined): AuditHead | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text);
  if (match === null)
    throw new CliError({
      what: `--head "${text}" is not SEQ:HASH`,
      fix: 'copy it from the last line of "pern audit verify"',
    });
  return { sequence: Number(match[1]), hash: match[2] as string };
}

function filterOf({ options, now }: Invocation): AuditFilter {
  const since = options.text('since');
  return {
    who: options.text('who'),
    what: options.text('what'),
    since: since === undefined ? undefined : sinceTime(since, now()),
    refused: options.flag('refused'),
  };
}

function sinceTime(text: string, nowMs: number): string {
  const agoMs = parseSecondsOrDurationMs(text);
  const atMs = agoMs === undefined ? Date.parse(text) : nowMs - agoMs;
  if (Number.isNaN(atMs))
    throw new CliError({
      what: `--since "${text}" is neither a time nor a duration`,
      fix: 'write 2026-01-31T08:00:00Z or 2h',
    });
  return new Date(atMs).toISOString();
}
