import type { Command } from '../command.ts';
import { appGet } from './app/get.ts';
import { appList } from './app/list.ts';
import { appManifests } from './app/manifests.ts';
import { appSync } from './app/sync.ts';
import { appWait } from './app/wait.ts';
import { demo } from './demo.ts';
import { describe } from './describe.ts';
import { doctor } from './doctor.ts';
import { down } from './down.ts';
import { get } from './get.ts';
import { kustomize } from './kustomize.ts';
import { logs } from './logs.ts';
import { promote } from './promote.ts';
import { release } from './release.ts';
import { rolloutGet } from './rollout/get.ts';
import { rolloutList } from './rollout/list.ts';
import { rolloutStatus } from './rollout/status.ts';
import { rolloutAbort, rolloutPause, rolloutPromote, rolloutRetry } from './rollout/verbs.ts';
import { status } from './status.ts';
import { up } from './up.ts';

/** All commands, in the order in which help and the reference page show them. */
export const COMMANDS: readonly Command[] = [
  up,
  down,
  status,
  doctor,
  demo,
  release,
  promote,
  appList,
  appGet,
  appManifests,
  appSync,
  appWait,
  rolloutList,
  rolloutGet,
  rolloutStatus,
  rolloutPromote,
  rolloutAbort,
  rolloutRetry,
  rolloutPause,
  get,
  describe,
  logs,
  kustomize,
];
