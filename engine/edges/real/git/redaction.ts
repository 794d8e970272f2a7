/** Text without these values, as they are or URL-encoded, and without user names and passwords in URLs. */
export function redacted(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [secret, secret.trim(), encodeURIComponent(secret)]);
  const hidden = forms
    .filter((form) => form !== '')
    .sort((left, right) => right.length - left.length)
    .reduce((clean, form) => clean.replaceAll(form, '++++'), text);
  return hidden.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1');
}
