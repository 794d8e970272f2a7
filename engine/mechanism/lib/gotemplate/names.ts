const NAME_CHARS_MAX = 253;

/** Argo CD's SanitizeName: a text as a DNS subdomain. */
export function normalize(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^-a-z0-9.]/g, '-')
    .slice(0, NAME_CHARS_MAX)
    .replace(/^[-.]+|[-.]+$/g, '');
}

/**
 * A text as a DNS label of at most `size` characters. Smart truncation cuts at a word's end (case cd/A35).
 * @param size Characters; 0 gives the empty text.
 */
export function slugify(name: string, size: number, smart: boolean): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  if (slug.length <= size) return slug;
  if (!smart) return slug.slice(0, size).replace(/-+$/, '');
  let result = '';
  for (const word of slug.split('-')) {
    const longer = result === '' ? word : `${result}-${word}`;
    if (longer.length > size) break;
    result = longer;
  }
  return result === '' ? slug.slice(0, size) : result;
}
