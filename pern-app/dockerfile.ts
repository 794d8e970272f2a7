import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageDefinition, images } from './images.ts';

/** Node 24.18 with npm, to build. */
const BUILD_BASE =
  'docker.io/library/node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d';
/** Node 24 and nothing else, to run: no shell, no package manager. */
const RUN_BASE =
  'gcr.io/distroless/nodejs24-debian12:nonroot@sha256:14d42e2511532589a7c7e01a753667a74fcc96266e137e8125006b87b0c32d0a';

/** Where the run base keeps its Node, so that the entry point `node` is found there as it is anywhere. */
const PATH = '/nodejs/bin:/usr/local/bin:/usr/bin:/bin';

/**
 * The Dockerfile of an image: the same builder as the engine's inside, the same configuration outside. Made for
 * `docker build -f pern-app/NAME/Dockerfile --build-arg VERSION=1.2.3 .` in the root of the repository.
 */
export function renderDockerfile({ name, config }: ImageDefinition): string {
  const { workingDir } = config;
  const env = { PATH, ...config.env };
  const build = `{"repository":"/src","stateFolder":"/out","component":"${name}","version":"%s","faults":"%s"}`;
  return `# syntax=docker/dockerfile:1
# Rendered from pern-app/images.ts by pern-app/dockerfile.ts; do not edit. Build it in the root of the repository:
#   docker build -f pern-app/${name}/Dockerfile --build-arg VERSION=1.2.3 -t NAME:1.2.3 .

FROM ${BUILD_BASE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
COPY engine/package.json engine/
COPY cli/package.json cli/
COPY pern-app/backend/package.json pern-app/backend/
COPY pern-app/frontend/package.json pern-app/frontend/
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
ARG VERSION
ARG FAULTS=
RUN test -n "$VERSION" && printf '${build}' "$VERSION" "$FAULTS" | node engine/build-image.ts \\
  && mv "$(find /out -type d -path '*/rootfs${workingDir}')" /image

FROM ${RUN_BASE}
ARG VERSION
ARG FAULTS=
LABEL org.opencontainers.image.title="${name}" org.opencontainers.image.version="$VERSION" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR ${workingDir}
COPY --from=build /image ${workingDir}
${Object.entries(env)
  .map(([key, value]) => `ENV ${key}="${value}"`)
  .join('\n')}
ENV VERSION="$VERSION"
ENV FAULTS="$FAULTS"
USER ${config.user}:${config.user}
EXPOSE ${config.exposedPorts.join(' ')}
ENTRYPOINT ${JSON.stringify(config.entrypoint)}
CMD ${JSON.stringify(config.cmd)}
`;
}

/** Beside each Dockerfile: what does not belong into an image must not even reach the builder. */
export const DOCKERIGNORE = `# Rendered by pern-app/dockerfile.ts; do not edit.
**
!package.json
!package-lock.json
!engine
!cli
!pern-app
**/node_modules
**/*.test.ts
**/*.test.tsx
**/.env*
`;

/** `node pern-app/dockerfile.ts` writes them. */
if (import.meta.main) {
  for (const image of images) {
    writeFileSync(join(import.meta.dirname, image.name, 'Dockerfile'), renderDockerfile(image));
    writeFileSync(join(import.meta.dirname, image.name, 'Dockerfile.dockerignore'), DOCKERIGNORE);
  }
}
