import * as z from 'zod';
import { FRONTEND_FAULTS } from '../images.ts';
import { commonVariables, faults, parseEnvironment } from '../operations/environment.ts';

const ORIGIN = /^http:\/\/[a-z0-9.-]+(:\d{1,5})?$/;

/** Origins separated by commas, or `none`. */
const origins = z
  .string()
  .transform((text) => (text === 'none' ? [] : text.split(',').map((part) => part.trim())))
  .refine(
    (list) => list.every((origin) => ORIGIN.test(origin)),
    'must be origins such as http://frontend-canary, separated by commas, or none',
  )
  .default(['http://frontend-stable', 'http://frontend-canary']);

const variables = {
  ...commonVariables,
  /** Where pods of other releases answer: assets this release does not have are asked of them. See `exchange.ts`. */
  ASSET_PEERS: origins,
  /** Where pictures may come from besides this site, as sources of a content security policy; `none` for nowhere. */
  IMAGE_SOURCES: z
    .string()
    .regex(/^[a-z0-9.:/*-]+( [a-z0-9.:/*-]+)*$/, 'must be sources such as https: or https://pictures.example.org')
    .transform((text) => (text === 'none' ? '' : text))
    .default('https:'),
  /** Where the Vite build is; found beside the script when unset. */
  PUBLIC_DIR: z.string().optional(),
  FAULTS: faults(FRONTEND_FAULTS),
};

export type FrontendConfig = Readonly<z.infer<z.ZodObject<typeof variables>>>;

/** @throws ConfigurationError naming every variable that is wrong */
export const parseFrontendConfig = (environment: Record<string, string | undefined>): FrontendConfig =>
  parseEnvironment(variables, environment);
