import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Access } from '#api/access/access.ts';
import { closed, type Needs, NOTHING, need } from '#api/access/needs.ts';
import { identityOf, verifyToken } from '#api/access/tokens.ts';
import { ApiError } from '#api/errors.ts';
import type { Resources } from '#api/resources.ts';
import type { SourcePort } from '#edges/ports.ts';
import { type AccountRouteParts, serveAccounts } from '#edges/real/http-api/account-routes.ts';
import { ensureServerCertificate, ensureToken } from '#edges/real/http-api/certificates.ts';
import { auditEntry, type Requester } from '#edges/real/http-api/guarded-resources.ts';
import { writeKubeconfig } from '#edges/real/http-api/kubeconfig.ts';
import type { LogReader } from '#edges/real/http-api/logs.ts';
import { HttpApi } from '#edges/real/http-api/server.ts';
import { machineIds } from '#edges/real/machine-entropy.ts';
import { LogsNotFoundError } from '#edges/real/node/logs.ts';
import type { RealNode } from '#edges/real/node/real-node.ts';
import { Approvals, type Signer } from './approval/approvals.ts';
import { serveApprovals } from './approval/routes.ts';
import type { Audit } from './audit.ts';
import type { Log } from './log.ts';

/** The Kubernetes version whose objects the engine serves. */
const VERSION = { major: '1', minor: '35' };

/** Namespace of Argo CD's own objects. */
const CONTROL_PLANE = 'argocd';

export interface OpenApi {
  port: number;
  approvals: Approvals;
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
  openRoutes: (request: IncomingMessage, response: ServerResponse) => boolean;
  isReady: () => boolean;
  audit: Audit;
  source: SourcePort;
  /** What approvals sign with; see ApprovalParts. */
  signer: () => Signer | undefined;
}): Promise<OpenApi> {
  const { resources, node, stateFolder, log, audit } = parts;
  const certificate = await ensureServerCertificate(join(stateFolder, 'certificate.json'), Date.now());
  const token = ensureToken(join(stateFolder, 'token'));
  const access = new Access(resources.store, CONTROL_PLANE);
  const key = Buffer.from(ensureToken(join(stateFolder, 'server-secret-key')), 'hex');
  const identify = async (bearer: string) =>
    identityOf(await verifyToken(bearer, key, Date.now()), {
      access,
      reader: resources.store,
      controlPlane: CONTROL_PLANE,
    });
  const onFault = (error: unknown) =>
    log('error', `API: ${error instanceof Error ? error.message : String(error)}`, {
      stack: error instanceof Error ? error.stack : undefined,
    });
  const approvals = new Approvals({
    resources,
    source: parts.source,
    access,
    audit,
    signer: parts.signer,
    now: () => Date.now(),
  });
  const accounts: AccountRouteParts = {
    resources,
    access,
    audit,
    key,
    uid: () => machineIds.uid(),
    now: () => Date.now(),
    controlPlane: CONTROL_PLANE,
    onFault,
  };
  const api = new HttpApi({
    resources,
    logs: logReader(node),
    certificate,
    token,
    identify,
    access,
    audit,
    version: { ...VERSION, gitVersion: `v${VERSION.major}.${VERSION.minor}.0-pern.${parts.version}`, gitCommit: '' },
    now: () => Date.now(),
    extraRoutes: (request, response, url, requester) => {
      if (serveAccounts(accounts, request, response, url, requester)) return true;
      if (serveApprovals(approvals, request, response, url, requester, onFault)) return true;
      authoriseRoute({ access, audit }, request, url, requester);
      if (url.pathname === '/pern/v1/audit' && request.method === 'GET') {
        audit.serve(response, url);
        return true;
      }
      return parts.extraRoutes(request, response);
    },
    openRoutes: parts.openRoutes,
    isReady: parts.isReady,
    onFault,
  });
  const port = await api.listen(parts.port);
  const server = `https://127.0.0.1:${port}`;
  writeKubeconfig(join(stateFolder, 'kubeconfig'), { server, ca: certificate.ca, token });
  return { port, approvals, close: () => api.close() };
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

function authoriseRoute(
  { access, audit }: { access: Access; audit: Audit },
  { method }: IncomingMessage,
  { pathname }: URL,
  requester: Requester,
): void {
  try {
    access.require(requester.identity, routeNeeds(pathname));
  } catch (error) {
    const rule = error instanceof Error ? error.message : String(error);
    audit.append(auditEntry(requester, Date.now(), { verb: method ?? '', object: pathname, outcome: 'refused', rule }));
    throw error;
  }
}

/** What the engine's own routes need of an identity that is not the administrator. */
function routeNeeds(path: string): Needs {
  if (path === '/pern/v1/info') return NOTHING;
  // Series carry every environment's traffic, so whoever asks must be able to see every Application.
  if (path.startsWith('/prometheus/')) return { all: [need('applications', 'get', '*/*')] };
  return path.startsWith('/pern/') ? closed(`${path} is for the administrator of the cluster`) : NOTHING;
}
