import { isRecord } from '#core/json.ts';
import type { Message, SecretPlace, SecretValues } from '#machine/notifications.ts';

/** Options with every `$key` of a string replaced by the key's value; keys that are not there stay as they are. */
export function withSecrets(options: unknown, secrets: SecretValues): unknown {
  if (typeof options === 'string') {
    return options.replace(/[$][\w-]+/g, (reference) => secretValue(secrets, reference.slice(1)) ?? reference);
  }
  if (Array.isArray(options)) return options.map((item) => withSecrets(item, secrets));
  if (!isRecord(options)) return options;
  return Object.fromEntries(Object.entries(options).map(([key, member]) => [key, withSecrets(member, secrets)]));
}

/** The message with the values of secrets at their places. */
export function fillPlaces(message: Message, places: readonly SecretPlace[], secrets: SecretValues): Message {
  const filled = structuredClone(message) as Record<string, unknown>;
  // From the end of each text to its start, so that offsets before stay right.
  for (const { path, at, key } of [...places].sort((left, right) => right.at - left.at)) {
    const parent = path.slice(0, -1).reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], filled);
    const last = path.at(-1) as string;
    const text = (parent as Record<string, unknown>)[last];
    if (typeof text !== 'string' || !text.startsWith(`$${key}`, at)) continue;
    const value = secretValue(secrets, key) ?? '';
    (parent as Record<string, unknown>)[last] = text.slice(0, at) + value + text.slice(at + key.length + 1);
  }
  return filled;
}

/** Text without the values of secrets, as they are, URL-encoded, JSON-encoded or in base64. */
export function redacted(text: string, secrets: SecretValues): string {
  const forms = Object.values(secrets)
    .filter((value) => value.trim() !== '')
    .flatMap((value) => [
      value,
      value.trim(),
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value).toString('base64'),
    ])
    .sort((left, right) => right.length - left.length);
  return forms.reduce((clean, form) => clean.replaceAll(form, '++++'), text);
}

function secretValue(secrets: SecretValues, key: string): string | undefined {
  return Object.hasOwn(secrets, key) ? secrets[key] : undefined;
}
