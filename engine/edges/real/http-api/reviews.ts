/** Answers about the caller: the bearer of the engine's own token may do everything, others what policies give them. */
import type { Access } from '#api/access/access.ts';
import type { Identity } from '#api/access/identity.ts';
import { ApiError } from '#api/errors.ts';
import type { Resources } from '#api/resources.ts';
import { isRecord } from '#core/json.ts';
import { KINDS } from '#kube/kinds.ts';
import type { KubeObject } from '#kube/object.ts';

/** The review with its status filled in. */
export function answerReview(
  kind: string,
  apiVersion: string,
  body: Record<string, unknown>,
  identity: Identity,
  parts: { access: Access; resources: Resources },
): Record<string, unknown> {
  const base = { ...body, kind, apiVersion, metadata: { creationTimestamp: null } };
  switch (kind) {
    case 'SelfSubjectReview':
      return { ...base, status: { userInfo: { username: identity.username, groups: [...identity.groups] } } };
    case 'SelfSubjectRulesReview':
      if (identity.claims !== undefined) {
        const evaluationError = 'rights depend on the project of each object; ask about one with "pern account can-i"';
        return { ...base, status: { resourceRules: [], nonResourceRules: [], incomplete: true, evaluationError } };
      }
      return {
        ...base,
        status: {
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
          incomplete: false,
        },
      };
    default:
      return { ...base, status: mayDo(body, identity, parts) };
  }
}

const VERBS: Readonly<Record<string, 'create' | 'update' | 'delete'>> = {
  create: 'create',
  update: 'update',
  patch: 'update',
  delete: 'delete',
};

/** Asked about an object that exists, the answer is what a request would get; a right that depends on more is none. */
function mayDo(
  body: Record<string, unknown>,
  identity: Identity,
  { access, resources }: { access: Access; resources: Resources },
): { allowed: boolean; reason: string } {
  if (identity.claims === undefined) {
    return { allowed: true, reason: 'the bearer of the engine token may do everything' };
  }
  const spec = isRecord(body.spec) ? body.spec : {};
  const about = isRecord(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const kind = KINDS.find(({ group, plural }) => group === (about.group ?? '') && plural === about.resource);
  const namespace = kind?.namespaced === true ? String(about.namespace ?? '') : undefined;
  const name = String(about.name ?? '');
  const before = kind && (resources.store.get(kind.id, namespace, name) as KubeObject | undefined);
  if (kind === undefined || before === undefined) {
    return { allowed: false, reason: 'rights depend on the project of an object; name one that exists' };
  }
  try {
    const verb = VERBS[String(about.verb)];
    if (about.subresource === 'log') {
      return {
        allowed: true,
        reason: access.authorise(identity, { verb: 'log', kind, namespace, name, before, after: undefined }),
      };
    }
    if (verb === undefined) access.authoriseRead(identity, { kind: kind.id, namespace, name }, before);
    else {
      const labels = { ...before.metadata.labels, 'pern-gitops.dev/asked': 'true' };
      const after = verb === 'update' ? { ...before, metadata: { ...before.metadata, labels } } : undefined;
      return { allowed: true, reason: access.authorise(identity, { verb, kind, namespace, name, before, after }) };
    }
    return { allowed: true, reason: 'the object may be read' };
  } catch (error) {
    if (error instanceof ApiError) return { allowed: false, reason: error.message };
    throw error;
  }
}
