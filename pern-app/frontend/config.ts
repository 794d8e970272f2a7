import type * as z from 'zod';
import { FRONTEND_FAULTS } from '../images.ts';
import { commonVariables, faults, parseEnvironment } from '../operations/environment.ts';

const variables = {
  ...commonVariables,
  FAULTS: faults(FRONTEND_FAULTS),
};

export type FrontendConfig = Readonly<z.infer<z.ZodObject<typeof variables>>>;

/** @throws ConfigurationError naming every variable that is wrong */
export const parseFrontendConfig = (environment: Record<string, string | undefined>): FrontendConfig =>
  parseEnvironment(variables, environment);
