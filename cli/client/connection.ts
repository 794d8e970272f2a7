import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { CliError } from '../errors.ts';

/** Where the API is, and what to add to each request to be let in. */
export interface Connection {
  server: URL;
  /** Namespace of the context, when it names one. */
  namespace: string | undefined;
  /** TLS settings, agent and credentials for one request. */
  requestOptions(): Promise<RequestOptions>;
  /** `context pern of /repo/.pern/kubeconfig`, for messages. */
  source: string;
}

export interface ConnectionChoice {
  /** One kubeconfig file; undefined means $KUBECONFIG or ~/.kube/config with their merge rules. */
  file: string | undefined;
  context: string | undefined;
}

interface Kubeconfig {
  'current-context'?: string;
  clusters?: { name: string; cluster: Record<string, unknown> }[];
  users?: { name: string; user: Record<string, unknown> }[];
  contexts?: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
}

/** What the quick path understands; a kubeconfig with anything else is read by @kubernetes/client-node. */
const PLAIN_CLUSTER = new Set(['server', 'certificate-authority-data', 'insecure-skip-tls-verify', 'tls-server-name']);
const PLAIN_USER = new Set(['token', 'client-certificate-data', 'client-key-data']);

/**
 * Opens a kubeconfig. One file with inline credentials (what engines and kind write) is read here in a few
 * milliseconds; exec plugins, OIDC, proxies, files and merged configurations go through @kubernetes/client-node, whose
 * import alone takes a third of a second. Throws CliError when there is no such file or context.
 */
export async function openConnection(choice: ConnectionChoice): Promise<Connection> {
  return (await plainConnection(choice)) ?? fullConnection(choice);
}

async function plainConnection({ file, context }: ConnectionChoice): Promise<Connection | undefined> {
  if (file === undefined) return undefined;
  const config = await readKubeconfig(file);
  const name = context ?? config['current-context'] ?? '';
  const chosen = config.contexts?.find((candidate) => candidate.name === name)?.context;
  if (chosen === undefined) throw unknownContext(name, file, config.contexts?.map((candidate) => candidate.name) ?? []);
  const cluster = config.clusters?.find((candidate) => candidate.name === chosen.cluster)?.cluster;
  const user = config.users?.find((candidate) => candidate.name === chosen.user)?.user ?? {};
  if (cluster === undefined || !Object.keys(cluster).every((key) => PLAIN_CLUSTER.has(key))) return undefined;
  if (!Object.keys(user).every((key) => PLAIN_USER.has(key))) return undefined;
  const options = plainOptions(cluster, user);
  return {
    server: new URL(cluster.server as string),
    namespace: chosen.namespace,
    requestOptions: () => Promise.resolve(options),
    source: `context ${name} of ${file}`,
  };
}

async function readKubeconfig(file: string): Promise<Kubeconfig> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError({
      what: 'cannot read the kubeconfig',
      where: file,
      why: (error as Error).message,
      fix: 'name another one with --kubeconfig, or start the engine with "pern up"',
    });
  }
  const { parse } = await import('yaml');
  try {
    return (parse(text) as Kubeconfig | null) ?? {};
  } catch (error) {
    throw new CliError({ what: 'the kubeconfig is not valid YAML', where: file, why: (error as Error).message });
  }
}

function plainOptions(cluster: Record<string, unknown>, user: Record<string, unknown>): RequestOptions {
  const decoded = (value: unknown) => (typeof value === 'string' ? Buffer.from(value, 'base64') : undefined);
  return {
    agent: new Agent({
      keepAlive: true,
      ca: decoded(cluster['certificate-authority-data']),
      cert: decoded(user['client-certificate-data']),
      key: decoded(user['client-key-data']),
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
      servername: cluster['tls-server-name'] as string | undefined,
    }),
    headers: typeof user.token === 'string' ? { authorization: `Bearer ${user.token}` } : {},
  };
}

async function fullConnection({ file, context }: ConnectionChoice): Promise<Connection> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (file === undefined) config.loadFromDefault();
  else config.loadFromFile(file);
  const source = file ?? '$KUBECONFIG';
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(context)) throw unknownContext(context, source, names);
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw unknownContext(config.getCurrentContext(), source, []);
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    async requestOptions() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      return options;
    },
    source: `context ${config.getCurrentContext()} of ${source}`,
  };
}

function unknownContext(name: string, file: string, known: readonly string[]): CliError {
  return new CliError({
    what: name === '' ? 'the kubeconfig names no current context' : `the kubeconfig has no usable context "${name}"`,
    where: file,
    fix: known.length === 0 ? 'name a kubeconfig with --kubeconfig' : `use --context with one of: ${known.join(', ')}`,
  });
}

export interface HttpCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With the query, relative to the server: `/api/v1/pods?watch=true`. */
  path: string;
  accept?: string;
  contentType?: string;
  body?: string;
  signal?: AbortSignal;
}

/** Sends one request; the answer's body is not read yet. Throws CliError when there is no server. */
export async function send(connection: Connection, call: HttpCall): Promise<IncomingMessage> {
  const base = await connection.requestOptions();
  const { server } = connection;
  const options: RequestOptions = {
    ...base,
    method: call.method,
    host: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port,
    path: `${server.pathname.replace(/\/$/, '')}${call.path}`,
    signal: call.signal,
    headers: {
      ...(base.headers as Record<string, string> | undefined),
      accept: call.accept ?? 'application/json',
      'user-agent': 'pern',
      ...(call.body === undefined
        ? {}
        : {
            'content-type': call.contentType ?? 'application/json',
            'content-length': String(Buffer.byteLength(call.body)),
          }),
    },
  };
  if (server.protocol === 'http:') delete options.agent;
  return new Promise((resolve, reject) => {
    const sent = (server.protocol === 'http:' ? httpRequest : httpsRequest)(options, resolve);
    sent.on('error', (error) => reject(call.signal?.aborted === true ? error : unreachable(connection, error)));
    sent.end(call.body);
  });
}

function unreachable(connection: Connection, error: Error): CliError {
  const code = (error as NodeJS.ErrnoException).code;
  const isGone = code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE';
  return new CliError({
    what: 'the API does not answer',
    where: `${connection.server.href} (${connection.source})`,
    why: error.message === '' ? code : error.message,
    fix: isGone
      ? 'start the engine with "pern up", or name another kubeconfig'
      : 'check the address and the certificate',
  });
}

/** The whole body as text. */
export async function readBody(message: IncomingMessage): Promise<string> {
  message.setEncoding('utf8');
  let text = '';
  for await (const part of message) text += part as string;
  return text;
}
