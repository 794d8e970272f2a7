import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canonicalJson, isRecord } from '#core/json.ts';
import { editKustomization } from '#lib/kustomize/edit.ts';
import type { FileSystem, KustomizeOverrides } from '#lib/kustomize/index.ts';
import type { Answer, RenderedSource, RenderSource } from '#machine/questions.ts';
import { failureOf, SourceError } from '../../../stages/commit/failures.ts';
import { parseManifests } from '../../../stages/render/directory.ts';
import { type KustomizeBuild, kustomizeFailure } from '../../../stages/render/kustomize.ts';
import { renderSource } from '../../../stages/render/render.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
/** Argo CD's own limit for a build. */
const BUILD_MS_MAX = 90_000;
const ANSWERS_MAX = 64;

/** Renders commits with a kustomize binary instead of the library. Answers are remembered by commit and source. */
export class KustomizeBinary {
  readonly #command: string;
  readonly #answers = new Map<string, Promise<Answer>>();

  constructor(command: string) {
    this.#command = command;
  }

  /** @param repository Folder of a clone; only its objects are read. */
  render(repository: string, sha: string, source: RenderSource): Promise<Answer> {
    const key = `${repository} ${sha} ${canonicalJson(source)}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.#renderCommit(repository, sha, source).then(
      (value): Answer => ({ ok: true, value }),
      (error: unknown): Answer => ({ ok: false, failure: failureOf(error) }),
    );
    this.#answers.set(key, answer);
    const oldest = this.#answers.keys().next().value;
    if (this.#answers.size > ANSWERS_MAX && oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }

  async #renderCommit(repository: string, sha: string, source: RenderSource): Promise<RenderedSource> {
    const folder = mkdtempSync(join(tmpdir(), 'pern-kustomize-'));
    try {
      const tree = join(folder, 'tree');
      const env = { ...process.env, GIT_INDEX_FILE: join(folder, 'index') };
      await run('git', ['-C', repository, 'read-tree', sha], { env });
      await run('git', ['-C', repository, 'checkout-index', '--all', `--prefix=${tree}/`], { env });
      return await this.#renderFolder(tree, source);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** The stage decides what kind of source it is and checks it; only the build itself is done outside. */
  async #renderFolder(tree: string, source: RenderSource): Promise<RenderedSource> {
    let wanted: { path: string; overrides: unknown } | undefined;
    const files = folderFiles(tree);
    const remember: KustomizeBuild = (_, path, overrides) => {
      wanted = { path, overrides };
      return { manifests: [], warnings: [] };
    };
    const rendered = renderSource(files, source, remember);
    if (wanted === undefined) return rendered;
    const { path, overrides } = wanted;
    if (isRecord(overrides) && Object.keys(overrides).length > 0) edit(tree, files, path, overrides);
    const { stdout, stderr } = await this.#build(join(tree, path), tree);
    const manifests = parseManifests(stdout, `${path}: output of ${this.#command}`).map(({ manifest }) => manifest);
    const warnings = stderr.split('\n').filter((line) => line.trim() !== '');
    return { ...rendered, manifests, warnings };
  }

  async #build(directory: string, tree: string): Promise<{ stdout: string; stderr: string }> {
    try {
      return await run(this.#command, ['build', directory], { maxBuffer: OUTPUT_BYTES_MAX, timeout: BUILD_MS_MAX });
    } catch (error) {
      const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
      const missing = code === 'ENOENT' || code === 'EACCES';
      const said = (stderr?.trim() || message).replaceAll(`${tree}/`, '').replace(/^Error: /, '');
      throw new SourceError({
        code: 'BuildFailed',
        message: `${this.#command}: ${said}`,
        ...(missing ? { fix: 'name an executable with --kustomize, or leave the option out' } : {}),
      });
    }
  }
}

function edit(tree: string, files: FileSystem, path: string, overrides: KustomizeOverrides): void {
  try {
    const edited = editKustomization(files, path, overrides);
    writeFileSync(join(tree, edited.path), edited.text);
  } catch (error) {
    throw kustomizeFailure(error);
  }
}

function folderFiles(root: string): FileSystem {
  const about = (path: string) => statSync(join(root, path), { throwIfNoEntry: false });
  return {
    readFile: (path) => (about(path)?.isFile() ? readFileSync(join(root, path), 'utf8') : undefined),
    readDirectory: (path) => (about(path)?.isDirectory() ? readdirSync(join(root, path)).sort() : undefined),
  };
}
