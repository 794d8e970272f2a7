import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { isRecord } from '#core/json.ts';
import type { ImageStore } from '#edges/real/images/image-store.ts';
import type { Manifest } from '#kube/object.ts';
import type { LiveMachine } from './live-machine.ts';

/** One image to make from the application's source in the repository. */
export interface BuildRequest {
  component: string;
  version: string;
  /** `error-rate=0.2,latency-ms=100`: what the image does wrong on purpose. */
  faults?: string;
  /** Allow a version that exists to become another image. */
  replace?: boolean;
}

export interface BuildResult {
  image: string;
  imageId: string;
  seconds: number;
}

/** A build that failed or was refused; the message is for the person who asked. */
export class BuildError extends Error {
  override name = 'BuildError';
}

/**
 * Builds in a process of its own, because a bundler is larger than the engine, and its work would hold up requests.
 * Rejects with BuildError.
 */
export function buildImage(repository: string, stateFolder: string, request: BuildRequest): Promise<BuildResult> {
  return new Promise((resolve, reject) => {
    const entry = join(import.meta.dirname, '..', 'build-image.ts');
    const input = JSON.stringify({ repository, stateFolder, ...request });
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    let problems = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      problems = `${problems}${chunk.toString()}`.slice(-4000);
    });
    child.on('error', (error) => reject(new BuildError(error.message)));
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as BuildResult);
      else reject(new BuildError(problems.trim() || `the builder ended with code ${code}`));
    });
    child.stdin.end(input);
  });
}

/** Images that containers of these objects name, sorted. */
export function imagesOf(manifests: readonly Manifest[]): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (isRecord(value)) {
      for (const [key, member] of Object.entries(value)) {
        if (key === 'image' && typeof member === 'string') found.add(member);
        else visit(member);
      }
    }
  };
  for (const { spec } of manifests) visit(spec);
  return [...found].sort();
}

/**
 * What a first start has to build: for each component of which the store has no image at all, every version that the
 * tree names. Later, a version that nobody built is an unknown image, as it is in a cluster.
 * @param components Image name without tag → component.
 */
export function missingBuilds(
  images: readonly string[],
  components: ReadonlyMap<string, string>,
  store: ImageStore,
): BuildRequest[] {
  const requests: BuildRequest[] = [];
  for (const image of images) {
    const colon = image.lastIndexOf(':');
    const component = components.get(image.slice(0, colon));
    if (component !== undefined && store.tags(image.slice(0, colon)).length === 0) {
      requests.push({ component, version: image.slice(colon + 1) });
    }
  }
  return requests;
}

/** Container images in every environment of the tree at HEAD; an environment that does not render has none. */
export async function imagesInTree(machine: LiveMachine, repoURL: string, paths: readonly string[]): Promise<string[]> {
  const images = new Set<string>();
  const sha = await revisionOf(machine, repoURL);
  if (sha === undefined) return [];
  for (const path of paths) {
    const answer = await once(machine, { ask: 'render', repoURL, sha, source: { path } });
    if (answer.ok && 'manifests' in answer.value)
      for (const image of imagesOf(answer.value.manifests)) images.add(image);
  }
  return [...images].sort();
}

async function revisionOf(machine: LiveMachine, repoURL: string): Promise<string | undefined> {
  const answer = await once(machine, { ask: 'revision', repoURL, revision: 'HEAD' });
  return answer.ok && 'sha' in answer.value ? answer.value.sha : undefined;
}

type SourceQuestion = Parameters<LiveMachine['source']['answer']>[0];
type SourceAnswer = Parameters<Parameters<LiveMachine['source']['answer']>[1]>[0];

function once(machine: LiveMachine, question: SourceQuestion): Promise<SourceAnswer> {
  return new Promise((resolve) => {
    let cancel: () => void = () => {};
    cancel = machine.source.answer(question, (answer) => {
      resolve(answer);
      setImmediate(() => cancel());
    });
  });
}
