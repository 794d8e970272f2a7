/**
 * The architecture as a check (ARCHITECTURE.md): what may be named where, and who may import whom. Each finding says
 * file:line, the rule and what to use instead.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

interface Ban {
  pattern: RegExp;
  instead: string;
}

/** Effects on the outside world: only the live edges, hosts, entry points, tests, the CLI and the application have them. */
const BANS: readonly Ban[] = [
  { pattern: /\bDate\.now\b/, instead: 'the Clock you were given' },
  { pattern: /\bnew Date\(\)/, instead: 'the Clock you were given' },
  { pattern: /\bMath\.random\b/, instead: 'the Entropy you were given' },
  {
    pattern: /\b(setTimeout|setInterval|setImmediate)\(/,
    instead: 'the Scheduler you were given, or wakeAt in a plan',
  },
  { pattern: /\b(randomUUID|randomBytes|getRandomValues)\b/, instead: 'the Ids or Entropy you were given' },
  { pattern: /\bprocess\.(env|exit|argv|cwd)\b/, instead: 'configuration passed in from an entry point' },
  { pattern: /\bperformance\.now\b/, instead: 'the Clock you were given' },
  {
    pattern: /from 'node:(fs|fs\/promises|net|http|https|http2|tls|dns|child_process|worker_threads|sqlite|os)'/,
    instead: 'a port of edges/ports.ts',
  },
];

const IMPURE = [
  /^engine\/edges\/real\//,
  /^engine\/host\//,
  /^engine\/(main|run|build-image)\.ts$/,
  /\/conformance-cli\/main\.ts$/,
  /\/testing(\/|\.ts$)/,
  /\.test\.tsx?$/,
  /^engine\/[^/]+\/.*\/gen\//,
];

/** Zones of the engine, by path prefix, and which zones each may import. First match wins. */
const ZONES: readonly { zone: string; path: RegExp; may: readonly string[] }[] = [
  { zone: 'core', path: /^engine\/vocabulary\/core\//, may: [] },
  { zone: 'machine', path: /^engine\/vocabulary\/machine\//, may: ['core', 'kube'] },
  { zone: 'kube', path: /^engine\/vocabulary\/kube\//, may: ['core'] },
  { zone: 'lib', path: /^engine\/mechanism\/lib\//, may: ['core', 'kube', 'lib'] },
  { zone: 'store', path: /^engine\/mechanism\/store\//, may: ['core', 'kube'] },
  // What a refused write looks like is everybody's word; how it is decided is not.
  { zone: 'api-errors', path: /^engine\/mechanism\/api\/errors\.ts$/, may: ['core', 'kube'] },
  // So are the rules of pod templates (a Rollout is held to them before its ReplicaSets are), how selectors are read, and
  // what counts against a quota.
  {
    zone: 'api-rules',
    path: /^engine\/mechanism\/api\/(validation\/(causes|pods|metadata)|selection|tables\/cells|quota\/(usage|pod-resources|scopes))\.ts$/,
    may: ['core', 'kube', 'lib', 'store', 'api-errors'],
  },
  // The command line verifies audit records without an engine.
  { zone: 'audit', path: /^engine\/mechanism\/api\/audit\//, may: ['core', 'kube', 'store', 'lib'] },
  {
    zone: 'api',
    path: /^engine\/mechanism\/api\//,
    may: ['core', 'kube', 'machine', 'lib', 'store', 'api-errors', 'api-rules'],
  },
  {
    zone: 'control',
    path: /^engine\/mechanism\/control\//,
    may: ['core', 'kube', 'machine', 'store', 'api', 'api-errors'],
  },
  {
    zone: 'stages',
    path: /^engine\/(stages|workloads)\//,
    may: ['core', 'kube', 'machine', 'lib', 'store', 'control', 'api-errors', 'api-rules'],
  },
  { zone: 'ports', path: /^engine\/edges\/[^/]+$/, may: ['core', 'kube', 'machine'] },
  {
    zone: 'real',
    path: /^engine\/edges\/real\//,
    may: [
      'core',
      'kube',
      'machine',
      'lib',
      'store',
      'api',
      'api-errors',
      'api-rules',
      'ports',
      'stages-pure',
      'app',
      'audit',
    ],
  },
  {
    zone: 'sim',
    path: /^engine\/edges\/sim\//,
    may: ['core', 'kube', 'machine', 'lib', 'store', 'ports', 'stages-pure'],
  },
  { zone: 'host', path: /^engine\/(host\/|(main|run)\.ts$)/, may: ['*'] },
  // What needs no engine (rendering) runs in the command itself.
  { zone: 'cli', path: /^cli\//, may: ['core', 'kube', 'machine', 'lib', 'stages-pure', 'check', 'rehearse', 'audit'] },
  {
    zone: 'check',
    path: /^check\//,
    may: ['core', 'kube', 'machine', 'lib', 'api', 'api-errors', 'api-rules', 'stages-pure'],
  },
  // A rehearsal is the simulated host with a story; it brings no disk and no clock of its own.
  {
    zone: 'rehearse',
    path: /^rehearse\//,
    may: ['core', 'kube', 'machine', 'lib', 'store', 'control', 'stages', 'check', 'sim', 'host'],
  },
  { zone: 'app', path: /^pern-app\//, may: [] },
];

const ALIASES: Readonly<Record<string, string>> = {
  '#core/': 'engine/vocabulary/core/',
  '#kube/': 'engine/vocabulary/kube/',
  '#machine/': 'engine/vocabulary/machine/',
  '#store/': 'engine/mechanism/store/',
  '#control/': 'engine/mechanism/control/',
  '#api/': 'engine/mechanism/api/',
  '#lib/': 'engine/mechanism/lib/',
  '#edges/': 'engine/edges/',
};

const LINES_MAX = 500;

/** All findings for the tracked and untracked (not ignored) source files of the repository. */
export function tidy(root: string): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--deduplicate'], {
    cwd: root,
    encoding: 'utf8',
  });
  const files = listed.split('\n').filter((file) => /\.(ts|tsx|mts)$/.test(file) && existsSync(join(root, file)));
  const findings: string[] = [];
  for (const file of files) findings.push(...fileFindings(file, readFileSync(join(root, file), 'utf8')));
  findings.push(...folderFindings(root, files));
  return findings.sort();
}

/** Findings of one file: bans, imports across zones, length, leftovers. */
export function fileFindings(file: string, text: string): string[] {
  // Test support is test code that more than one test uses.
  const isTest = /\.test\.tsx?$|\/testing(\/|\.ts$)|^check\/own-tree\//.test(file);
  const lines = text.split('\n');
  const findings: string[] = [];
  if (!isTest && lines.length > LINES_MAX && !/\/(data|testdata)\//.test(file)) {
    findings.push(`${file}:1 has ${lines.length} lines, ${LINES_MAX} is the limit; split it by concern`);
  }
  const pure = /^(engine|check|rehearse)\//.test(file) && !IMPURE.some((pattern) => pattern.test(file));
  lines.forEach((line, index) => {
    const at = `${file}:${index + 1}`;
    const isComment = /^\s*(\*|\/\/|\/\*)/.test(line);
    if (/\b(TODO|FIXME|XXX|HACK)\b/.test(line) && !file.startsWith('scripts/'))
      findings.push(`${at} leftover mark; finish it or open an issue`);
    if (isTest && /\b(it|test|describe)\.(only|skip|todo)\b/.test(line))
      findings.push(`${at} a test is skipped or focused`);
    if (isComment) return;
    if (pure)
      for (const ban of BANS)
        if (ban.pattern.test(line)) findings.push(`${at} ${ban.pattern.source} is banned here; use ${ban.instead}`);
    if (!isTest) findings.push(...importFindings(file, line, at));
  });
  return findings;
}

function importFindings(file: string, line: string, at: string): string[] {
  const specifier = /(?:from|import)\s*\(?'([^']+)'/.exec(line)?.[1];
  if (specifier === undefined) return [];
  const target = resolveImport(file, specifier);
  const from = ZONES.find(({ path }) => path.test(file));
  const to = target === undefined ? undefined : ZONES.find(({ path }) => path.test(target));
  if (target === undefined || from === undefined || to === undefined || from.may.includes('*')) return [];
  if (from.zone === to.zone && from.zone !== 'stages') return [];
  if (from.zone === 'stages' && to.zone === 'stages') return stageFindings(file, target, at);
  if (from.may.includes(to.zone)) return [];
  // Edges may use the stages' pure functions (rendering, image models), never their controllers.
  if (to.zone === 'stages' && from.may.includes('stages-pure') && !/(controller|plan|observe)s?\.ts$/.test(target))
    return [];
  return [`${at} ${from.zone} may not import ${to.zone} (${target}); allowed: ${from.may.join(', ') || 'nothing'}`];
}

/** A controller may import pure functions of its own stage and of others, but never another controller's plan. */
function stageFindings(file: string, target: string, at: string): string[] {
  if (dirname(file) === dirname(target) || !/\/(controller|plan|observe)\.ts$/.test(target)) return [];
  if (/controllers\.ts$/.test(file)) return [];
  return [`${at} controllers talk through stored objects only; ${target} belongs to another one`];
}

function resolveImport(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier);
  const alias = Object.keys(ALIASES).find((prefix) => specifier.startsWith(prefix));
  return alias === undefined ? undefined : specifier.replace(alias, ALIASES[alias] as string);
}

/** Every folder with source files, to a depth people browse, has a README. */
function folderFindings(root: string, files: readonly string[]): string[] {
  const folders = new Set(
    files
      .map((file) => dirname(file))
      .filter((folder) => /^(engine|cli|check|rehearse|bench|pern-app)(\/[^/]+){0,3}$/.test(folder)),
  );
  return [...folders]
    .filter((folder) => !/\/(testdata|testing|src|gen|data|features|operations|commands|view|app)(\/|$)/.test(folder))
    .filter((folder) => !existsSync(join(root, folder, 'README.md')))
    .map((folder) => `${folder}: has no README.md (the question it answers, what goes in, what comes out)`);
}
