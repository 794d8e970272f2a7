/** Methods of times and durations (spec expr §4). */
import { ValueError } from './errors.ts';
import { GoDuration, GoTime } from './go-time.ts';
import { typeName } from './values.ts';

interface Method {
  readonly returns: string;
  readonly call: (receiver: never, args: readonly unknown[]) => unknown;
}

function time(value: unknown): GoTime {
  if (value instanceof GoTime) return value;
  throw new ValueError(`cannot use ${typeName(value)} as time.Time`);
}

function duration(value: unknown): GoDuration {
  if (value instanceof GoDuration) return value;
  throw new ValueError(`cannot use ${typeName(value)} as time.Duration`);
}

/** By Go's type name, then method name. */
export const METHODS: Readonly<Record<string, Readonly<Record<string, Method>>>> = {
  'time.Time': {
    Add: { returns: 'time.Time', call: (self: GoTime, [by]) => self.add(duration(by)) },
    Sub: {
      returns: 'time.Duration',
      call: (self: GoTime, [other]) => new GoDuration((self.ms - time(other).ms) * 1e6),
    },
    Before: { returns: 'bool', call: (self: GoTime, [other]) => self.ms < time(other).ms },
    After: { returns: 'bool', call: (self: GoTime, [other]) => self.ms > time(other).ms },
    Equal: { returns: 'bool', call: (self: GoTime, [other]) => self.ms === time(other).ms },
    Format: { returns: 'string', call: (self: GoTime, [layout]) => self.format(String(layout)) },
    Unix: { returns: 'int', call: (self: GoTime) => BigInt(Math.floor(self.ms / 1000)) },
    UTC: { returns: 'time.Time', call: (self: GoTime) => new GoTime(self.ms) },
    // Argo's containers run in UTC.
    Local: { returns: 'time.Time', call: (self: GoTime) => new GoTime(self.ms) },
    Year: { returns: 'int', call: (self: GoTime) => BigInt(self.format('2006')) },
    Hour: { returns: 'int', call: (self: GoTime) => BigInt(self.format('15')) },
    Minute: { returns: 'int', call: (self: GoTime) => BigInt(self.format('04')) },
    String: { returns: 'string', call: (self: GoTime) => self.toString() },
  },
  'time.Duration': {
    Hours: { returns: 'float64', call: (self: GoDuration) => self.ns / 3600e9 },
    Minutes: { returns: 'float64', call: (self: GoDuration) => self.ns / 60e9 },
    Seconds: { returns: 'float64', call: (self: GoDuration) => self.ns / 1e9 },
    Milliseconds: { returns: 'int', call: (self: GoDuration) => BigInt(Math.trunc(self.ns / 1e6)) },
    String: { returns: 'string', call: (self: GoDuration) => self.toString() },
  },
};

/** @throws ValueError when the value has no such method. */
export function callMethod(receiver: unknown, name: string, args: readonly unknown[]): unknown {
  const method = METHODS[typeName(receiver)]?.[name];
  if (method === undefined) throw new ValueError(`type ${typeName(receiver)} has no method ${name}`);
  return method.call(receiver as never, args);
}
