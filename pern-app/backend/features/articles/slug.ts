const SLUG_LENGTH_MAX = 200;
/** Names that are routes themselves: `GET /api/articles/feed`. */
const RESERVED = new Set(['feed']);

/**
 * The part of an article's address that says what it is about: letters and digits of any script, hyphens between them.
 *
 * @param suffix what makes it unique, '' when it is alone
 */
export function computeSlug(title: string, suffix: string): string {
  const words = title
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-');
  const base =
    [...words]
      .slice(0, SLUG_LENGTH_MAX)
      .join('')
      .replace(/^-+|-+$/g, '') || 'article';
  if (suffix !== '') return `${base}-${suffix}`;
  return RESERVED.has(base) ? `${base}-article` : base;
}

/** Eight characters of base 36, enough to tell articles of the same title apart. */
export function slugSuffix(random: () => number): string {
  return Math.floor(random() * 36 ** 8)
    .toString(36)
    .padStart(8, '0');
}
