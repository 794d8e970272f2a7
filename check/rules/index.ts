import type { Rule } from '../rule.ts';
import { ANALYSIS } from './analysis.ts';
import { ANNOTATIONS } from './annotations.ts';
import { AVAILABILITY } from './availability.ts';
import { FILES } from './files.ts';
import { HARDENING } from './hardening.ts';
import { IMAGES } from './images.ts';
import { NETWORK } from './network.ts';
import { OWNERSHIP } from './ownership.ts';
import { PROJECTS } from './projects.ts';
import { ARGO_REFERENCES } from './references/argo.ts';
import { POD_REFERENCES } from './references/pods.ts';
import { SERVICE_REFERENCES } from './references/services.ts';
import { RENDERING } from './rendering.ts';
import { SCHEMA } from './schema.ts';
import { SECRETS } from './secrets.ts';
import { WAVES } from './waves.ts';
import { WINDOWS } from './windows.ts';

/** All rules, in the order of the reference page. */
export const RULES: readonly Rule[] = [
  ...RENDERING,
  ...SCHEMA,
  ...FILES,
  ...POD_REFERENCES,
  ...SERVICE_REFERENCES,
  ...ARGO_REFERENCES,
  ...ANALYSIS,
  ...PROJECTS,
  ...WINDOWS,
  ...WAVES,
  ...OWNERSHIP,
  ...IMAGES,
  ...SECRETS,
  ...HARDENING,
  ...NETWORK,
  ...AVAILABILITY,
  ...ANNOTATIONS,
];
