import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Access } from '#api/access/access.ts';
import { identityOf, verifyToken } from '#api/access/tokens.ts';
import { builtInAdmission, chain } from '#api/admission.ts';
import type { AuditEntry } from '#api/audit/record.ts';
import { policyAdmission } from '#api/policies.ts';
import type { Machine } from '#edges/ports.ts';
import { volatileJournal } from '#store/journal.ts';
import { Engine } from '../../../host/engine.ts';
import { machineEntropy, machineIds } from '../machine-entropy.ts';
import { machineTime } from '../machine-time.ts';
import { serveAccounts } from './account-routes.ts';
import { ensureServerCertificate, ensureToken } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { LogReader } from './logs.ts';
import { HttpApi } from './server.ts';

const nothing = () => {};
const idleMachine: Machine = {
  node: { apply: nothing, sandbox: () => undefined, sandboxes: () => [], onChange: nothing, answer: () => nothing },
  traffic: { setTraffic: nothing, setServices: nothing, setNames: nothing },
  metrics: { setScrapes: nothing, answer: () => nothing },
  source: { answer: () => nothing },
};

const logs: LogReader = async function* (_podUid, container, { previous, follow, tailLines }) {
  const lines = [`${container} ${previous ? 'before' : 'now'} 1\n`, `${container} 2\n`];
  yield Buffer.from(lines.slice(tailLines === undefined ? 0 : -tailLines).join(''));
  if (follow) yield Buffer.from('followed\n');
};

/** An engine without controllers behind a real server, for tests: what clients do is all that happens. */
export interface ServedEngine {
  engine: Engine;
  directory: string;
  kubeconfig: string;
  port: number;
  token: string;
  ca: string;
  /** What was recorded. */
  audited: AuditEntry[];
  /** Errors that were the server's own fault. */
  faults: unknown[];
  close(): Promise<void>;
}

export async function serveEngine(): Promise<ServedEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'pern-http-api-'));
  const kubeconfig = join(directory, 'kubeconfig');
  const faults: unknown[] = [];
  const engine = new Engine({
    scheduler: machineTime,
    ids: machineIds,
    entropy: machineEntropy,
    journal: volatileJournal,
    admission: chain(builtInAdmission({ serviceNetwork: '127.30' }), policyAdmission),
    machine: idleMachine,
    controllers: [],
  });
  engine.resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  const certificate = await ensureServerCertificate(join(directory, 'server.json'), Date.now());
  const token = ensureToken(join(directory, 'token'));
  const access = new Access(engine.store);
  const audited: AuditEntry[] = [];
  const key = new TextEncoder().encode('a key of thirty-two bytes for tests');
  const identify = async (bearer: string) =>
    identityOf(await verifyToken(bearer, key, Date.now()), { access, reader: engine.store, controlPlane: 'argocd' });
  const accountParts = {
    resources: engine.resources,
    access,
    audit: { begin: () => {}, append: (entry: AuditEntry) => audited.push(entry) },
    key,
    uid: () => machineIds.uid(),
    now: () => Date.now(),
    controlPlane: 'argocd',
    onFault: (error: unknown) => faults.push(error),
  };
  const api = new HttpApi({
    resources: engine.resources,
    logs,
    certificate,
    token,
    access,
    audit: { begin: () => {}, append: (entry) => audited.push(entry) },
    identify,
    version: { major: '1', minor: '35', gitVersion: 'v1.35.0', gitCommit: '' },
    now: () => Date.now(),
    extraRoutes: (request, response, url, requester) => {
      if (url.pathname === '/extra') {
        response.end('extra');
        return true;
      }
      return serveAccounts(accountParts, request, response, url, requester);
    },
    onFault: (error) => faults.push(error),
  });
  const port = await api.listen(0);
  writeKubeconfig(kubeconfig, { server: `https://127.0.0.1:${port}`, ca: certificate.ca, token });
  const close = async () => {
    await api.close();
    rmSync(directory, { recursive: true });
  };
  return { engine, directory, kubeconfig, port, token, ca: certificate.ca, audited, faults, close };
}
