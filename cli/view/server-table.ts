import { parseTime } from '../../engine/vocabulary/core/clock.ts';
import { formatAge } from '../../engine/vocabulary/core/duration.ts';
import { type Cell, type Line, titledTable, table as untitledTable } from './lines.ts';

/** A Table of the API, or the plain object or list of a server that makes none. */
export interface ServerTable {
  kind: string;
  columnDefinitions?: { name: string; type: string; format?: string; priority?: number }[];
  rows?: { cells: unknown[]; object?: { metadata?: Metadata } }[];
  items?: { metadata?: Metadata }[];
  metadata?: Metadata;
}

interface Metadata {
  name?: string;
  namespace?: string;
  creationTimestamp?: string;
}

interface TableLook {
  isWide: boolean;
  withNamespace: boolean;
  withoutTitles?: boolean;
}

/** The table as text; columns of a priority above 0 only when wide. Empty when there are no rows. */
export function tableLines(table: ServerTable, look: TableLook, nowMs: number): Line[] {
  const { titles, rows } =
    table.columnDefinitions === undefined ? namesOnly(table, nowMs) : serverRows(table, look, nowMs);
  if (rows.length === 0) return [];
  const namespaces = look.withNamespace
    ? rows.map((row) => [row.namespace, ...row.cells])
    : rows.map((row) => row.cells);
  if (look.withoutTitles === true) return untitledTable(namespaces);
  return titledTable(look.withNamespace ? ['NAMESPACE', ...titles] : titles, namespaces);
}

interface Row {
  namespace: string;
  cells: Cell[];
}

function serverRows(table: ServerTable, look: TableLook, nowMs: number): { titles: string[]; rows: Row[] } {
  const columns = (table.columnDefinitions ?? []).map((column, index) => ({ ...column, index }));
  const shown = columns.filter(({ priority }) => look.isWide || (priority ?? 0) === 0);
  return {
    titles: shown.map(({ name }) => name.toUpperCase()),
    rows: (table.rows ?? []).map(({ cells, object }) => ({
      namespace: object?.metadata?.namespace ?? '',
      cells: shown.map(({ index, type, name }) => cellText(cells[index], type, name, nowMs)),
    })),
  };
}

/** Dates become ages, as kubectl shows columns of type `date` (custom kinds send the time itself). */
function cellText(value: unknown, type: string, name: string, nowMs: number): string {
  if (value === null || value === undefined) return '<none>';
  const isDate = type === 'date' || (name === 'Age' && typeof value === 'string');
  const timeMs = isDate && /^\d{4}-/.test(String(value)) ? parseTime(String(value)) : undefined;
  return timeMs === undefined ? String(value) : formatAge(nowMs - timeMs);
}

function namesOnly(table: ServerTable, nowMs: number): { titles: string[]; rows: Row[] } {
  const objects = table.items ?? (table.metadata?.name === undefined ? [] : [table]);
  return {
    titles: ['NAME', 'AGE'],
    rows: objects.map(({ metadata }) => {
      const createdMs = parseTime(metadata?.creationTimestamp);
      const age = createdMs === undefined ? '' : formatAge(nowMs - createdMs);
      return { namespace: metadata?.namespace ?? '', cells: [metadata?.name ?? '', age] };
    }),
  };
}
