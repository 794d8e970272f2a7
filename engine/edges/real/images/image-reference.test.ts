import { expect, it } from 'vitest';
import { formatImageReference, ImageReferenceError, parseImageReference } from './image-reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

it.each([
  ['postgres', 'docker.io/library/postgres:latest'],
  ['postgres:18.4', 'docker.io/library/postgres:18.4'],
  ['docker.io/library/postgres:18.4', 'docker.io/library/postgres:18.4'],
  ['index.docker.io/library/redis:7', 'docker.io/library/redis:7'],
  ['team/app:1', 'docker.io/team/app:1'],
  ['ghcr.io/pern-gitops/backend:1.0.0', 'ghcr.io/pern-gitops/backend:1.0.0'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  [`app@${DIGEST}`, `docker.io/library/app@${DIGEST}`],
  [`app:1@${DIGEST}`, `docker.io/library/app:1@${DIGEST}`],
])('%s is %s', (text, full) => {
  expect(formatImageReference(parseImageReference(text))).toBe(full);
});

it.each(['', 'App', 'app:', 'app::1', 'app@sha256:12', 'a//b'])('"%s" is refused', (text) => {
  expect(() => parseImageReference(text)).toThrow(ImageReferenceError);
});
