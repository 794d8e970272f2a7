import type { KindMap } from '#kube/kinds.ts';
import { normaliseRepoUrl } from '../../../stages/commit/repo-url.ts';

/** What it takes to read a remote repository. */
export interface RepositoryAccess {
  username?: string;
  password?: string;
  bearerToken?: string;
  sshPrivateKey?: string;
  /** Accept any certificate or host key. */
  insecure: boolean;
  /** Commits of history to fetch; all when undefined. */
  depth?: number;
  /** `known_hosts` lines; the machine's own when undefined. */
  knownHosts?: string;
}

const TYPE_LABEL = 'argocd.argoproj.io/secret-type';

/** Keys of a repository Secret that ask for something there is no code for. */
const NOT_REPRODUCED = [
  'tlsClientCertData',
  'tlsClientCertKey',
  'githubAppID',
  'githubAppPrivateKey',
  'gcpServiceAccountKey',
  'useAzureWorkloadIdentity',
  'proxy',
];

type Secret = KindMap['Secret'];

/**
 * How to read a repository: what the Secret labelled `repository` with its URL says, completed by the `repo-creds` with
 * the longest URL that begins its own. Throws an Error that names the Secret and the key for what is not reproduced.
 */
export function repositoryAccess(repoURL: string, secrets: readonly Secret[], knownHosts?: string): RepositoryAccess {
  const url = normaliseRepoUrl(repoURL);
  const typed = (type: string) => secrets.filter(({ metadata }) => metadata.labels?.[TYPE_LABEL] === type);
  const own = typed('repository').find((secret) => normaliseRepoUrl(secretValue(secret, 'url') ?? '') === url);
  const [template] = typed('repo-creds')
    .filter((secret) => {
      const prefix = normaliseRepoUrl(secretValue(secret, 'url') ?? '');
      return prefix !== '' && url.startsWith(prefix);
    })
    .sort((left, right) => (secretValue(right, 'url') ?? '').length - (secretValue(left, 'url') ?? '').length);
  const isOpen =
    own === undefined || !['username', 'password', 'sshPrivateKey', 'bearerToken'].some((key) => has(own, key));
  const used = [own, isOpen ? template : undefined].filter((secret) => secret !== undefined);
  for (const secret of used) refuseUnknown(secret);
  const value = (key: string) => used.map((secret) => secretValue(secret, key)).find((found) => found !== undefined);
  const depth = Number(value('depth') ?? 0);
  return {
    ...picked('username', value('username')),
    ...picked('password', value('password')),
    ...picked('bearerToken', value('bearerToken')),
    ...picked('sshPrivateKey', value('sshPrivateKey')),
    ...picked('knownHosts', knownHosts),
    insecure: value('insecure') === 'true' || value('insecureIgnoreHostKey') === 'true',
    ...(Number.isInteger(depth) && depth > 0 ? { depth } : {}),
  };
}

function refuseUnknown(secret: Secret): void {
  const key = NOT_REPRODUCED.find((name) => has(secret, name));
  if (key === undefined) return;
  const { namespace, name } = secret.metadata;
  throw new Error(`Secret ${namespace}/${name}: ${key}: not reproduced; use username and password, or sshPrivateKey`);
}

function has(secret: Secret, key: string): boolean {
  return (secretValue(secret, key) ?? '') !== '';
}

function secretValue(secret: Secret, key: string): string | undefined {
  const encoded = (secret.data as Record<string, string> | undefined)?.[key];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

function picked<Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } {
  return (value === undefined || value === '' ? {} : { [key]: value }) as { [K in Key]?: string };
}
