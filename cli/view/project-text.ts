import { formatTime } from '../../engine/vocabulary/core/clock.ts';
import { type Cell, type Line, labelled, plain, span, titledTable } from './lines.ts';

interface KindRule {
  group?: string;
  kind?: string;
  name?: string;
}

export interface RoleRow {
  name: string;
  description?: string;
  policies?: readonly string[];
  groups?: readonly string[];
}

export interface TokenRow {
  id?: string;
  iat?: number;
  exp?: number;
}

/** What the project views read of an AppProject. */
export interface ProjectRow {
  metadata: { name: string };
  spec?: {
    description?: string;
    sourceRepos?: readonly string[];
    destinations?: readonly { server?: string; name?: string; namespace?: string }[];
    clusterResourceWhitelist?: readonly KindRule[];
    namespaceResourceWhitelist?: readonly KindRule[];
    clusterResourceBlacklist?: readonly KindRule[];
    namespaceResourceBlacklist?: readonly KindRule[];
    syncWindows?: readonly unknown[];
    roles?: readonly RoleRow[];
  };
}

/** `pern proj list`: the columns of `argocd proj list`. */
export function projectListLines(projects: readonly ProjectRow[], isWide: boolean): Line[] {
  const titles = ['NAME', 'DESTINATIONS', 'SOURCES', 'CLUSTER KINDS', 'NAMESPACED KINDS', 'ROLES', 'WINDOWS'];
  const rows = projects.map(({ metadata, spec = {} }): Cell[] => [
    metadata.name,
    summary(spec.destinations?.map(destinationText)),
    summary(spec.sourceRepos),
    summary(spec.clusterResourceWhitelist?.map(kindText), '<none>'),
    summary(spec.namespaceResourceWhitelist?.map(kindText), '*'),
    String(spec.roles?.length ?? 0),
    String(spec.syncWindows?.length ?? 0),
    ...(isWide ? [spec.description ?? ''] : []),
  ]);
  return titledTable(isWide ? [...titles, 'DESCRIPTION'] : titles, rows);
}

function summary(texts: readonly string[] | undefined, absent = '<none>'): string {
  if (texts === undefined) return absent;
  return texts.length === 0 ? '<none>' : texts.length === 1 ? (texts[0] as string) : `${texts.length}`;
}

function destinationText({ server, name, namespace }: { server?: string; name?: string; namespace?: string }): string {
  return `${server || name || ''},${namespace ?? ''}`;
}

function kindText({ group, kind, name }: KindRule): string {
  return `${group ?? ''}/${kind ?? ''}${name === undefined || name === '' ? '' : `:${name}`}`;
}

/** `pern proj get`: what is permitted, and what is wrong with the project. */
export function projectLines({ metadata, spec = {} }: ProjectRow, problems: readonly string[]): Line[] {
  const rows: [string, Cell][] = [
    ['Name', metadata.name],
    ['Description', spec.description ?? ''],
    ...several('Destinations', spec.destinations?.map(destinationText), '<none>'),
    ...several('Sources', spec.sourceRepos, '<none>'),
    ...several('Cluster kinds', spec.clusterResourceWhitelist?.map(kindText), '<none>'),
    ...several('Denied cluster', spec.clusterResourceBlacklist?.map(kindText), '<none>'),
    ...several('Namespaced', spec.namespaceResourceWhitelist?.map(kindText), '*'),
    ...several('Denied namesp.', spec.namespaceResourceBlacklist?.map(kindText), '<none>'),
    ['Sync windows', String(spec.syncWindows?.length ?? 0)],
    ['Roles', (spec.roles ?? []).map(({ name }) => name).join(', ') || '<none>'],
  ];
  const wrong = problems.map((problem): Line => [span('invalid', 'bad'), span(`: ${problem}`)]);
  return [...labelled(rows), ...(wrong.length === 0 ? [] : [plain(''), ...wrong])];
}

function several(label: string, texts: readonly string[] | undefined, absent: string): [string, Cell][] {
  if (texts === undefined || texts.length === 0) return [[label, texts === undefined ? absent : '<none>']];
  return texts.map((text, index) => [index === 0 ? label : '', text]);
}

export function roleListLines(
  roles: readonly RoleRow[],
  tokens: Readonly<Record<string, readonly TokenRow[]>>,
): Line[] {
  return titledTable(
    ['ROLE', 'DESCRIPTION', 'POLICIES', 'GROUPS', 'TOKENS'],
    roles.map(({ name, description = '', policies = [], groups = [] }) => [
      name,
      description,
      String(policies.length),
      groups.join(', ') || '<none>',
      String(tokens[name]?.length ?? 0),
    ]),
  );
}

/** `pern proj role get`: as `argocd proj role get`, with the policies in full. */
export function roleLines(project: string, role: RoleRow, tokens: readonly TokenRow[], nowMs: number): Line[] {
  return [
    ...labelled(
      [
        ['Role', role.name],
        ['Description', role.description ?? ''],
        ['Groups', role.groups?.join(', ') || '<none>'],
      ],
      14,
    ),
    plain('Policies:'),
    ...[`p, proj:${project}:${role.name}, projects, get, ${project}, allow`, ...(role.policies ?? [])].map(plain),
    plain('Tokens:'),
    ...tokenLines(tokens, nowMs),
  ];
}

export function tokenLines(tokens: readonly TokenRow[], nowMs: number): Line[] {
  if (tokens.length === 0) return [plain('<none>')];
  return titledTable(
    ['ID', 'ISSUED-AT', 'EXPIRES-AT'],
    tokens.map(({ id = '', iat, exp }) => [id, timeText(iat), expiryCell(exp, nowMs)]),
  );
}

function timeText(seconds: number | undefined): string {
  return seconds === undefined ? '<unknown>' : formatTime(seconds * 1000);
}

function expiryCell(seconds: number | undefined, nowMs: number): Cell {
  if (seconds === undefined || seconds === 0) return '<never>';
  const isOver = seconds * 1000 <= nowMs;
  return span(`${timeText(seconds)}${isOver ? ' (expired)' : ''}`, isOver ? 'dim' : undefined);
}
