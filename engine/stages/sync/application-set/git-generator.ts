import { parse } from 'yaml';
import { isRecord } from '#core/json.ts';
import { normalize } from '#lib/gotemplate/index.ts';
import type { Answer, Question } from '#machine/questions.ts';
import { formatFailure } from '../../commit/failures.ts';
import { compilePathMatch, compilePathspec } from '../../render/glob.ts';
import { flatten, renderText, type Templating } from './templating.ts';
import { GeneratorError, type GitGenerator, type Params, type PathItem, PendingError } from './types.ts';

/** Asks, and returns the answer when it is there. */
export type Ask = <Q extends Question>(question: Q) => Answer<Q> | undefined;

/** The parameter sets of a git generator. Throws PendingError, GeneratorError, TemplateError. */
export function generateFromGit(git: GitGenerator, templating: Templating, ask: Ask): Params[] {
  for (const field of Object.keys(git)) {
    if (!KNOWN.has(field)) throw new GeneratorError(`git generator: field ${field} is not reproduced`);
  }
  const { repoURL } = git;
  const sha = answered(ask({ ask: 'revision', repoURL, revision: git.revision ?? '' }), 'revision').sha;
  const what = git.directories !== undefined ? 'directories' : 'files';
  if (git.directories === undefined && git.files === undefined) throw new GeneratorError('ApplicationSet is empty');
  const tree = answered(ask({ ask: 'tree', repoURL, sha }), what);
  if (git.directories !== undefined) {
    return selectDirectories(tree.directories, git.directories).map((path) =>
      pathParams(path, undefined, {}, git, templating),
    );
  }
  const paths = selectFiles(tree.files, git.files ?? []);
  if (paths.length === 0) return [];
  const { contents } = answered(ask({ ask: 'files', repoURL, sha, paths }), what);
  return paths.flatMap((path) =>
    parseContent(contents[path] ?? '', path, repoURL).map((content) => {
      const slash = path.lastIndexOf('/');
      return pathParams(slash < 0 ? '.' : path.slice(0, slash), path.slice(slash + 1), content, git, templating);
    }),
  );
}

const KNOWN = new Set([
  'repoURL',
  'revision',
  'directories',
  'files',
  'values',
  'pathParamPrefix',
  'requeueAfterSeconds',
  'template',
]);

function answered<T>(
  answer: { ok: true; value: T } | { ok: false; failure: Parameters<typeof formatFailure>[0] } | undefined,
  what: string,
): T {
  if (answer === undefined) throw new PendingError();
  if (answer.ok) return answer.value;
  throw new GeneratorError(
    `error generating params from git: error getting ${what} from repo: ${formatFailure(answer.failure)}`,
  );
}

/** Directories some pattern includes and none excludes; hidden ones never (cases cd/A03-A06). */
export function selectDirectories(directories: readonly string[], items: readonly PathItem[]): string[] {
  const patterns = items.map(({ path, exclude }) => ({ matches: compilePathMatch(path), exclude: exclude === true }));
  return directories.filter(
    (path) =>
      !path.split('/').some((name) => name.startsWith('.')) &&
      patterns.some(({ matches, exclude }) => !exclude && matches(path)) &&
      !patterns.some(({ matches, exclude }) => exclude && matches(path)),
  );
}

/** Files some pattern includes and none excludes, sorted; `*` crosses `/` as in git's pathspecs (cases cd/A15, cd/A16). */
export function selectFiles(files: readonly string[], items: readonly PathItem[]): string[] {
  const patterns = items.map(({ path, exclude }) => ({ matches: compilePathspec(path), exclude: exclude === true }));
  return files
    .filter(
      (path) =>
        patterns.some(({ matches, exclude }) => !exclude && matches(path)) &&
        !patterns.some(({ matches, exclude }) => exclude && matches(path)),
    )
    .sort();
}

/** A file's content as parameter sets: one for an object or an empty file, one an element for a list (A11-A14). */
export function parseContent(text: string, path: string, repoURL: string): Record<string, unknown>[] {
  const unreadable = () =>
    new GeneratorError(`unable to process file '${path}' from repository '${repoURL}': unable to parse file`);
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    throw unreadable();
  }
  if (value === null || value === undefined) return [{}];
  if (isRecord(value)) return [value];
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw unreadable();
}

function pathParams(
  path: string,
  filename: string | undefined,
  content: Record<string, unknown>,
  git: GitGenerator,
  templating: Templating,
): Params {
  const segments = path.split('/');
  const basename = segments[segments.length - 1] as string;
  const named = {
    path,
    basename,
    basenameNormalized: normalize(basename),
    ...(filename === undefined ? {} : { filename, filenameNormalized: normalize(filename) }),
  };
  const prefix = git.pathParamPrefix ?? '';
  if (templating.go) {
    const tree = { path: { ...named, segments } };
    return withValues({ ...content, ...(prefix === '' ? tree : { [prefix]: tree }) }, git.values, templating);
  }
  const key = prefix === '' ? 'path' : `${prefix}.path`;
  const flat: Record<string, string> = { ...flatten(content), [key]: path };
  for (const [name, value] of Object.entries(named)) if (name !== 'path') flat[`${key}.${name}`] = value;
  segments.forEach((segment, index) => {
    flat[`${key}[${index}]`] = segment;
  });
  return withValues(flat, git.values, templating);
}

/** `values` of a generator, filled in with its own parameters (case cd/A07). */
export function withValues(params: Params, values: Record<string, string> | undefined, templating: Templating): Params {
  const entries = Object.entries(values ?? {}).map(
    ([key, text]) => [key, renderText(text, params, templating)] as const,
  );
  if (entries.length === 0) return params;
  if (templating.go) return { ...params, values: Object.fromEntries(entries) };
  return { ...params, ...Object.fromEntries(entries.map(([key, text]) => [`values.${key}`, text])) };
}
