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
 * Argo CD's `slugify`: a name as a DNS label of at most `size` characters. Smart truncation cuts at a
 * word's end (case cd/A35).
 */
export function slugify(name: string, size: number, smart: boolean): string {
  return slugOf(normalize(name), size, smart);
}

const SLUG_CHARS_MAX = 50;

/** A branch's name as a slug, as pull-request parameters have it: underscores become dashes. */
export function slug(name: string): string {
  return slugOf(name.replaceAll('_', '-'), SLUG_CHARS_MAX, true);
}

/** As gosimple/slug: words in ASCII, joined by dashes. Letters with marks lose them; other scripts are dropped here. */
function slugOf(text: string, size: number, smart: boolean): string {
  const ascii = text
    .replaceAll('&', ' and ')
    .replaceAll('@', ' at ')
    .replace(/["'’]/g, '')
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '');
  const whole = trimmed(
    ascii
      .trim()
      .toLowerCase()
      .replace(/[^a-z0-9\-_]/g, '-')
      .replace(/-+/g, '-'),
  );
  if (whole.length <= size) return whole;
  const dash = smart ? whole.lastIndexOf('-', size) : -1;
  return trimmed(whole.slice(0, dash < 0 ? size : dash));
}

function trimmed(text: string): string {
  return text.replace(/^[-_]+|[-_]+$/g, '');
}
