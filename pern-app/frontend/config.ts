import type * as z from 'zod';
import { commonVariables, faults, parseEnvironment } from '../operations/environment.ts';

const variables = {
  ...commonVariables,
  /** No `query-delay-ms`: this component has no database. */
  FAULTS: faults(['error-rate', 'latency-ms', 'readiness']),
};

export type FrontendConfig = Readonly<z.infer<z.ZodObject<typeof variables>>>;

/** @throws ConfigurationError naming every variable that is wrong */
export const parseFrontendConfig = (environment: Record<string, string | undefined>): FrontendConfig =>
  parseEnvironment(variables, environment);
