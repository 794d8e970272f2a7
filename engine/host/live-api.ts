import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { ApiError } from '#api/errors.ts';
import type { Resources } from '#api/resources.ts';
import { ensureServerCertificate, ensureToken } from '#edges/real/http-api/certificates.ts';
import { writeKubeconfig } from '#edges/real/http-api/kubeconfig.ts';
import type { LogReader } from '#edges/real/http-api/logs.ts';
import { HttpApi } from '#edges/real/http-api/server.ts';
import { LogsNotFoundError } from '#edges/real/node/logs.ts';
import type { RealNode } from '#edges/real/node/real-node.ts';
import type { Log } from './log.ts';

/** The Kubernetes version whose objects the engine serves. */
const VERSION = { major: '1', minor: '35' };

export interface OpenApi {
  port: number;
  close(): Promise<void>;
}

/** Opens the API with the certificate and the token kept in the state folder, and writes the kubeconfig beside them. */
export async function openApi(parts: {
  resources: Resources;
  node: RealNode;
  stateFolder: string;
  port: number;
  version: string;
  log: Log;
  extraRoutes: (request: IncomingMessage, response: ServerResponse) => boolean;
  isReady: () => boolean;
}): Promise<OpenApi> {
  const { resources, node, stateFolder, log } = parts;
  const certificate = await ensureServerCertificate(join(stateFolder, 'certificate.json'), Date.now());
  const token = ensureToken(join(stateFolder, 'token'));
  const api = new HttpApi({
    resources,
    logs: logReader(node),
    certificate,
    token,
    identity: { username: 'pern-admin', groups: ['system:masters', 'system:authenticated'] },
    version: { ...VERSION, gitVersion: `v${VERSION.major}.${VERSION.minor}.0-pern.${parts.version}`, gitCommit: '' },
    now: () => Date.now(),
    extraRoutes: parts.extraRoutes,
    isReady: parts.isReady,
    onFault: (error) =>
      log('error', `API: ${error instanceof Error ? error.message : String(error)}`, {
        stack: error instanceof Error ? error.stack : undefined,
      }),
  });
  const port = await api.listen(parts.port);
  const server = `https://127.0.0.1:${port}`;
  writeKubeconfig(join(stateFolder, 'kubeconfig'), { server, ca: certificate.ca, token });
  return { port, close: () => api.close() };
}

function logReader(node: RealNode): LogReader {
  return async function* read(podUid, container, { previous, tailLines, sinceSeconds, follow, timestamps, signal }) {
    if (timestamps)
      throw new ApiError(
        'BadRequest',
        'timestamps: lines of a container carry no times of their own here; leave the option out',
      );
    const sinceTimeMs = sinceSeconds === undefined ? undefined : Date.now() - sinceSeconds * 1000;
    try {
      yield* node.readLogs(podUid, container, { previous, tailLines, sinceTimeMs, follow, signal });
    } catch (error) {
      if (error instanceof LogsNotFoundError) throw new ApiError('BadRequest', error.message);
      throw error;
    }
  };
}
