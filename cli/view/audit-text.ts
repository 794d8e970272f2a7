import type { AuditRecord } from '../../engine/mechanism/api/audit/record.ts';
import { type Cell, type Line, span, type Tone, titledTable } from './lines.ts';

const TONES: Readonly<Record<AuditRecord['outcome'], Tone | undefined>> = {
  allowed: 'ok',
  refused: 'bad',
  failed: 'warn',
  unknown: 'warn',
};

/** Records as a table, oldest first; `wide` adds where from and by which rule. */
export function auditLines(records: readonly AuditRecord[], isWide: boolean): Line[] {
  const titles = [
    'SEQ',
    'TIME',
    'WHO',
    'VERB',
    'OBJECT',
    'OUTCOME',
    ...(isWide ? ['SOURCE', 'COMMIT', 'RULE'] : ['WHY']),
  ];
  return titledTable(
    titles,
    records.map((record): Cell[] => [
      String(record.sequence),
      record.time.replace(/\.\d+Z$/, 'Z'),
      record.identity,
      record.verb,
      record.object,
      span(record.outcome, TONES[record.outcome]),
      ...(isWide
        ? [
            record.source,
            record.commit?.slice(0, 12) ?? '',
            oneLine([record.rule, record.message].filter((text) => text !== undefined).join('; ')),
          ]
        : [record.outcome === 'allowed' ? '' : oneLine(record.message ?? record.rule)]),
    ]),
    2,
  );
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
