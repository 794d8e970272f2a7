/** An image reference in parts, normalised: `postgres` is `docker.io/library/postgres:latest`. */
export interface ImageReference {
  /** Registry and repository, e.g. `ghcr.io/pern-gitops/backend`. */
  name: string;
  /** `latest` when neither tag nor digest is given; undefined for a reference by digest alone. */
  tag: string | undefined;
  /** `sha256:…`. */
  digest: string | undefined;
}

/** The text is not an image reference. */
export class ImageReferenceError extends Error {
  override name = 'ImageReferenceError';
}

const NAME = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Parses `[registry/]repository[:tag][@digest]`. Throws ImageReferenceError. */
export function parseImageReference(text: string): ImageReference {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const rest = at < 0 ? text : text.slice(0, at);
  const colon = rest.lastIndexOf(':');
  const hasTag = colon > rest.lastIndexOf('/');
  const tag = hasTag ? rest.slice(colon + 1) : digest === undefined ? 'latest' : undefined;
  const name = withRegistry(hasTag ? rest.slice(0, colon) : rest);
  const repository = name.slice(name.indexOf('/') + 1);
  if (!NAME.test(repository) || (tag !== undefined && !TAG.test(tag)) || (digest !== undefined && !DIGEST.test(digest)))
    throw new ImageReferenceError(`couldn't parse image name "${text}": invalid reference format`);
  return { name, tag, digest };
}

function withRegistry(name: string): string {
  const first = name.slice(0, Math.max(0, name.indexOf('/')));
  if (first.includes('.') || first.includes(':') || first === 'localhost') {
    return first === 'index.docker.io' ? `docker.io${name.slice(first.length)}` : name;
  }
  return first === '' ? `docker.io/library/${name}` : `docker.io/${name}`;
}

/** The reference as text, in full. */
export function formatImageReference({ name, tag, digest }: ImageReference): string {
  return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
