import { relative, resolve } from 'node:path';
import {
  build,
  type Diagnostic,
  formatDiagnostic,
  KustomizeError,
  toYaml,
} from '../../engine/mechanism/lib/kustomize/index.ts';
import type { Invocation } from '../command.ts';
import { diskFileSystem } from '../disk-files.ts';
import { EXIT_CODES, type ExitCode } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { span } from '../view/lines.ts';

/** The whole disk is the file system, so that a kustomization may name any folder, as with the binary. */
export async function runKustomize({ arguments: words, options, terminal }: Invocation): Promise<ExitCode> {
  const current = process.cwd();
  const directory = resolve(current, words[0] ?? '.');
  const loadRestrictor = options.text('load-restrictor') === 'none' ? 'none' : 'root-only';
  try {
    const { resources, warnings } = build(diskFileSystem('/'), directory.slice(1), { loadRestrictor });
    for (const warning of warnings) noteDiagnostic(terminal, 'warning', fromFolder(warning, current));
    terminal.write(toYaml(resources));
    return EXIT_CODES.ok;
  } catch (error) {
    if (!(error instanceof KustomizeError)) throw error;
    const findings = error.diagnostics.map((finding) => fromFolder(finding, current));
    for (const finding of findings) noteDiagnostic(terminal, 'error', finding);
    terminal.note(`${findings.length} ${findings.length === 1 ? 'error' : 'errors'}; nothing was rendered`);
    return EXIT_CODES.finding;
  }
}

/** One finding with its place and the offending line, on stderr. */
export function noteDiagnostic(terminal: Terminal, level: 'error' | 'warning', diagnostic: Diagnostic): void {
  const [first = '', ...rest] = formatDiagnostic(diagnostic).split('\n');
  terminal.note([span(level, level === 'error' ? 'bad' : 'warn'), span(`: ${first}`)]);
  for (const line of rest) terminal.note(line);
}

/** Paths as the person at the terminal would write them: seen from the current folder. */
function fromFolder(diagnostic: Diagnostic, folder: string): Diagnostic {
  const shorten = (text: string) => shortenPaths(text, folder);
  const { why, fix } = diagnostic;
  return {
    ...diagnostic,
    file: relative(folder, `/${diagnostic.file}`) || '.',
    message: shorten(diagnostic.message),
    ...(why === undefined ? {} : { why: shorten(why) }),
    ...(fix === undefined ? {} : { fix: shorten(fix) }),
  };
}

/** Paths in a sentence, which are seen from the root of the disk, as seen from `folder`. */
export function shortenPaths(text: string, folder: string): string {
  const parts = folder.split('/').filter((part) => part !== '');
  let result = text;
  for (let count = parts.length; count > 0; count--) {
    const above = '../'.repeat(parts.length - count);
    const path = parts
      .slice(0, count)
      .join('/')
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    result = result.replace(new RegExp(`(?<![\\w./-])${path}(/|(?![\\w.-]))`, 'g'), (_, slash: string) =>
      slash === '/' ? above : above.slice(0, -1) || '.',
    );
  }
  return result;
}
