import type { Issue } from '../finding.ts';
import { elementsAt, mapAt, stringAt, stringsIn } from '../model/fields.ts';
import { about } from '../model/lookup.ts';
import { containersOf } from '../model/pods.ts';
import type { Rule } from '../rule.ts';
import { allTemplates } from './references/pods.ts';

const plain: Rule = {
  id: 'secrets/plain-text',
  severity: 'error',
  summary: 'a secret in plain text in git',
  why: 'Whoever can read the repository, its forks, its caches and its backups has the secret, for ever: a later commit does not take it back. base64 is an encoding, not a protection.',
  example: {
    bad: 'kind: Secret\nstringData: {password: hunter2}',
    good: 'kind: ExternalSecret   # or SealedSecret; git holds a reference',
  },
  *check(tree): Generator<Issue> {
    for (const object of tree.byKind('Secret')) {
      for (const field of ['data', 'stringData']) {
        for (const [key, value] of Object.entries(mapAt(object.value, [field]))) {
          if (typeof value !== 'string' || value === '' || isPlaceholder(field === 'data' ? decode(value) : value))
            continue;
          yield {
            ...about(tree, object, [field, key]),
            message: `the Secret holds a value for "${key}" in git`,
            fix: 'let a secret store provide it (ExternalSecret), and change it: it is known',
          };
          break;
        }
      }
    }
    for (const template of allTemplates(tree)) {
      for (const container of containersOf(template)) {
        for (const { path, value } of elementsAt(template.owner.value, [...container.path, 'env'])) {
          const name = stringAt(value, ['name']) ?? '';
          const text = stringAt(value, ['value']);
          if (text === undefined || text === '' || !SECRET_NAME.test(name) || isPlaceholder(text)) continue;
          yield {
            ...about(tree, template.owner, [...path, 'value']),
            message: `${name} is written in plain text`,
            fix: 'take it from a Secret with valueFrom.secretKeyRef',
          };
        }
      }
    }
  },
};

const SECRET_NAME = /(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIALS?)$/i;

/** Values that name another source, or are there only to be replaced. */
function isPlaceholder(text: string): boolean {
  return (
    /^(\$\(|\$\{|\{\{|<.*>$|\/)|^(changeme|change-me|placeholder|redacted|true|false)$/i.test(text.trim()) ||
    text.trim() === ''
  );
}

function decode(text: string): string {
  try {
    return atob(text);
  } catch {
    return text;
  }
}

const token: Rule = {
  id: 'secrets/known-token',
  severity: 'error',
  summary: 'a text that has the form of a private key or of a known provider’s token',
  why: 'Scanners of attackers find such texts in public repositories within minutes.',
  example: {
    bad: 'webhook: https://hooks.slack.com/services/T000/B000/XXXXXXXX',
    good: 'webhook: $slack-webhook   # a key of argocd-notifications-secret',
  },
  *check(tree): Generator<Issue> {
    for (const object of tree.objects) {
      for (const { path, text } of stringsIn(object.value)) {
        const found = TOKENS.find(({ pattern }) => pattern.test(text));
        if (found === undefined) continue;
        yield {
          ...about(tree, object, path),
          message: `this looks like ${found.what}`,
          fix: 'remove it from git, revoke it, and let a secret store provide the new one',
        };
      }
    }
  },
};

const TOKENS: readonly { what: string; pattern: RegExp }[] = [
  { what: 'a private key', pattern: /-----BEGIN (RSA |EC |OPENSSH |PGP )?PRIVATE KEY( BLOCK)?-----/ },
  { what: 'a Slack token', pattern: /\bxox[abprs]-[0-9A-Za-z-]{10,}/ },
  { what: 'a Slack webhook', pattern: /hooks\.slack\.com\/services\/T[0-9A-Z]{6,}\/B[0-9A-Z]{6,}\/[0-9A-Za-z]{16,}/ },
  { what: 'a GitHub token', pattern: /\b(gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60,})/ },
  { what: 'a GitLab token', pattern: /\bglpat-[0-9A-Za-z_-]{20,}/ },
  { what: 'an AWS access key', pattern: /\bAKIA[0-9A-Z]{16}\b/ },
  { what: 'a JSON Web Token', pattern: /\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}/ },
];

export const SECRETS: readonly Rule[] = [plain, token];
