import * as z from 'zod';
import { type FaultName, type Faults, parseFaults } from './faults.ts';

/** The environment of the process cannot be used; the message names every variable, what is wrong and what is allowed. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** A whole number written in decimal digits; anything else (spaces, signs, units) is refused. */
export function integer(min: number, max: number, fallback: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .pipe(z.number().min(min, message).max(max, message))
    .default(fallback);
}

/** The `FAULTS` variable, restricted to the faults the component can really inject. */
export function faults(supported: readonly FaultName[]) {
  return z
    .string()
    .transform((text, context): Faults => {
      try {
        return parseFaults(text, supported);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
        return z.NEVER;
      }
    })
    .default(() => parseFaults('', supported));
}

/** Variables that every component of the application understands in the same way. */
export const commonVariables = {
  /** Address to listen on; all addresses by default, as a container must. */
  HOST: z.string().default('0.0.0.0'),
  /** Port of the application and its probes; 0 lets the system choose (tests). */
  PORT: integer(0, 65_535, 8080),
  /** Port that serves `/metrics` and nothing else. */
  METRICS_PORT: integer(0, 65_535, 9090),
  ENVIRONMENT: z.string().max(63).default('development'),
  VERSION: z
    .string()
    .regex(/^[\w.+-]{1,128}$/, 'may hold letters, digits and . _ + - only')
    .default('0.0.0-unversioned'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be one of fatal, error, warn, info, debug, trace, silent',
    })
    .default('info'),
  /** After SIGTERM: how long to keep answering, so that every proxy has seen the failing readiness. */
  SHUTDOWN_DELAY_MS: integer(0, 600_000, 2000),
  /** After SIGTERM: when to give up on requests in flight; keep it below the grace period of the pod. */
  SHUTDOWN_TIMEOUT_MS: integer(100, 3_600_000, 25_000),
};

/**
 * Parses an environment once, at the door.
 *
 * @param shape one zod schema per variable; variables that are not listed are ignored, an empty one counts as unset
 * @returns the frozen, typed settings
 * @throws {ConfigurationError} naming all offending variables at once
 */
export function parseEnvironment<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Record<string, string | undefined>,
): Readonly<z.infer<z.ZodObject<Shape>>> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = z.object(shape).safeParse(given);
  if (result.success) return Object.freeze(result.data);
  const problems = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    if (given[name] === undefined) return `  ${name}: is required but not set`;
    return `  ${name}: ${issue.message}, not ${/PASSWORD|SECRET|URL/.test(name) ? '(hidden)' : JSON.stringify(given[name])}`;
  });
  throw new ConfigurationError(`cannot start, the environment is not valid:\n${problems.join('\n')}`);
}
