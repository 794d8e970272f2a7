import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Document, isMap, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import type { ProjectRole } from '../engine/mechanism/lib/rbac/project-roles.ts';
import type { ProjectSpec } from '../engine/stages/sync/app-project/permissions.ts';
import { CliError } from './errors.ts';

/** An AppProject as a file declares it. */
export interface ProjectFile {
  /** Relative to the repository. */
  file: string;
  document: Document;
  project: DeclaredProject;
}

export interface DeclaredProject {
  metadata: { name: string };
  spec?: ProjectSpec & { roles?: readonly ProjectRole[] };
}

/** Policy text with where each of its lines stands. */
export interface PolicyText {
  /** Keys and values of argocd-rbac-cm. */
  data: Readonly<Record<string, string>>;
  file: string;
  /** The line of the file (from 1) that a line of `data[key]` stands on, and the columns it is indented by. */
  place(key: string, line: number): { line: number; indent: number };
}

const TREE = 'pern-gitops';
const CONFIG_MAP = 'argocd-rbac-cm';

/** Every AppProject under pern-gitops/, sorted by file. Throws CliError for YAML that does not parse. */
export function readProjects(repository: string): ProjectFile[] {
  return manifestFiles(repository).flatMap((file) => {
    const text = readFileSync(join(repository, file), 'utf8');
    if (!/^kind:\s*AppProject\s*$/m.test(text)) return [];
    return documentsOf(text, file)
      .filter(({ document }) => document.get('kind') === 'AppProject')
      .map(({ document }) => ({ file, document, project: document.toJS() as DeclaredProject }));
  });
}

/** argocd-rbac-cm of the repository, or undefined when it declares none. */
export function readRepositoryPolicy(repository: string): PolicyText | undefined {
  for (const file of manifestFiles(repository)) {
    const text = readFileSync(join(repository, file), 'utf8');
    if (!text.includes(CONFIG_MAP)) continue;
    const found = documentsOf(text, file).find(
      ({ document }) => document.get('kind') === 'ConfigMap' && document.getIn(['metadata', 'name']) === CONFIG_MAP,
    );
    if (found !== undefined) return configMapPolicy(found.document, found.lines, file);
  }
  return undefined;
}

/** A policy file that was named: CSV, or a manifest of the ConfigMap. Throws CliError. */
export function readPolicyFile(path: string): PolicyText {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError({ what: 'cannot read the policy file', where: path, why: (error as Error).message });
  }
  if (/^kind:\s*ConfigMap\s*$/m.test(text)) {
    const found = documentsOf(text, path).find(({ document }) => document.get('kind') === 'ConfigMap');
    if (found !== undefined) return configMapPolicy(found.document, found.lines, path);
  }
  return { data: { 'policy.csv': text }, file: path, place: (_key, line) => ({ line, indent: 0 }) };
}

function configMapPolicy(document: Document, lines: LineCounter, file: string): PolicyText {
  const { data } = document.toJS() as { data?: Record<string, unknown> };
  const texts = Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, String(value)]));
  return {
    data: texts,
    file,
    place(key, line) {
      const node = document.getIn(['data', key], true);
      const start = isScalar(node) && node.range ? lines.linePos(node.range[0]).line : 1;
      const isBlock = isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
      return { line: start + (isBlock ? line : line - 1), indent: isBlock ? 4 : 0 };
    },
  };
}

function documentsOf(text: string, file: string): { document: Document; lines: LineCounter }[] {
  const lines = new LineCounter();
  return parseAllDocuments(text, { lineCounter: lines })
    .filter((document) => isMap(document.contents))
    .map((document) => {
      const problem = document.errors[0];
      if (problem !== undefined) {
        const { line = 1, col = 1 } = problem.linePos?.[0] ?? {};
        throw new CliError({ what: 'this is not valid YAML', where: `${file}:${line}:${col}`, why: problem.message });
      }
      return { document: document as Document, lines };
    });
}

function manifestFiles(repository: string): string[] {
  const root = join(repository, TREE);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => relative(repository, join(entry.parentPath, entry.name)))
    .sort();
}

export function readText(path: string): string {
  return readFileSync(path, 'utf8');
}
