import { type Answers, Draft, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { refOf } from '#kube/kinds.ts';
import { isDeleting, type KubeObject, type Manifest } from '#kube/object.ts';
import { resolveDestination } from '../application/spec.ts';
import type { ApplicationSpec } from '../application/types.ts';
import { planDeletion } from './deletion.ts';
import { expandApplicationSet, RESOURCES_FINALIZER } from './expand.ts';
import type { ClusterSecret } from './inputs.ts';
import { changesSpec, permissionsOf, WriteError, type Writer, writeApplication, writerOf } from './reconcile.ts';
import { withoutAutomatedSync } from './rolling-sync/operation.ts';
import { planRollout, type Rollout } from './rolling-sync/rollout.ts';
import { isReverseDeletion, isRollingSync, stepsOf } from './rolling-sync/steps.ts';
import { SCM_FIXTURE_ANNOTATION } from './scm-fixture.ts';
import { nextStatus, type Outcome, type StatusParts } from './status.ts';
import { type ApplicationSet, GeneratorError, PendingError, TemplateError } from './types.ts';
import { type SetConfig, validate } from './validation.ts';

export interface ApplicationSetObservation {
  set: ApplicationSet;
  config: SetConfig;
  /** Applications in the set's namespace, by name. */
  applications: ReadonlyMap<string, KubeObject>;
  /** Those the set controls. */
  owned: readonly KubeObject[];
  projects: ReadonlySet<string>;
  clusters: readonly ClusterSecret[];
  answers: Answers;
}

export const REFRESH_ANNOTATION = 'argocd.argoproj.io/application-set-refresh';

/** How long after a write that was refused it is tried again: whoever is in the way gives no sign when it goes. */
const REFUSED_RETRY_MS = 180_000;

/** Plans one ApplicationSet (argo-cd.md §2.2). */
export function planApplicationSet(observation: ApplicationSetObservation, nowMs: number): Plan {
  const { set, answers } = observation;
  const draft = new Draft(answers);
  if (isDeleting(set)) return planDeletion(observation, draft, nowMs);
  const now = formatTime(nowMs);
  const finish = (parts: StatusParts) => draft.finish({ ...nextStatus(set.spec, set.status, parts, now) });
  try {
    const permissions = permissionsOf(set.spec.syncPolicy?.applicationsSync);
    if (permissions === undefined) {
      const policy = set.spec.syncPolicy?.applicationsSync;
      throw new GeneratorError(`spec.syncPolicy.applicationsSync: unknown policy ${policy}`);
    }
    keepUntilReversed(set, draft);
    const generated = generateApplications(observation, draft);
    if (isRollingSync(set.spec.strategy) && stepsOf(set.spec.strategy).length === 0) {
      const error = { reason: 'ApplicationSetRolloutError', message: 'No steps defined for rollout' };
      return finish({ outcome: { error, parametersGenerated: true } });
    }
    const writer = writerOf(set, permissions.update);
    return finish(reconcile(observation, generated, { writer, mayRemove: permissions.remove, draft, nowMs, now }));
  } catch (error) {
    if (error instanceof PendingError) return draft.finish();
    const outcome = failureOf(error);
    if (outcome === undefined) throw error;
    return finish({ outcome });
  }
}

function generateApplications({ set, projects, clusters }: ApplicationSetObservation, draft: Draft): Manifest[] {
  const fixture = set.metadata.annotations?.[SCM_FIXTURE_ANNOTATION];
  return expandApplicationSet(set.spec, set.metadata.namespace ?? '', {
    ask: (question) => draft.ask(question),
    clusters,
    hasProject: (name) => projects.has(name),
    ...(fixture === undefined ? {} : { scmFixture: fixture }),
  });
}

function failureOf(error: unknown): Outcome | undefined {
  const failed = (reason: string, parametersGenerated: boolean): Outcome => ({
    error: { reason, message: (error as Error).message },
    parametersGenerated,
  });
  if (error instanceof TemplateError) return failed('RenderTemplateParamsError', false);
  if (error instanceof GeneratorError) return failed('ApplicationGenerationFromParamsError', false);
  return error instanceof WriteError ? failed('UpdateApplicationError', true) : undefined;
}

/** A set whose Applications go in reverse order has to outlive them. */
function keepUntilReversed(set: ApplicationSet, draft: Draft): void {
  const finalizers = set.metadata.finalizers ?? [];
  if (!isReverseDeletion(set.spec.strategy) || finalizers.includes(RESOURCES_FINALIZER)) return;
  const patch = { metadata: { finalizers: [...finalizers, RESOURCES_FINALIZER] } };
  draft.add({ effect: 'patch', target: refOf(set), patch });
}

interface Work {
  writer: Writer;
  mayRemove: boolean;
  draft: Draft;
  nowMs: number;
  now: string;
}

function reconcile(observation: ApplicationSetObservation, generated: readonly Manifest[], work: Work): StatusParts {
  const { set, owned } = observation;
  const { valid, errors } = validate(observation, generated);
  const isRolling = isRollingSync(set.spec.strategy);
  const written = new Map([...valid].map(([name, manifest]) => [name, isRolling ? disabled(manifest) : manifest]));
  const rollout = isRolling ? rolloutOf(observation, generated, work) : undefined;
  work.draft.wakeAt(rollout?.wakeAtMs);
  const progress = rollout === undefined ? {} : { progress: rollout.progress };
  const refused = writeAll(observation, written, rollout, work);
  if (refused !== undefined) {
    const reason = work.writer.mayUpdate ? 'UpdateApplicationError' : 'CreateApplicationError';
    work.draft.wakeAt(work.nowMs + REFUSED_RETRY_MS);
    return {
      outcome: { error: { reason, message: refused }, parametersGenerated: true, ...aboutRollout(rollout) },
      ...progress,
    };
  }
  const wanted = new Set(generated.map(({ metadata }) => metadata.name));
  if (work.mayRemove) removeOthers(observation, wanted, work.draft);
  if (set.metadata.annotations?.[REFRESH_ANNOTATION] !== undefined) {
    const patch = { metadata: { annotations: { [REFRESH_ANNOTATION]: null } } };
    work.draft.add({ effect: 'patch', target: refOf(set), patch });
  }
  const applications = work.mayRemove ? owned.filter(({ metadata }) => wanted.has(metadata.name)) : owned;
  const outcome: Outcome = { ...validationOutcome(errors), ...aboutRollout(rollout) };
  return { outcome, applications, ...progress };
}

function aboutRollout(rollout: Rollout | undefined): Pick<Outcome, 'rollout'> {
  if (rollout === undefined) return {};
  return { rollout: { progressingStep: rollout.progressingStep, issue: rollout.issue } };
}

function rolloutOf(observation: ApplicationSetObservation, generated: readonly Manifest[], work: Work): Rollout {
  const { set, owned } = observation;
  const byName = new Map(generated.map((manifest) => [manifest.metadata.name, manifest]));
  const specChanged = (application: KubeObject): boolean => {
    const desired = byName.get(application.metadata.name);
    return desired !== undefined && changesSpec(work.writer, disabled(desired), application);
  };
  return planRollout({ set, desired: generated, owned, specChanged, nowMs: work.nowMs, now: work.now });
}

function disabled(manifest: Manifest): Manifest {
  return { ...manifest, spec: withoutAutomatedSync(manifest.spec as Record<string, unknown>) };
}

/** Writes in the order of names; the first refusal is returned, and does not keep the others from being written. */
function writeAll(
  { applications }: ApplicationSetObservation,
  valid: ReadonlyMap<string, Manifest>,
  rollout: Rollout | undefined,
  { writer, draft }: Work,
): string | undefined {
  let refused: string | undefined;
  for (const name of [...valid.keys()].sort()) {
    const operation = writer.mayUpdate ? rollout?.operations.get(name) : undefined;
    const write = writeApplication(writer, valid.get(name) as Manifest, applications.get(name), operation);
    if (write === undefined) continue;
    if ('error' in write) refused ??= write.error;
    else draft.add(write.effect).note('Normal', write.verb, `${write.verb} Application "${name}"`);
  }
  return refused;
}

function removeOthers(
  { owned, config }: ApplicationSetObservation,
  wanted: ReadonlySet<string | undefined>,
  draft: Draft,
): void {
  for (const application of owned) {
    const { name, finalizers = [] } = application.metadata;
    if (wanted.has(name) || isDeleting(application)) continue;
    // Nobody could ever delete resources on a cluster that is not known: the Application would stay for ever.
    const isLost = 'error' in resolveDestination({ spec: application.spec as ApplicationSpec }, config);
    if (isLost && finalizers.includes(RESOURCES_FINALIZER)) {
      const kept = finalizers.filter((finalizer) => finalizer !== RESOURCES_FINALIZER);
      const patch = { metadata: { finalizers: kept.length === 0 ? null : kept } };
      draft.add({ effect: 'patch', target: refOf(application), patch });
    }
    draft
      .add({ effect: 'delete', target: refOf(application) })
      .note('Normal', 'Deleted', `Deleted Application "${name}"`);
  }
}

function validationOutcome(errors: ReadonlyMap<string, string>): Outcome {
  const names = [...errors.keys()].sort();
  const last = names.at(-1);
  if (last === undefined) return { parametersGenerated: true };
  const more = names.length > 1 ? ` (and ${names.length - 1} more)` : '';
  const error = { reason: 'ApplicationValidationError', message: `${errors.get(last)}${more}` };
  return { error, parametersGenerated: true };
}
