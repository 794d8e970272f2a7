import { CLUSTER_ADMIN } from '#api/access/identity.ts';
import type { KubeObject } from '#kube/object.ts';
import type { Store } from '#store/store.ts';
import type { Log } from '../log.ts';
import { followedTag } from '../root-overrides.ts';
import type { Approvals } from './approvals.ts';

const APPLICATION = 'Application.argoproj.io';
const REASON = 'First installation: whoever starts the engine on this machine installs it';
const REQUESTER = { identity: CLUSTER_ADMIN, source: 'engine start' };

interface Deployed {
  spec?: { source?: { targetRevision?: string } };
  operation?: unknown;
  status?: { operationState?: unknown; history?: readonly unknown[] };
}

/**
 * On a machine with a key of its own, an Application that waits for its first approval gets it from the start of the engine
 * (docs/decisions/0004): once for each, never again after it was deployed or refused.
 */
export function approveFirstInstalls(parts: { store: Store; approvals: Approvals; log: Log }): void {
  const { store, approvals, log } = parts;
  const begun = new Set<string>();
  const look = (object: KubeObject) => {
    const { name, uid } = object.metadata;
    if (begun.has(uid) || !isNew(object as KubeObject & Deployed)) return;
    begun.add(uid);
    approvals.approve({ application: name, reason: REASON }, REQUESTER).then(
      ({ approved, checks }) => {
        const refused = checks.filter(({ ok }) => !ok).map(({ detail }) => detail);
        if (!approved) log('warn', `the first installation of ${name} is refused: ${refused.join('; ')}`);
      },
      (error: unknown) => log('warn', `the first installation of ${name} failed: ${(error as Error).message}`),
    );
  };
  store.subscribe(({ type, object }) => {
    if (type !== 'DELETED' && object.kind === 'Application') look(object);
  });
  for (const object of store.list(APPLICATION)) look(object as unknown as KubeObject);
}

function isNew({ metadata, spec, operation, status }: KubeObject & Deployed): boolean {
  if (followedTag(spec?.source?.targetRevision) === undefined || metadata.deletionTimestamp !== undefined) return false;
  const wasDeployed = status?.operationState !== undefined || (status?.history ?? []).length > 0;
  return operation === undefined && !wasDeployed;
}
