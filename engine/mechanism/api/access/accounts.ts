/** Argo CD's local accounts: `argocd-cm` says who there is, `argocd-secret` keeps the tokens (argo-cd.md §6.2). */
import { isRecord } from '#core/json.ts';
import type { Reader } from '#store/store.ts';

export interface AccountToken {
  id: string;
  /** Seconds since the epoch. */
  iat: number;
  exp?: number;
}

export interface Account {
  name: string;
  enabled: boolean;
  /** `login`, `apiKey`. */
  capabilities: readonly string[];
  /** From the annotation `groups.pern-gitops.dev/NAME` of argocd-cm; Argo CD's own local accounts have no groups. */
  groups: readonly string[];
  tokens: readonly AccountToken[];
}

export const ACCOUNTS_CONFIG_MAP = 'argocd-cm';
export const ACCOUNTS_SECRET = 'argocd-secret';
const CAPABILITIES = ['login', 'apiKey'];
const GROUPS_PREFIX = 'groups.pern-gitops.dev/';

interface AccountSources {
  configMap: { data?: Readonly<Record<string, string>>; annotations?: Readonly<Record<string, string>> };
  /** Decoded. */
  secret: Readonly<Record<string, string>>;
}

/** The accounts, sorted by name; `admin` is always among them. Unknown capabilities and keys are left out, as upstream does. */
export function parseAccounts({ configMap, secret }: AccountSources): Account[] {
  const { data = {}, annotations = {} } = configMap;
  const names = new Set(['admin']);
  for (const key of Object.keys(data)) {
    const parts = key.split('.');
    if (parts[0] === 'accounts' && (parts.length === 2 || parts.length === 3) && parts[1] !== '')
      names.add(parts[1] as string);
  }
  return [...names].sort().map((name) => {
    const isAdmin = name === 'admin';
    const declared = listOf(data[`accounts.${name}`]).filter((capability) => CAPABILITIES.includes(capability));
    return {
      name,
      enabled: isTrue(
        isAdmin ? (data['admin.enabled'] ?? data['accounts.admin.enabled']) : data[`accounts.${name}.enabled`],
      ),
      capabilities: [...new Set([...(isAdmin ? ['login'] : []), ...declared])],
      groups: listOf(annotations[`${GROUPS_PREFIX}${name}`]),
      tokens: parseTokens(secret[tokensKey(name)]),
    };
  });
}

/** The key of argocd-secret that holds an account's tokens. */
export function tokensKey(name: string): string {
  return name === 'admin' ? 'admin.tokens' : `accounts.${name}.tokens`;
}

/** The accounts as the store has them. */
export function accountsOf(reader: Reader, controlPlane: string): Account[] {
  const configMap = reader.get('ConfigMap', controlPlane, ACCOUNTS_CONFIG_MAP);
  const secret = reader.get('Secret', controlPlane, ACCOUNTS_SECRET);
  const encoded = (secret?.data ?? {}) as Record<string, string>;
  return parseAccounts({
    configMap: {
      data: configMap?.data as Record<string, string> | undefined,
      annotations: configMap?.metadata.annotations,
    },
    secret: Object.fromEntries(Object.entries(encoded).map(([key, text]) => [key, fromBase64(text)])),
  });
}

function parseTokens(text: string | undefined): AccountToken[] {
  if (text === undefined || text === '') return [];
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return [];
    return value.filter(
      (item): item is AccountToken => isRecord(item) && typeof item.id === 'string' && typeof item.iat === 'number',
    );
  } catch {
    return [];
  }
}

function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function isTrue(text: string | undefined): boolean {
  return text === undefined || ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text);
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
