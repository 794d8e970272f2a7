import { isRecord } from '#core/json.ts';
import { normalize } from '#lib/gotemplate/index.ts';
import { compilePathMatch, compilePathspec } from '../../render/glob.ts';
import { answered, type GeneratorContext, refuseOthers } from './inputs.ts';
import { flatten } from './selection.ts';
import type { Templating } from './templating.ts';
import { GeneratorError, type GitGenerator, type Params, type PathItem } from './types.ts';
import { withValues } from './values.ts';
import { parseYaml } from './yaml-text.ts';

/** The parameter sets of a git generator. Throws PendingError, GeneratorError, TemplateError. */
export function generateFromGit(git: GitGenerator, context: GeneratorContext): Params[] {
  const { templating, ask, field } = context;
  refuseOthers(git, KNOWN, field);
  if (git.directories === undefined && git.files === undefined) throw new GeneratorError('ApplicationSet is empty');
  refuseIncomplete(git, field);
  refuseUnknownProject(context);
  const { repoURL } = git;
  const trying = (what: string) => `error generating params from git: error getting ${what} from repo`;
  const what = git.directories !== undefined ? 'directories' : 'files';
  const { sha } = answered(ask({ ask: 'revision', repoURL, revision: git.revision ?? '' }), trying(what));
  const tree = answered(ask({ ask: 'tree', repoURL, sha }), trying(what));
  if (git.directories !== undefined) {
    return selectDirectories(tree.directories, git.directories).map((path) =>
      pathParams(path, undefined, {}, git, templating),
    );
  }
  const paths = selectFiles(tree.files, git.files ?? []);
  if (paths.length === 0) return [];
  const { contents } = answered(ask({ ask: 'files', repoURL, sha, paths }), trying(what));
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

/** What the CustomResourceDefinition requires, for sets that no API has looked at. */
function refuseIncomplete(git: GitGenerator, field: string): void {
  if (typeof git.repoURL !== 'string') throw new GeneratorError(`${field}.repoURL: must be a text`);
  for (const key of ['directories', 'files'] as const) {
    const items: unknown = git[key] ?? [];
    if (!Array.isArray(items)) throw new GeneratorError(`${field}.${key}: must be a list`);
    const bad = items.findIndex((item) => !isRecord(item) || typeof item.path !== 'string');
    if (bad >= 0) throw new GeneratorError(`${field}.${key}[${bad}].path: must be a text`);
  }
}

/** A set's project decides about access to its repository; one that a template names cannot be looked up. */
function refuseUnknownProject({ project, hasProject }: GeneratorContext): void {
  if (project === undefined || hasProject === undefined || hasProject(project)) return;
  throw new GeneratorError(
    `error getting project ${project}: AppProject.argoproj.io ${JSON.stringify(project)} not found`,
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
  const unreadable = (problem: string) =>
    new GeneratorError(
      `error generating params from git: unable to process file '${path}' from repository '${repoURL}': unable to parse file: ${problem}`,
    );
  const value = parseYaml(text, unreadable);
  if (value === null || value === undefined) return [{}];
  if (isRecord(value)) return [value];
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw unreadable('neither an object nor a list of objects');
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
