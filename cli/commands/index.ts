import type { Command } from '../command.ts';
import {
  accountCanI,
  accountDeleteToken,
  accountGenerateToken,
  accountGetUserInfo,
  accountList,
} from './account/accounts.ts';
import { analysisTest } from './analysis.ts';
import { appActionsList, appActionsRun } from './app/actions.ts';
import { appDiff } from './app/diff.ts';
import { appCreate, appDelete, appPatch, appSet, appUnset } from './app/edit.ts';
import { appGet } from './app/get.ts';
import { appList } from './app/list.ts';
import { appLogs } from './app/logs.ts';
import { appManifests } from './app/manifests.ts';
import { appConfirmDeletion, appHistory, appResources, appRollback, appTerminate } from './app/operations.ts';
import { appOrphans } from './app/orphans.ts';
import { appSync } from './app/sync.ts';
import { appWait } from './app/wait.ts';
import { approve } from './approve.ts';
import { appsetGenerate } from './appset/generate.ts';
import { appsetCreate, appsetDelete, appsetGet, appsetList } from './appset/sets.ts';
import { auditExport, auditList, auditVerify } from './audit/audit.ts';
import { check } from './check.ts';
import { demo } from './demo.ts';
import { describe } from './describe.ts';
import { doctor } from './doctor.ts';
import { down } from './down.ts';
import { get } from './get.ts';
import { gpgAdd, gpgGet, gpgList, gpgRm } from './gpg/keys.ts';
import { inbox } from './inbox.ts';
import { init } from './init.ts';
import { kustomize } from './kustomize.ts';
import { logs } from './logs.ts';
import { notificationsGet, notificationsList, notificationsResend } from './notifications/records.ts';
import { templateGet, templateNotify, triggerGet, triggerRun } from './notifications/settings.ts';
import { projCan, projGet, projList } from './proj/projects.ts';
import {
  projRoleAddGroup,
  projRoleAddPolicy,
  projRoleCreate,
  projRoleCreateToken,
  projRoleDelete,
  projRoleDeleteToken,
  projRoleGet,
  projRoleList,
  projRoleListTokens,
  projRoleRemoveGroup,
  projRoleRemovePolicy,
} from './proj/roles.ts';
import {
  projWindowsAdd,
  projWindowsDelete,
  projWindowsDisableManualSync,
  projWindowsDisableOverrun,
  projWindowsEnableManualSync,
  projWindowsEnableOverrun,
  projWindowsUpdate,
} from './proj/windows.ts';
import { promote } from './promote.ts';
import { rbacCan } from './rbac/can.ts';
import { rbacValidate } from './rbac/validate.ts';
import { rehearse } from './rehearse.ts';
import { release } from './release.ts';
import { rolloutGet } from './rollout/get.ts';
import { rolloutLint } from './rollout/lint.ts';
import { rolloutList } from './rollout/list.ts';
import {
  rolloutCreate,
  rolloutCreateRun,
  rolloutGetExperiment,
  rolloutListExperiments,
  rolloutRetryExperiment,
  rolloutTerminateExperiment,
  rolloutTerminateRun,
} from './rollout/objects.ts';
import { rolloutStatus } from './rollout/status.ts';
import { rolloutSetImage, rolloutUndo } from './rollout/template.ts';
import { rolloutAbort, rolloutPause, rolloutPromote, rolloutRestart, rolloutRetry } from './rollout/verbs.ts';
import { rulesTest } from './rules/test.ts';
import { status } from './status.ts';
import { up } from './up.ts';
import { windowsExplain, windowsList, windowsNext } from './windows/windows.ts';

/** All commands, in the order in which help and the reference page show them. */
export const COMMANDS: readonly Command[] = [
  up,
  down,
  status,
  doctor,
  demo,
  release,
  promote,
  approve,
  appList,
  appGet,
  appDiff,
  appManifests,
  appResources,
  appOrphans,
  appSync,
  appWait,
  appHistory,
  appRollback,
  appTerminate,
  appConfirmDeletion,
  appLogs,
  appActionsList,
  appActionsRun,
  appCreate,
  appSet,
  appUnset,
  appPatch,
  appDelete,
  appsetList,
  appsetGet,
  appsetGenerate,
  appsetCreate,
  appsetDelete,
  projList,
  projGet,
  projCan,
  projWindowsAdd,
  projWindowsUpdate,
  projWindowsDelete,
  projWindowsEnableManualSync,
  projWindowsDisableManualSync,
  projWindowsEnableOverrun,
  projWindowsDisableOverrun,
  projRoleList,
  projRoleGet,
  projRoleCreate,
  projRoleDelete,
  projRoleAddGroup,
  projRoleRemoveGroup,
  projRoleCreateToken,
  projRoleListTokens,
  projRoleDeleteToken,
  projRoleAddPolicy,
  projRoleRemovePolicy,
  windowsList,
  windowsExplain,
  windowsNext,
  gpgList,
  gpgGet,
  gpgAdd,
  gpgRm,
  rbacCan,
  rbacValidate,
  accountList,
  accountGetUserInfo,
  accountCanI,
  accountGenerateToken,
  accountDeleteToken,
  auditList,
  auditVerify,
  auditExport,
  rolloutList,
  rolloutGet,
  rolloutStatus,
  rolloutPromote,
  rolloutAbort,
  rolloutRetry,
  rolloutPause,
  rolloutRestart,
  rolloutUndo,
  rolloutSetImage,
  rolloutLint,
  rolloutListExperiments,
  rolloutGetExperiment,
  rolloutRetryExperiment,
  rolloutTerminateRun,
  rolloutTerminateExperiment,
  rolloutCreate,
  rolloutCreateRun,
  inbox,
  notificationsList,
  notificationsGet,
  notificationsResend,
  templateGet,
  templateNotify,
  triggerGet,
  triggerRun,
  get,
  describe,
  logs,
  check,
  init,
  rehearse,
  analysisTest,
  kustomize,
  rulesTest,
];
