import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Options } from '../command.ts';
import { CliError } from '../errors.ts';
import { findRepository } from '../git/repository.ts';
import { decideStateFolder, isTraversableByOthers, kubeconfigFile } from '../state-folder.ts';
import { environmentNamespaces } from '../view/environments.ts';
import type { Api } from './api.ts';
import type { Connection } from './connection.ts';

/** What a command line points at: a repository, its state folder, an API. Each is looked up when first asked for. */
export interface Session {
  /** Absolute path of the git work tree. Throws CliError when there is none. */
  repository(): string;
  stateFolder(): string;
  api(): Promise<Api>;
  /** The namespace of -n or -e, or undefined when neither was given. Throws CliError for an unknown environment. */
  givenNamespace(): Promise<string | undefined>;
  /** As givenNamespace, else the context's, else `default`. */
  namespace(): Promise<string>;
}

interface SessionParts {
  options: Options;
  environment: Readonly<Record<string, string | undefined>>;
  folder: string;
}

/** The session of one command line run in `folder`. */
export function openSession({ options, environment, folder }: SessionParts): Session {
  let api: Promise<Api> | undefined;
  const repository = once(() => findRepository(options.text('repository'), folder));
  const stateFolder = once(() =>
    decideStateFolder({
      repository: repository(),
      option: options.text('state'),
      environment,
      isRoot: process.getuid?.() === 0,
      isTraversable: isTraversableByOthers,
    }),
  );
  const session: Session = {
    repository,
    stateFolder,
    api() {
      api ??= connect(options, environment, stateFolder);
      return api;
    },
    async givenNamespace() {
      const namespace = options.text('namespace');
      const name = options.text('env');
      if (namespace !== undefined || name === undefined) return namespace;
      return namespaceOf(await session.api(), name);
    },
    async namespace() {
      return (await session.givenNamespace()) ?? (await session.api()).connection.namespace ?? 'default';
    },
  };
  return session;
}

function once<T>(compute: () => T): () => T {
  let value: T | undefined;
  return () => {
    value ??= compute();
    return value;
  };
}

async function connect(
  options: Options,
  environment: Readonly<Record<string, string | undefined>>,
  stateFolder: () => string,
): Promise<Api> {
  const [{ Api }, { openConnection }] = await Promise.all([import('./api.ts'), import('./connection.ts')]);
  const named = options.text('kubeconfig');
  const token = options.text('auth-token');
  const context = options.text('context');
  if (named !== undefined) return new Api(withToken(await openConnection({ file: resolve(named), context }), token));
  const own = ownKubeconfig(stateFolder);
  const isSet = (environment.KUBECONFIG ?? '') !== '';
  const hasOther = isSet || existsSync(join(environment.HOME ?? homedir(), '.kube', 'config'));
  // A stopped engine's kubeconfig still wins: a command must never reach a cluster that nobody named.
  if (own !== undefined && existsSync(own) && (context === undefined || context === 'pern' || !hasOther)) {
    // A token from the environment is for the engine; other clusters must not get to see it.
    const bearer = token ?? (environment.PERN_AUTH_TOKEN || undefined);
    return new Api(withToken(await openConnection({ file: own, context }), bearer));
  }
  if (hasOther && (isSet || context !== undefined))
    return new Api(withToken(await openConnection({ file: undefined, context }), token));
  throw new CliError({
    what: 'no engine has been started here, and no kubeconfig is named',
    where: own,
    fix: 'start one with "pern up", or name a cluster with --kubeconfig, --context or $KUBECONFIG',
  });
}

/** The same API under another token than the kubeconfig's. */
function withToken(connection: Connection, token: string | undefined): Connection {
  if (token === undefined) return connection;
  return {
    ...connection,
    async requestOptions() {
      const options = await connection.requestOptions();
      return { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } };
    },
    source: `${connection.source} with --auth-token`,
  };
}

/** The engine's kubeconfig, when the command line stands in a repository at all. */
function ownKubeconfig(stateFolder: () => string): string | undefined {
  try {
    return kubeconfigFile(stateFolder());
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

async function namespaceOf(api: Api, environment: string): Promise<string> {
  const { items } = await api.list('Application.argoproj.io');
  const known = environmentNamespaces(items);
  const namespace = known.get(environment);
  if (namespace !== undefined) return namespace;
  throw new CliError({
    what: `there is no environment "${environment}"`,
    fix: known.size === 0 ? 'no Application deploys an environment yet' : `use one of: ${[...known.keys()].join(', ')}`,
  });
}
