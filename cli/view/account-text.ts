import { type Line, span, titledTable } from './lines.ts';

/** What `pern account list` shows of an account. */
export interface AccountRow {
  name: string;
  enabled: boolean;
  capabilities: readonly string[];
  groups: readonly string[];
  tokens: readonly unknown[];
}

/** The columns of `argocd account list`, and groups and tokens. */
export function accountLines(accounts: readonly AccountRow[]): Line[] {
  return titledTable(
    ['NAME', 'ENABLED', 'CAPABILITIES', 'GROUPS', 'TOKENS'],
    accounts.map(({ name, enabled, capabilities, groups, tokens }) => [
      name,
      span(String(enabled), enabled ? undefined : 'dim'),
      capabilities.join(', ') || '<none>',
      groups.join(', ') || '<none>',
      String(tokens.length),
    ]),
  );
}
