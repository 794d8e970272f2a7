/** Calendar functions of a time in seconds, in UTC (spec promql §9). */

function part(read: (date: Date) => number): (seconds: number) => number {
  return (seconds) => {
    const date = new Date(Math.trunc(seconds) * 1000);
    return Number.isNaN(date.getTime()) ? Number.NaN : read(date);
  };
}

const DAY_MS = 86_400_000;

export const TIME_FUNCTIONS: Readonly<Record<string, (seconds: number) => number>> = {
  day_of_month: part((date) => date.getUTCDate()),
  day_of_week: part((date) => date.getUTCDay()),
  day_of_year: part((date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1),
  days_in_month: part((date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()),
  hour: part((date) => date.getUTCHours()),
  minute: part((date) => date.getUTCMinutes()),
  month: part((date) => date.getUTCMonth() + 1),
  year: part((date) => date.getUTCFullYear()),
};
