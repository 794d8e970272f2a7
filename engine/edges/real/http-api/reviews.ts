/** Answers about the caller: whoever holds the token may do everything, as the admin of a cluster may. */

export interface Identity {
  /** `kubectl auth whoami` prints it. */
  username: string;
  groups: readonly string[];
}

/** The review with its status filled in. */
export function answerReview(
  kind: string,
  apiVersion: string,
  body: Record<string, unknown>,
  identity: Identity,
): Record<string, unknown> {
  const base = { ...body, kind, apiVersion, metadata: { creationTimestamp: null } };
  switch (kind) {
    case 'SelfSubjectReview':
      return { ...base, status: { userInfo: { username: identity.username, groups: [...identity.groups] } } };
    case 'SelfSubjectRulesReview':
      return {
        ...base,
        status: {
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
          incomplete: false,
        },
      };
    default:
      return { ...base, status: { allowed: true, reason: 'the bearer of the engine token may do everything' } };
  }
}
