import type { World } from '#control/controller.ts';
import type { Answers } from '#control/plan.ts';
import { type KubeObject, splitKey } from '#kube/object.ts';
import type { Failure } from '#machine/questions.ts';
import type { Reader } from '#store/store.ts';
import type { Resource } from '../app-project/orphaned-resources.ts';
import type { ApplicationConfig } from './config.ts';
import { type Desired, observeSources, type Request } from './desired.ts';
import { hasDeletionHookFinalizer } from './hooks.ts';
import type { IgnoreRule } from './ignore-differences.ts';
import { findOrphans } from './orphans.ts';
import { effectiveProject, scopedClusters } from './project.ts';
import { type Settings, settingsOf } from './settings.ts';
import { sourceSetErrors, sourceSetOf } from './sources.ts';
import { type CheckedSpec, checkSpec } from './spec.ts';
import { instanceName, trackedObjects } from './tracking.ts';
import type { Application, Operation, OperationState } from './types.ts';

export type { Desired, Failure };

export interface ApplicationObservation {
  application: Application;
  instance: string;
  config: ApplicationConfig;
  settings: Settings;
  checked: CheckedSpec;
  /** Live objects under this instance's tracking id. */
  tracked: readonly KubeObject[];
  /** What the spec wants now. Undefined while the spec is invalid, and when the Application goes without hooks of its own. */
  desired: Desired | undefined;
  /** The operation requested or under way, and what it wants: its own revision and source. */
  operation: { operation: Operation; state: OperationState | undefined; desired: Desired | undefined } | undefined;
  /** What nobody manages in the destination namespace; empty unless the project asks for it. */
  orphans: readonly Resource[];
  answers: Answers;
  /** For reads by key: namespaces, hooks. */
  objects: Reader;
}

/** Reads everything an Application's plan is made of. */
export function observeApplication(
  config: ApplicationConfig,
  key: string,
  { objects, answers }: World,
): ApplicationObservation | undefined {
  const { namespace, name } = splitKey(key);
  const application = objects.get('Application.argoproj.io', namespace, name) as Application | undefined;
  if (application === undefined) return undefined;
  const projectName = application.spec.project || 'default';
  const project = effectiveProject(objects, config.controlPlaneNamespace, projectName);
  const settings = settingsOf(objects, config.controlPlaneNamespace);
  const clusters = scopedClusters(objects, config.controlPlaneNamespace, project);
  const checked = withSettings(checkSpec(application, project, config, clusters), settings);
  const instance = instanceName({ namespace, name }, config.controlPlaneNamespace);
  const tracked = trackedObjects(objects, instance, settings.tracking);
  const goes = application.metadata.deletionTimestamp !== undefined;
  const look = (request: Request) =>
    observeSources({ application, config, settings, checked, instance, tracked, objects, answers }, request);
  const isLooking = checked.errors.length === 0 && (!goes || hasDeletionHookFinalizer(application));
  const desired = isLooking ? look({ set: checked.sources, options: checked.syncOptions, follows: true }) : undefined;
  return {
    application,
    instance,
    config,
    settings,
    checked,
    tracked,
    desired,
    operation: goes ? undefined : observeOperation(application, checked, desired, look),
    orphans: goes ? [] : findOrphans({ objects, config, settings, checked, tracked }),
    answers,
    objects,
  };
}

/** The rules of argocd-cm come before the Application's own; its errors refuse every Application. */
function withSettings(checked: CheckedSpec, settings: Settings): CheckedSpec {
  const errors = settings.errors.map((message) => ({ type: 'UnknownError', message }));
  return { ...checked, errors: [...checked.errors, ...errors], ignore: allRules(settings, checked.ignore) };
}

const ALL_RULES = new WeakMap<readonly IgnoreRule[], { settings: Settings; all: readonly IgnoreRule[] }>();

/** Both lists as one; the same list for the same two, so that comparisons made with it stay valid. */
function allRules(settings: Settings, own: readonly IgnoreRule[]): readonly IgnoreRule[] {
  if (settings.ignore.length === 0) return own;
  const known = ALL_RULES.get(own);
  if (known?.settings === settings) return known.all;
  const all = [...settings.ignore, ...own];
  ALL_RULES.set(own, { settings, all });
  return all;
}

function observeOperation(
  application: Application,
  checked: CheckedSpec,
  desired: Desired | undefined,
  look: (request: Request) => Desired,
): ApplicationObservation['operation'] {
  const { operationState: last } = application.status ?? {};
  const running = last !== undefined && (last.phase === 'Running' || last.phase === 'Terminating');
  const operation = running ? last.operation : application.operation;
  if (operation === undefined) return undefined;
  const state = running ? last : undefined;
  const { sync } = operation;
  if (desired === undefined || sync === undefined) return { operation, state, desired: undefined };
  const set = sourceSetOf(state?.syncResult ?? {}) ?? sourceSetOf(sync) ?? checked.sources;
  if (sourceSetErrors(set).length > 0) return { operation, state, desired: undefined };
  const given = state?.syncResult ?? sync;
  const request: Request = {
    set,
    revisions: given.revisions ?? (given.revision ? [given.revision] : undefined),
    options: sync.syncOptions ?? checked.syncOptions,
    follows: false,
    ...(sync.manifests === undefined || sync.manifests.length === 0 ? {} : { manifests: sync.manifests }),
  };
  return { operation, state, desired: look(request) };
}
