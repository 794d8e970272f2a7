/**
 * What goes into the images of the application: pure data for whoever builds them. Paths are relative to this folder.
 * Bundle every entry on its own (single-file ESM for Node 24, `pg-native` external), so that no shared chunk is needed.
 * Two builders read it: the engine's, and Docker by the Dockerfiles that `dockerfile.ts` renders from it.
 */
export interface ImageDefinition {
  readonly name: string;
  /** Repository without tag; the tag is the version, which the builder also sets as `VERSION`. */
  readonly image: string;
  /** Output name without `.js` → TypeScript entry point. */
  readonly entries: Readonly<Record<string, string>>;
  /** Folders copied as they are, to a path inside the working directory. */
  readonly assets: readonly { readonly from: string; readonly to: string }[];
  /** A Vite project whose build goes to `to` inside the working directory. */
  readonly vite?: { readonly root: string; readonly to: string };
  /** Packages that stay out of the bundle although code mentions them: optional ones that are never used. */
  readonly external: readonly string[];
  /** Names that a build accepts in FAULTS. */
  readonly faults: readonly string[];
  readonly config: {
    readonly user: string;
    readonly workingDir: string;
    readonly entrypoint: readonly string[];
    readonly cmd: readonly string[];
    readonly exposedPorts: readonly number[];
    readonly env: Readonly<Record<string, string>>;
  };
}

const config = {
  user: '10001',
  workingDir: '/app',
  entrypoint: ['node'],
  cmd: ['server.js'],
  exposedPorts: [8080, 9090],
  env: {
    NODE_ENV: 'production',
    // Of the container's memory limit: the heap fails with a message in the log before the kernel kills without one. The rest is
    // for buffers, code and threads.
    NODE_OPTIONS: '--max-old-space-size-percentage=70',
  },
} as const;

/** What each component's image can be built to do wrong; the servers accept exactly these. */
export const BACKEND_FAULTS = [
  'error-rate',
  'latency-ms',
  'latency-p99-ms',
  'readiness',
  'query-delay-ms',
  'pool-leak',
  'memory-leak-kb',
  'migration',
] as const;
/** Those of the database have no place here. */
export const FRONTEND_FAULTS = [
  'error-rate',
  'latency-ms',
  'latency-p99-ms',
  'readiness',
  'memory-leak-kb',
  'broken-asset',
] as const;

export const images: readonly ImageDefinition[] = [
  {
    name: 'backend',
    image: 'ghcr.io/pern-gitops/backend',
    entries: { server: 'backend/server.ts', migrate: 'backend/migrate.ts' },
    assets: [
      { from: 'database/migrations', to: 'migrations' },
      { from: 'database/seeds', to: 'seeds' },
    ],
    external: ['pg-native'],
    faults: BACKEND_FAULTS,
    config,
  },
  {
    name: 'frontend',
    image: 'ghcr.io/pern-gitops/frontend',
    entries: { server: 'frontend/server.ts' },
    assets: [],
    vite: { root: 'frontend', to: 'public' },
    external: [],
    faults: FRONTEND_FAULTS,
    config,
  },
];
