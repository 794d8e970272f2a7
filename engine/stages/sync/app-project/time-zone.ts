/** A time zone of the IANA database, as far as schedules need it. */
export interface Zone {
  name: string;
  /** How far the zone's clocks are ahead of UTC at a time. */
  offsetMs(atMs: number): number;
  /** The time at which the zone's clocks show `wallMs` (read as if it were UTC); Go's choice where there are none or two. */
  fromWall(wallMs: number): number;
}

export const utcZone: Zone = { name: 'UTC', offsetMs: () => 0, fromWall: (wallMs) => wallMs };

const ZONES = new Map<string, Zone | undefined>();
const ZONES_MAX = 700;
/** No zone changes its offset but at a multiple of this. */
const GRAIN_MS = 15 * 60_000;
const OFFSETS_MAX = 2000;

/**
 * The zone with a name, as Go's `time.LoadLocation` knows it: empty and `Local` are UTC (what Argo CD's containers run
 * in), names are case-sensitive, offsets such as `+01:00` are no names. Undefined when there is none.
 */
export function zoneNamed(name: string): Zone | undefined {
  if (name === '' || name === 'UTC' || name === 'Local') return utcZone;
  if (ZONES.has(name)) return ZONES.get(name);
  if (ZONES.size >= ZONES_MAX) ZONES.clear();
  const zone = loadZone(name);
  ZONES.set(name, zone);
  return zone;
}

function loadZone(name: string): Zone | undefined {
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Z][A-Za-z0-9_+-]*)*$/.test(name)) return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
  const canonical = format.resolvedOptions().timeZone;
  if (canonical !== name && canonical.toLowerCase() === name.toLowerCase()) return undefined;
  return zoneOf(name, format);
}

function zoneOf(name: string, format: Intl.DateTimeFormat): Zone {
  const offsets = new Map<number, number>();
  const offsetMs = (atMs: number): number => {
    const grain = Math.floor(atMs / GRAIN_MS) * GRAIN_MS;
    const known = offsets.get(grain);
    if (known !== undefined) return known;
    if (offsets.size >= OFFSETS_MAX) offsets.clear();
    const offset = wallOf(format, grain) - grain;
    offsets.set(grain, offset);
    return offset;
  };
  return { name, offsetMs, fromWall: (wallMs) => wallMs - offsetMs(wallMs - offsetMs(wallMs)) };
}

function wallOf(format: Intl.DateTimeFormat, atMs: number): number {
  const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const number = (type: string) => Number(parts[type]);
  const year = parts.era === 'BC' ? 1 - number('year') : number('year');
  const wall = new Date(0);
  wall.setUTCFullYear(year, number('month') - 1, number('day'));
  return wall.setUTCHours(number('hour'), number('minute'), number('second'));
}

const LOOK_MS = 7 * 86_400_000;

/** When the zone's clocks change next after `fromMs` and before `untilMs`; undefined when they do not. */
export function nextOffsetChange(zone: Zone, fromMs: number, untilMs: number): number | undefined {
  if (zone === utcZone) return undefined;
  const before = zone.offsetMs(fromMs);
  for (let at = fromMs; at < untilMs; at += LOOK_MS) {
    const end = Math.min(at + LOOK_MS, untilMs);
    if (zone.offsetMs(end) === before) continue;
    let [low, high] = [at, end];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (zone.offsetMs(middle) === before) low = middle;
      else high = middle;
    }
    return high;
  }
  return undefined;
}
