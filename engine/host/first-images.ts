import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildRequest, type BuildResult, buildImage, imagesInTree, missingBuilds } from './image-builds.ts';
import type { LiveMachine } from './live-machine.ts';
import type { Log } from './log.ts';

export type Builder = (request: BuildRequest) => Promise<BuildResult>;

/** Image name → component, as the application's own definition says; empty when the repository has no application. */
export async function readComponents(repository: string): Promise<Map<string, string>> {
  try {
    const module = (await import(pathToFileURL(join(repository, 'pern-app', 'images.ts')).href)) as {
      images: { name: string; image: string }[];
    };
    return new Map(module.images.map(({ name, image }) => [image, name]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return new Map();
    throw error;
  }
}

/** Builds from the repository's work tree. A version that exists with other content is refused by the builder. */
export function builderFor(parts: { repository: string; stateFolder: string; log: Log }): Builder {
  return async (request) => {
    const result = await buildImage(parts.repository, parts.stateFolder, request);
    parts.log('info', 'image built', { ...result });
    return result;
  };
}

/**
 * On a first start, builds the versions the tree names. A build that fails is logged, and its pods then say ErrImagePull:
 * the rest of the system still starts.
 */
export async function buildFirstImages(parts: {
  machine: LiveMachine;
  repository: string;
  repoURL: string;
  paths: readonly string[];
  build: Builder;
  log: Log;
}): Promise<void> {
  const components = await readComponents(parts.repository);
  const images = await imagesInTree(parts.machine, parts.repoURL, parts.paths);
  const requests = missingBuilds(images, components, parts.machine.images);
  await Promise.all(
    requests.map((request) =>
      parts.build(request).catch((error: unknown) => {
        parts.log('error', `building ${request.component} ${request.version} failed: ${(error as Error).message}`);
      }),
    ),
  );
}
