import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { contentDigest } from './content-digest.ts';
import { type ImageConfig, type ImageContent, ImageStore, type LocalImage } from './image-store.ts';

/** One image of the application, as `pern-app/images.ts` describes it. Paths are relative to `pern-app/`. */
export interface ComponentDefinition {
  readonly name: string;
  readonly image: string;
  /** Output name without `.js` → entry point. */
  readonly entries: Readonly<Record<string, string>>;
  readonly assets: readonly { readonly from: string; readonly to: string }[];
  readonly vite?: { readonly root: string; readonly to: string };
  readonly external?: readonly string[];
  /** Names that FAULTS may hold. */
  readonly faults?: readonly string[];
  readonly config: {
    readonly user: string;
    readonly workingDir: string;
    readonly entrypoint: readonly string[];
    readonly cmd: readonly string[];
    readonly exposedPorts: readonly number[];
    readonly env: Readonly<Record<string, string>>;
  };
}

export interface ComponentBuild {
  /** The repository's working tree; the application is in its `pern-app/`. */
  repository: string;
  stateFolder: string;
  component: string;
  version: string;
  /** Set as FAULTS in the image: what it does wrong on purpose. */
  faults?: string;
  /** Let a version that exists become another image. */
  replace?: boolean;
}

/** The build was refused or failed; the message says which file of the application is at fault where that is known. */
export class ComponentBuildError extends Error {
  override name = 'ComponentBuildError';
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Builds one component of the application into the local image store. Equal sources and version give an equal digest. */
export async function buildComponent(build: ComponentBuild): Promise<{ image: string; imageId: string }> {
  const definition = await definitionOf(build);
  checkFaults(definition, build.faults);
  const store = new ImageStore(build.stateFolder);
  const image = `${definition.image}:${build.version}`;
  const existing = store.find(image);
  const content = componentContent(join(build.repository, 'pern-app'), definition, build);
  const installed = await store.install(
    image,
    existing === undefined || build.replace ? content : onlySame(content, existing),
  );
  return { image: installed.reference, imageId: installed.imageId };
}

/** A fault that the component does not know would only show when its pods crash. */
function checkFaults({ name, faults = [] }: ComponentDefinition, given: string | undefined): void {
  for (const fault of (given ?? '').split(',').filter((part) => part !== '')) {
    const named = fault.split('=', 1)[0] as string;
    if (faults.includes(named)) continue;
    throw new ComponentBuildError(`${name} has no fault "${named}"; there are: ${faults.join(', ') || 'none'}`);
  }
}

/** The components of the application. Throws ComponentBuildError when `pern-app/images.ts` cannot be read. */
export async function componentsOf(repository: string): Promise<readonly ComponentDefinition[]> {
  const file = join(repository, 'pern-app', 'images.ts');
  if (!existsSync(file)) throw new ComponentBuildError(`${file}: not found; it names the images of the application`);
  const { images } = (await import(pathToFileURL(file).href)) as { images?: readonly ComponentDefinition[] };
  if (!Array.isArray(images))
    throw new ComponentBuildError(`${file}: must export "images", a list of image definitions`);
  return images;
}

async function definitionOf({ repository, component }: ComponentBuild): Promise<ComponentDefinition> {
  const components = await componentsOf(repository);
  const found = components.find(({ name }) => name === component);
  if (found !== undefined) return found;
  const names = components.map(({ name }) => name).join(', ');
  throw new ComponentBuildError(`there is no component "${component}" in pern-app/images.ts; there are: ${names}`);
}

/** A version is a promise: what has been deployed under it must not become something else unnoticed. */
function onlySame(content: ImageContent, existing: LocalImage): ImageContent {
  return {
    config: content.config,
    async fill(rootfs) {
      await content.fill(rootfs);
      if (contentDigest(rootfs, content.config) === existing.imageId) return;
      throw new ComponentBuildError(
        `${existing.reference} exists with other content; release another version, or replace it on purpose (--replace)`,
      );
    },
  };
}

function componentContent(application: string, definition: ComponentDefinition, build: ComponentBuild): ImageContent {
  return {
    config: imageConfig(definition, build),
    async fill(rootfs) {
      const target = join(rootfs, definition.config.workingDir);
      mkdirSync(target, { recursive: true });
      writeFileSync(join(target, 'package.json'), '{ "type": "module" }\n');
      for (const [name, entry] of Object.entries(definition.entries)) {
        await bundle(application, entry, join(target, `${name}.js`), definition.external ?? []);
      }
      for (const { from, to } of definition.assets) {
        cpSync(join(application, from), join(target, to), { recursive: true });
      }
      if (definition.vite !== undefined)
        await buildPage(application, definition.vite.root, join(target, definition.vite.to));
    },
  };
}

function imageConfig({ config }: ComponentDefinition, { version, faults }: ComponentBuild): ImageConfig {
  const env: Record<string, string> = { PATH, ...config.env, VERSION: version };
  if (faults !== undefined && faults !== '') env.FAULTS = faults;
  return {
    User: config.user,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Entrypoint: config.entrypoint,
    Cmd: config.cmd,
    WorkingDir: config.workingDir,
    ExposedPorts: Object.fromEntries(config.exposedPorts.map((port) => [`${port}/tcp`, {}])),
  };
}

/** One self-contained ES module. Module paths in it are relative, so that the place of the repository does not count. */
async function bundle(application: string, entry: string, file: string, external: readonly string[]): Promise<void> {
  const input = join(application, entry);
  if (!existsSync(input))
    throw new ComponentBuildError(`${input}: not found; pern-app/images.ts names it as an entry point`);
  const work = await rolldown({
    input,
    cwd: application,
    platform: 'node',
    external: [...external],
    logLevel: 'silent',
    // Comments with the paths of modules would make the digest depend on where node_modules lies.
    experimental: { attachDebugInfo: 'none' },
  });
  try {
    await work.write({ file, format: 'esm', codeSplitting: false, sourcemap: false });
  } finally {
    await work.close();
  }
}

async function buildPage(application: string, root: string, outDir: string): Promise<void> {
  const { build } = await import('vite');
  rmSync(outDir, { recursive: true, force: true });
  // `native`: the other loaders write beside node_modules, where the engine's user may not be allowed to.
  await build({
    root: join(application, root),
    configLoader: 'native',
    logLevel: 'error',
    build: { outDir, emptyOutDir: true },
  });
}
