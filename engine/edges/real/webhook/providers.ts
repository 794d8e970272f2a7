import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { azurePush, bitbucketPush, bitbucketServerPush, githubPush, gitlabPush, type PushEvent } from './push-event.ts';

/** Values of `argocd-secret`. */
export type WebhookSecrets = Readonly<Record<string, string | undefined>>;

/** A request that does not prove where it comes from; the message is safe to show. */
export class UnverifiedError extends Error {
  override name = 'UnverifiedError';
}

/** One kind of git host. */
export interface Provider {
  name: string;
  /** Whether the request is from this kind of host. */
  sent(headers: IncomingHttpHeaders): boolean;
  /** Throws UnverifiedError unless the secret is not set or the request proves that it knows it. */
  verify(headers: IncomingHttpHeaders, body: Buffer, secrets: WebhookSecrets): void;
  /** What was pushed; undefined for events that are no push (a ping). */
  read(headers: IncomingHttpHeaders, payload: Readonly<Record<string, unknown>>): PushEvent | undefined;
}

const header = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
};

/** In the order they are tried: Gogs sends GitHub's headers too. */
export const PROVIDERS: readonly Provider[] = [
  {
    name: 'Azure DevOps',
    sent: (headers) => header(headers, 'x-vss-activityid') !== '',
    verify(headers, _body, secrets) {
      const [user, password] = [secrets['webhook.azuredevops.username'], secrets['webhook.azuredevops.password']];
      if (!user && !password) return;
      const expected = `Basic ${Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64')}`;
      if (!equal(header(headers, 'authorization'), expected))
        throw new UnverifiedError('basic auth verification failed');
    },
    read: (_headers, payload) => (payload.eventType === 'git.push' ? azurePush(payload) : undefined),
  },
  {
    name: 'Gogs',
    sent: (headers) => header(headers, 'x-gogs-event') !== '',
    verify: hmacOf('webhook.gogs.secret', 'x-gogs-signature', ''),
    read: (headers, payload) => (header(headers, 'x-gogs-event') === 'push' ? githubPush(payload) : undefined),
  },
  {
    name: 'GitHub',
    sent: (headers) => header(headers, 'x-github-event') !== '',
    verify: hmacOf('webhook.github.secret', 'x-hub-signature-256', 'sha256='),
    read: (headers, payload) => (header(headers, 'x-github-event') === 'push' ? githubPush(payload) : undefined),
  },
  {
    name: 'GitLab',
    sent: (headers) => header(headers, 'x-gitlab-event') !== '',
    verify(headers, _body, secrets) {
      const secret = secrets['webhook.gitlab.secret'];
      if (secret && !equal(header(headers, 'x-gitlab-token'), secret))
        throw new UnverifiedError('X-Gitlab-Token validation failed');
    },
    read: (_headers, payload) => {
      const kind = payload.object_kind ?? payload.event_name;
      return kind === 'push' || kind === 'tag_push' ? gitlabPush(payload) : undefined;
    },
  },
  {
    name: 'Bitbucket',
    sent: (headers) => header(headers, 'x-hook-uuid') !== '',
    verify(headers, _body, secrets) {
      const uuid = secrets['webhook.bitbucket.uuid'];
      if (uuid && !equal(header(headers, 'x-hook-uuid'), uuid)) throw new UnverifiedError('UUID verification failed');
    },
    read: (headers, payload) => (header(headers, 'x-event-key') === 'repo:push' ? bitbucketPush(payload) : undefined),
  },
  {
    name: 'Bitbucket Server',
    sent: (headers) => header(headers, 'x-event-key') !== '',
    verify(headers, body, secrets) {
      // A host asks for this before it knows whether anybody is there.
      if (header(headers, 'x-event-key') !== 'diagnostics:ping')
        hmacOf('webhook.bitbucketserver.secret', 'x-hub-signature', 'sha256=')(headers, body, secrets);
    },
    read: (headers, payload) =>
      header(headers, 'x-event-key') === 'repo:refs_changed' ? bitbucketServerPush(payload) : undefined,
  },
];

function hmacOf(key: string, name: string, prefix: string): Provider['verify'] {
  return (headers, body, secrets) => {
    const secret = secrets[key];
    if (!secret) return;
    const given = header(headers, name);
    if (given === '') throw new UnverifiedError(`missing ${name} header`);
    const expected = prefix + createHmac('sha256', secret).update(body).digest('hex');
    if (!equal(given, expected)) throw new UnverifiedError('HMAC verification failed');
  };
}

/** Takes the same time whatever was sent: digests of equal length are compared. */
function equal(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
