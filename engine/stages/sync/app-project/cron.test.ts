import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime } from '#core/clock.ts';
import { CronError, nextCronTime, parseCron } from './cron.ts';
import { goDurationError } from './go-duration-error.ts';
import { isActive } from './sync-window.ts';
import { zoneNamed } from './time-zone.ts';

/** What robfig/cron v3.0.2-0.20210106135023 (the version Argo CD 3.6 pins) answered, recorded from a Go program. */
function recorded<T>(name: string): T[] {
  const text = readFileSync(join(import.meta.dirname, 'testdata', `${name}.jsonl`), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function errorOf(spec: string): string | undefined {
  try {
    parseCron(spec);
    return undefined;
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    return error.message;
  }
}

describe('as robfig/cron', () => {
  it('fires at the same times, clock changes included', () => {
    const wrong = recorded<{ spec: string; times: string[] }>('cron-next').flatMap(({ spec, times }) =>
      times.flatMap((pair) => {
        const [from = '', to = ''] = pair.split('>');
        const nextMs = nextCronTime(parseCron(spec), Date.parse(from));
        const next = nextMs === undefined ? 'never' : formatTime(nextMs);
        return next === to ? [] : [`${spec} after ${from}: ${next} instead of ${to}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it.each(recorded<{ spec: string; error: string }>('cron-invalid'))('refuses "$spec"', ({ spec, error }) => {
    expect(errorOf(spec)).toBe(error);
  });

  it('makes the same windows active (cd/W01-W04)', () => {
    type Case = { schedule: string; duration: string; zone: string; at: string; now: string; active: boolean };
    const wrong = recorded<Case>('window-active').filter(({ schedule, duration, zone, at, now, active }) => {
      return isActive({ schedule, duration, timeZone: zone }, Date.parse(at), Date.parse(now)) !== active;
    });
    expect(wrong).toEqual([]);
  });

  it.each(recorded<{ spec: string; error: string }>('duration-errors').filter(({ error }) => error !== ''))(
    'says what is wrong with the duration "$spec"',
    ({ spec, error }) => expect(goDurationError(spec)).toBe(error),
  );
});

it('tells the column of what it refuses', () => {
  const columnOf = (spec: string) => {
    try {
      return parseCron(spec);
    } catch (error) {
      return (error as CronError).column;
    }
  };
  expect([columnOf('* 10 * * 7'), columnOf('0  2,25 * * *'), columnOf('CRON_TZ=UTC 0 0 * * x')]).toEqual([10, 6, 21]);
});

/** Raise with CRON_FUZZ_RUNS for a longer search. */
const RUNS = Number(process.env.CRON_FUZZ_RUNS ?? 1500);

describe('any text', () => {
  const word = fc.stringMatching(/^[0-9*?,/LW#a-zA-Z+-]{0,8}$/);
  const texts = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.array(word, { minLength: 4, maxLength: 6 }).map((words) => words.join(' ')),
  );

  it('is parsed or refused with a CronError', () => {
    fc.assert(
      fc.property(texts, (text) => {
        errorOf(text);
      }),
      { numRuns: RUNS },
    );
  });

  const field = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc.tuple(fc.integer({ min, max }), fc.integer({ min: 1, max: 20 })).map(([from, step]) => `${from}/${step}`),
    );
  const schedules = fc
    .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
    .map((fields) => fields.join(' '));
  const zones = fc.constantFrom('', 'CRON_TZ=Europe/Berlin ', 'TZ=America/Santiago ', 'TZ=Australia/Lord_Howe ');
  const times = fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2035, 0) });

  it('that is a schedule fires later than asked, on a whole minute, and nothing lies between', () => {
    fc.assert(
      fc.property(zones, schedules, times, (zone, text, fromMs) => {
        const schedule = parseCron(`${zone}${text}`);
        const nextMs = nextCronTime(schedule, fromMs);
        if (nextMs === undefined) return;
        expect(nextMs).toBeGreaterThan(fromMs);
        expect(nextMs % 60_000).toBe(0);
        if (zone === '' && nextMs - fromMs > 2000) {
          expect(nextCronTime(schedule, fromMs + Math.floor((nextMs - fromMs) / 2))).toBe(nextMs);
        }
      }),
      { numRuns: RUNS / 3 },
    );
  });
});

it('knows zones as Go does (cd/W65)', () => {
  const known = ['', 'UTC', 'Local', 'Europe/Berlin', 'US/Eastern', 'Etc/GMT+1', 'EST5EDT'];
  expect(known.filter((name) => zoneNamed(name) === undefined)).toEqual([]);
  expect(['Foo/Bar', '+01:00', 'europe/berlin', 'utc', 'Europe/'].filter((name) => zoneNamed(name))).toEqual([]);
});
