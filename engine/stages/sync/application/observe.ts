import type { World } from '#control/controller.ts';
import type { Answers } from '#control/plan.ts';
import { isRecord } from '#core/json.ts';
import { type KubeObject, splitKey } from '#kube/object.ts';
import type { Answer, Failure, Question, RenderedSource } from '#machine/questions.ts';
import type { Reader } from '#store/store.ts';
import { type Comparison, compareState } from './compare.ts';
import type { ApplicationConfig } from './config.ts';
import { type CheckedSpec, checkSpec, sourceErrors } from './spec.ts';
import { computeTargets, type Targets } from './targets.ts';
import { instanceName, trackedObjects } from './tracking.ts';
import type { Application, ApplicationSource, Operation, OperationState } from './types.ts';

/** A source at a revision: what was asked, and how far the answers are. */
export type Desired =
  | { phase: 'pending'; questions: readonly Question[]; sha?: string }
  | { phase: 'failed'; questions: readonly Question[]; sha?: string; failure: Failure }
  | {
      phase: 'ready';
      questions: readonly Question[];
      sha: string;
      rendered: RenderedSource;
      targets: Targets;
      comparison: Comparison;
    };

export interface ApplicationObservation {
  application: Application;
  instance: string;
  config: ApplicationConfig;
  checked: CheckedSpec;
  /** Live objects under this instance's tracking id. */
  tracked: readonly KubeObject[];
  /** What the spec wants now. Undefined while the spec is invalid or the Application goes. */
  desired: Desired | undefined;
  /** The operation requested or under way, and what it wants: its own revision and source. */
  operation: { operation: Operation; state: OperationState | undefined; desired: Desired | undefined } | undefined;
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
  const project = objects.get('AppProject.argoproj.io', config.controlPlaneNamespace, projectName);
  const checked = checkSpec(application, project as KubeObject | undefined, config);
  const instance = instanceName({ namespace, name }, config.controlPlaneNamespace);
  const tracked = trackedObjects(objects, instance);
  const goes = application.metadata.deletionTimestamp !== undefined;
  const look = (source: ApplicationSource, revision: string, options: readonly string[]) =>
    observeSource({ config, checked, instance, tracked, objects, answers }, source, revision, options);
  const desired =
    goes || checked.errors.length > 0
      ? undefined
      : look(checked.source, checked.source.targetRevision ?? '', checked.syncOptions);
  return {
    application,
    instance,
    config,
    checked,
    tracked,
    desired,
    operation: goes ? undefined : observeOperation(application, checked, desired, look),
    answers,
    objects,
  };
}

type Look = (source: ApplicationSource, revision: string, options: readonly string[]) => Desired;

function observeOperation(
  application: Application,
  checked: CheckedSpec,
  desired: Desired | undefined,
  look: Look,
): ApplicationObservation['operation'] {
  const { operationState: last } = application.status ?? {};
  const running = last !== undefined && (last.phase === 'Running' || last.phase === 'Terminating');
  const operation = running ? last.operation : application.operation;
  if (operation === undefined) return undefined;
  const state = running ? last : undefined;
  if (desired === undefined || operation.sync === undefined) return { operation, state, desired: undefined };
  const source = state?.syncResult?.source ?? operation.sync.source ?? checked.source;
  if (sourceErrors({ spec: {} }, source).length > 0) return { operation, state, desired: undefined };
  const revision = state?.syncResult?.revision ?? (operation.sync.revision || source.targetRevision || '');
  const options = operation.sync.syncOptions ?? checked.syncOptions;
  return { operation, state, desired: look(source, revision, options) };
}

interface Surroundings {
  config: ApplicationConfig;
  checked: CheckedSpec;
  instance: string;
  tracked: readonly KubeObject[];
  objects: Reader;
  answers: Answers;
}

function observeSource(
  around: Surroundings,
  source: ApplicationSource,
  revision: string,
  options: readonly string[],
): Desired {
  const repoURL = source.repoURL ?? '';
  const questions: Question[] = [];
  const ask = <Q extends Question>(question: Q): Answer<Q> | undefined => {
    questions.push(question);
    return around.answers.of(question);
  };
  const resolved: Answer<{ ask: 'revision'; repoURL: string; revision: string }> | undefined = /^[0-9a-f]{40}$/.test(
    revision,
  )
    ? { ok: true, value: { sha: revision } }
    : ask({ ask: 'revision', repoURL, revision });
  if (resolved === undefined) return { phase: 'pending', questions };
  if (!resolved.ok) return { phase: 'failed', questions, failure: resolved.failure };
  const { sha } = resolved.value;
  const rendered = ask({ ask: 'render', repoURL, sha, source: renderSourceOf(source) });
  if (rendered === undefined) return { phase: 'pending', questions, sha };
  if (!rendered.ok) return { phase: 'failed', questions, sha, failure: rendered.failure };
  const { checked, instance } = around;
  const targets = computeTargets(rendered.value, instance, checked.destination.namespace);
  const comparison = compareState({
    ...checked,
    ...around,
    targets,
    respectIgnore: options.includes('RespectIgnoreDifferences=true'),
  });
  return { phase: 'ready', questions, sha, rendered: rendered.value, targets, comparison };
}

function renderSourceOf(source: ApplicationSource) {
  return {
    path: source.path ?? '',
    ...(isRecord(source.kustomize) ? { kustomize: source.kustomize } : {}),
    ...(isRecord(source.directory) ? { directory: source.directory } : {}),
  };
}
