import {
  chmodSync,
  copyFileSync,
  existsSync,
  type FSWatcher,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import type { Answer, Failure, Question } from '#machine/questions.ts';
import { contentDigest } from './content-digest.ts';
import {
  formatImageReference,
  type ImageReference,
  ImageReferenceError,
  parseImageReference,
} from './image-reference.ts';

/** The `config` member of an OCI image config, as far as running a container needs it. */
export interface ImageConfig {
  User?: string;
  Env?: readonly string[];
  Entrypoint?: readonly string[];
  Cmd?: readonly string[];
  WorkingDir?: string;
  ExposedPorts?: Readonly<Record<string, object>>;
  StopSignal?: string;
  Labels?: Readonly<Record<string, string>>;
}

export interface LocalImage {
  /** In full: `docker.io/library/postgres:18.4`. */
  reference: string;
  /** `sha256:…` of root file system and config. */
  imageId: string;
  rootfs: string;
  config: ImageConfig;
}

/** What an image is made of. `fill` writes the root file system into an empty folder. */
export interface ImageContent {
  config: ImageConfig;
  fill(rootfs: string): void | Promise<void>;
}

/** An image that the engine makes itself when it is first asked for. */
export interface BuiltInImage {
  matches(reference: ImageReference): boolean;
  /** Identity of the inputs: an image made from the same ones is used as it is. Throws ImageUnavailableError. */
  recipe(reference: ImageReference): string;
  content(reference: ImageReference): ImageContent;
}

/** An image cannot be had on this machine; the message says what to do about it. */
export class ImageUnavailableError extends Error {
  override name = 'ImageUnavailableError';
  readonly fix: string;
  constructor(message: string, fix: string) {
    super(`${message}; ${fix}`);
    this.fix = fix;
  }
}

const RECIPE_LABEL = 'org.pern-gitops.recipe';

/**
 * Images as folders: `<state>/images/<encoded name>/<tag>` is a link to `.content/<digest>/{config.json,rootfs/}`, so a
 * tag moves atomically and pods that run keep what they started from. Other processes may add images at any time.
 */
export class ImageStore {
  /** `<state>/images`. */
  readonly directory: string;
  readonly #builtIns: readonly BuiltInImage[];
  readonly #questions = new Set<() => void>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #building = new Map<string, Promise<LocalImage>>();

  constructor(stateDirectory: string, builtIns: readonly BuiltInImage[] = []) {
    this.directory = join(stateDirectory, 'images');
    this.#builtIns = builtIns;
    mkdirSync(join(this.directory, '.content'), { recursive: true, mode: 0o755 });
  }

  /** The image as it is in the store now; undefined when it is not there. Throws ImageReferenceError. */
  find(image: string): LocalImage | undefined {
    const reference = parseImageReference(image);
    const home = this.#home(reference.name);
    if (reference.tag !== undefined) return this.#read(home, reference, reference.tag);
    for (const tag of this.tags(reference.name)) {
      const found = this.#read(home, reference, tag);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The image, made first when it is a built-in one. Throws ImageReferenceError and ImageUnavailableError. */
  async resolve(image: string): Promise<LocalImage> {
    const reference = parseImageReference(image);
    const builtIn = this.#builtIns.find((candidate) => candidate.matches(reference));
    if (builtIn !== undefined) return this.#ensure(builtIn, reference);
    const found = this.find(image);
    if (found !== undefined) return found;
    throw new ImageUnavailableError(
      `failed to pull and unpack image "${formatImageReference(reference)}": not in the local image store`,
      `build it with "pern release", or put it into ${this.#home(reference.name)}`,
    );
  }

  /** Puts an image into the store under a reference with a tag, atomically, in place of what had the tag. */
  async install(image: string, content: ImageContent): Promise<LocalImage> {
    const { name, tag } = parseImageReference(image);
    if (tag === undefined) throw new ImageReferenceError(`"${image}": an image is stored under a tag, not a digest`);
    const work = mkdtempSync(join(this.directory, '.build-'));
    try {
      chmodSync(work, 0o755);
      const rootfs = join(work, 'rootfs');
      mkdirSync(rootfs, { mode: 0o755 });
      await content.fill(rootfs);
      const imageId = contentDigest(rootfs, content.config);
      const file = { os: process.platform, architecture: process.arch, config: content.config };
      writeFileSync(join(work, 'config.json'), `${JSON.stringify(file, null, 2)}\n`);
      const target = join(this.directory, '.content', imageId.replace(':', '-'));
      if (!existsSync(target)) renameSync(work, target);
      this.#point(this.#home(name), tag, target);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    this.#recheck();
    return this.find(image) as LocalImage;
  }

  /** Tags that the store holds of an image name (without tag), sorted. */
  tags(name: string): string[] {
    const home = this.#home(parseImageReference(name).name);
    return existsSync(home)
      ? readdirSync(home)
          .filter((tag) => !tag.startsWith('.'))
          .sort()
      : [];
  }

  /** References of all images in the store, sorted. */
  list(): string[] {
    return readdirSync(this.directory)
      .filter((name) => !name.startsWith('.'))
      .flatMap((name) => this.tags(decodeURIComponent(name)).map((tag) => `${decodeURIComponent(name)}:${tag}`))
      .sort();
  }

  /** Answers an image question, and again whenever the answer changes. */
  answer(question: Extract<Question, { ask: 'image' }>, respond: (answer: Answer) => void): () => void {
    let open = true;
    const check = () => {
      void this.resolve(question.image).then(
        (image) => open && respond({ ok: true, value: { imageId: image.imageId, user: image.config.User ?? '' } }),
        (error: unknown) => open && respond({ ok: false, failure: failureOf(error) }),
      );
    };
    this.#questions.add(check);
    this.#watch();
    check();
    return () => {
      open = false;
      this.#questions.delete(check);
      if (this.#questions.size === 0) this.close();
    };
  }

  /**
   * `bin/` folder with this process's own Node.js, reachable for every user: the base layer of all Node images. Made
   * once a version, as a hard link where the file system allows one.
   */
  nodeBase(): string {
    const bin = join(this.directory, '.base', `node-${process.version}`, 'bin');
    const node = join(bin, 'node');
    if (existsSync(node)) return bin;
    mkdirSync(bin, { recursive: true, mode: 0o755 });
    const source = realpathSync(process.execPath);
    const fresh = `${node}.${process.pid}`;
    try {
      linkSync(source, fresh);
    } catch {
      copyFileSync(source, fresh);
    }
    chmodSync(fresh, 0o755);
    renameSync(fresh, node);
    return bin;
  }

  /** Stops watching for images of other processes. */
  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #home(name: string): string {
    return join(this.directory, encodeURIComponent(name));
  }

  #read(home: string, reference: ImageReference, tag: string): LocalImage | undefined {
    const link = join(home, tag);
    if (!existsSync(join(link, 'config.json'))) return undefined;
    const content = realpathSync(link);
    const { config } = JSON.parse(readFileSync(join(content, 'config.json'), 'utf8')) as { config: ImageConfig };
    const named = /sha256-([0-9a-f]{64})$/.exec(content);
    const imageId = named === null ? contentDigest(join(content, 'rootfs'), config) : `sha256:${named[1]}`;
    if (reference.digest !== undefined && reference.digest !== imageId) return undefined;
    return { reference: formatImageReference({ ...reference, tag }), imageId, rootfs: join(content, 'rootfs'), config };
  }

  #ensure(builtIn: BuiltInImage, reference: ImageReference): Promise<LocalImage> {
    const text = formatImageReference(reference);
    const under = this.#building.get(text);
    if (under !== undefined) return under;
    const work = this.#make(builtIn, reference, text).finally(() => this.#building.delete(text));
    this.#building.set(text, work);
    return work;
  }

  async #make(builtIn: BuiltInImage, reference: ImageReference, text: string): Promise<LocalImage> {
    const recipe = builtIn.recipe(reference);
    const found = this.find(text);
    if (found?.config.Labels?.[RECIPE_LABEL] === recipe) return found;
    const { config, fill } = builtIn.content(reference);
    return this.install(text, { fill, config: { ...config, Labels: { ...config.Labels, [RECIPE_LABEL]: recipe } } });
  }

  #point(home: string, tag: string, target: string): void {
    mkdirSync(home, { recursive: true, mode: 0o755 });
    const fresh = join(home, `.${tag}.${process.pid}`);
    rmSync(fresh, { force: true });
    symlinkSync(relative(home, target), fresh);
    renameSync(fresh, join(home, tag));
  }

  #watch(): void {
    const folders = readdirSync(this.directory).filter((name) => !name.startsWith('.'));
    for (const folder of [this.directory, ...folders.map((name) => join(this.directory, name))]) {
      if (this.#watchers.has(folder)) continue;
      const watcher = watch(folder, { persistent: false }, () => this.#recheck());
      watcher.on('error', () => this.#watchers.delete(folder));
      this.#watchers.set(folder, watcher);
    }
  }

  #recheck(): void {
    if (this.#questions.size > 0) this.#watch();
    for (const check of [...this.#questions]) check();
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof ImageReferenceError) return { code: 'InvalidImageName', message: error.message };
  if (error instanceof ImageUnavailableError) return { code: 'ErrImagePull', message: error.message, fix: error.fix };
  return { code: 'ErrImagePull', message: `failed to prepare the image: ${(error as Error).message}` };
}
