import { type AuditHead, type AuditRecord, BEFORE_FIRST, headOf, parseRecord } from './record.ts';

export interface AuditFile {
  name: string;
  text: string;
}

export interface ChainFinding {
  file: string;
  /** From 1; 0 when it is about the whole. */
  line: number;
  message: string;
}

export interface ChainReport {
  records: AuditRecord[];
  /** What tampering or loss left behind; empty for a chain that is whole. */
  findings: ChainFinding[];
  /** Where the chain ends; undefined when there is no record. */
  head: AuditHead | undefined;
  /** Bytes of a last line that has no end: a write that was cut off, or is under way. */
  tornBytes: number;
}

/**
 * Checks a chain of files, oldest first. An edited, deleted, inserted or moved line breaks the hashes of what follows; records cut
 * off at the tail are missed by `head`, which is kept in another place. Dropped old files are vouched for by a `rotate` record.
 */
export function verifyChain(files: readonly AuditFile[], head?: AuditHead): ChainReport {
  const report: ChainReport = { records: [], findings: [], head: undefined, tornBytes: 0 };
  let expected: AuditHead | undefined;
  for (const [index, file] of files.entries()) {
    const lines = file.text.split('\n');
    const rest = lines.pop() ?? '';
    for (const [at, line] of lines.entries())
      expected = checkLine(report, { file: file.name, line: at + 1 }, line, expected);
    if (rest === '') continue;
    if (index === files.length - 1) report.tornBytes = Buffer.byteLength(rest);
    else report.findings.push({ file: file.name, line: lines.length + 1, message: 'the last line has no end' });
  }
  const last = report.records.at(-1);
  report.head = last === undefined ? undefined : headOf(last);
  checkStart(report, files[0]?.name ?? '');
  if (head !== undefined) checkHead(report, head, files.at(-1)?.name ?? '');
  return report;
}

/** Checks one line against the record before it; returns what the next line must follow. */
function checkLine(
  report: ChainReport,
  at: { file: string; line: number },
  line: string,
  expected: AuditHead | undefined,
): AuditHead | undefined {
  const record = parseRecord(line);
  if (record === undefined) {
    report.findings.push({
      ...at,
      message: 'the line was changed: it is no record, or its hash is not that of its content',
    });
    return expected === undefined ? undefined : { sequence: expected.sequence + 1, hash: '' };
  }
  report.records.push(record);
  if (record.verb === 'tamper')
    report.findings.push({ ...at, message: `recorded by the engine at its start: ${record.rule}` });
  if (expected !== undefined) {
    const gap = record.sequence - expected.sequence - 1;
    if (gap > 0)
      report.findings.push({ ...at, message: `${gap} record${gap === 1 ? ' is' : 's are'} missing before this line` });
    else if (gap < 0) report.findings.push({ ...at, message: `record ${record.sequence} was moved or written twice` });
    // After a changed line its hash is unknown; that finding is already there.
    else if (expected.hash !== '' && record.previous !== expected.hash) {
      report.findings.push({ ...at, message: 'the record before this line was replaced' });
    }
  }
  return headOf(record);
}

/** A chain begins with the first record ever, or with the one after what a `rotate` record says was dropped. */
function checkStart({ records, findings }: ChainReport, file: string): void {
  const [first] = records;
  if (first === undefined || (first.sequence === 1 && first.previous === BEFORE_FIRST.hash)) return;
  const isVouchedFor = records.some(
    ({ verb, dropped }) =>
      verb === 'rotate' && dropped?.sequence === first.sequence - 1 && dropped.hash === first.previous,
  );
  if (isVouchedFor) return;
  findings.push({
    file,
    line: 1,
    message: `the chain begins at record ${first.sequence}, and no rotation says that older ones were dropped`,
  });
}

function checkHead(report: ChainReport, head: AuditHead, file: string): void {
  const last = report.head ?? BEFORE_FIRST;
  if (last.sequence < head.sequence) {
    const message = `${head.sequence - last.sequence} record(s) were cut off at the end: the head is at ${head.sequence}, the files end at ${last.sequence}`;
    report.findings.push({ file, line: 0, message });
    return;
  }
  const named = report.records.find(({ sequence }) => sequence === head.sequence);
  if (head.sequence > 0 && named !== undefined && named.hash !== head.hash) {
    report.findings.push({ file, line: 0, message: `record ${head.sequence} is not the one the head was written for` });
  }
  // The head is written right after its record; the engine may have been killed in between.
  if (last.sequence > head.sequence + 1) {
    const message = `${last.sequence - head.sequence} records follow the head at ${head.sequence}: lines were added by somebody else`;
    report.findings.push({ file, line: 0, message });
  }
}

export interface AuditFilter {
  /** Part of an identity or group. */
  who?: string;
  /** Part of a verb, an object, a commit or a message. */
  what?: string;
  /** RFC 3339; records from then on. */
  since?: string;
  /** Only what was refused. */
  refused?: boolean;
}

export function matchesFilter(record: AuditRecord, { who, what, since, refused }: AuditFilter): boolean {
  if (refused === true && record.outcome !== 'refused') return false;
  if (since !== undefined && record.time < since) return false;
  if (who !== undefined && ![record.identity, ...record.groups].some((name) => name.includes(who))) return false;
  if (what === undefined) return true;
  return [record.verb, record.object, record.commit ?? '', record.message ?? ''].some((text) => text.includes(what));
}
