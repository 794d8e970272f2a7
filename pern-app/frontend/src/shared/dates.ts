const DATE = new Intl.DateTimeFormat('en', { dateStyle: 'long' });

/** A day as readers write it; a date that cannot be read is shown as it is. */
export function formatDate(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : DATE.format(date);
}
