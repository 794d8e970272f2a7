import { type Controller, onOwned, onRoot, trigger } from '#control/controller.ts';
import { type Answers, Draft, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { refOf } from '#kube/kinds.ts';
import { isDeleting, type KubeObject, type Manifest, objectKey, splitKey } from '#kube/object.ts';
import { type ApplicationConfig, DEFAULT_CONFIG } from '../application/config.ts';
import { resolveDestination } from '../application/spec.ts';
import type { ApplicationSpec } from '../application/types.ts';
import { expandApplicationSet } from './expand.ts';
import { permissionsOf, writeApplication } from './reconcile.ts';
import { nextStatus, type Outcome } from './status.ts';
import { type ApplicationSet, GeneratorError, PendingError, TemplateError } from './types.ts';

export interface ApplicationSetObservation {
  set: ApplicationSet;
  config: SetConfig;
  /** Applications in the set's namespace, by name. */
  applications: ReadonlyMap<string, KubeObject>;
  /** Those the set controls. */
  owned: readonly KubeObject[];
  projects: ReadonlySet<string>;
  answers: Answers;
}

type SetConfig = Pick<ApplicationConfig, 'clusters'>;

/**
 * Argo CD's ApplicationSet controller: one Application for each set of parameters. A generator that fails touches
 * nothing, so a repository that is away for a moment deletes no environment.
 */
export function applicationSetController(given: Partial<SetConfig> = {}): Controller<ApplicationSetObservation> {
  const config: SetConfig = { clusters: given.clusters ?? DEFAULT_CONFIG.clusters };
  return {
    name: 'argocd-applicationset-controller',
    root: 'ApplicationSet.argoproj.io',
    triggers: [
      onRoot('ApplicationSet.argoproj.io'),
      onOwned('Application.argoproj.io', 'ApplicationSet'),
      trigger('AppProject.argoproj.io', (_project, objects) =>
        (objects.list('ApplicationSet.argoproj.io') as readonly KubeObject[]).map(objectKey),
      ),
    ],
    observe(key, { objects, answers }) {
      const { namespace, name } = splitKey(key);
      const set = objects.get('ApplicationSet.argoproj.io', namespace, name) as ApplicationSet | undefined;
      if (set === undefined) return undefined;
      const all = objects.list('Application.argoproj.io', namespace) as unknown as readonly KubeObject[];
      const projects = objects.list('AppProject.argoproj.io', namespace).map((project) => project.metadata.name);
      return {
        set,
        config,
        applications: new Map(all.map((application) => [application.metadata.name, application])),
        owned: objects.ownedBy('Application.argoproj.io', set.metadata.uid) as unknown as readonly KubeObject[],
        projects: new Set(projects),
        answers,
      };
    },
    plan: planApplicationSet,
  };
}

/** Plans one ApplicationSet (argo-cd.md §2.2). */
export function planApplicationSet(observation: ApplicationSetObservation, nowMs: number): Plan {
  const { set, answers, owned } = observation;
  const draft = new Draft(answers);
  if (isDeleting(set)) return planGoing(observation, draft);
  const now = formatTime(nowMs);
  const permissions = permissionsOf(set.spec.syncPolicy?.applicationsSync);
  try {
    if (permissions === undefined) {
      throw new GeneratorError(
        `spec.syncPolicy.applicationsSync: unknown policy ${set.spec.syncPolicy?.applicationsSync}`,
      );
    }
    const generated = expandApplicationSet(set.spec, set.metadata.namespace ?? '', (question) => draft.ask(question));
    const outcome = reconcile(observation, generated, permissions, draft);
    const names = new Set(generated.map(({ metadata }) => metadata.name));
    return draft.finish({
      ...nextStatus(
        set.status,
        outcome,
        owned.filter(({ metadata }) => names.has(metadata.name)),
        now,
      ),
    });
  } catch (error) {
    if (error instanceof PendingError) return draft.finish();
    const failed = failureOf(error);
    if (failed === undefined) throw error;
    return draft.finish({ ...nextStatus(set.status, failed, undefined, now) });
  }
}

function failureOf(error: unknown): Outcome | undefined {
  if (!(error instanceof GeneratorError) && !(error instanceof TemplateError)) return undefined;
  const reason = error instanceof TemplateError ? 'RenderTemplateParamsError' : 'ApplicationGenerationFromParamsError';
  return { ok: false, reason, message: error.message, parametersGenerated: false };
}

function reconcile(
  observation: ApplicationSetObservation,
  generated: readonly Manifest[],
  permissions: { update: boolean; remove: boolean },
  draft: Draft,
): Outcome {
  const { set, applications, owned } = observation;
  const errors = new Map<string, string>();
  const valid = new Map<string, Manifest>();
  for (const application of generated) {
    const name = application.metadata.name ?? '';
    const problem = problemOf(observation, application, valid.has(name) || errors.has(name));
    if (problem !== undefined) errors.set(name, problem);
    else valid.set(name, application);
  }
  let writeError: string | undefined;
  for (const name of [...valid.keys()].sort()) {
    const write = writeApplication(set, valid.get(name) as Manifest, applications.get(name), permissions.update);
    if (write === undefined) continue;
    if ('error' in write) writeError ??= write.error;
    else draft.add(write.effect).note('Normal', write.verb, `${write.verb} Application "${name}"`);
  }
  if (permissions.remove) removeOthers(owned, new Set(generated.map(({ metadata }) => metadata.name)), draft);
  if (writeError !== undefined) {
    return { ok: false, reason: 'UpdateApplicationError', message: writeError, parametersGenerated: true };
  }
  return validationOutcome(errors);
}

function removeOthers(owned: readonly KubeObject[], wanted: ReadonlySet<string | undefined>, draft: Draft): void {
  for (const application of owned) {
    const { name } = application.metadata;
    if (wanted.has(name) || isDeleting(application)) continue;
    draft
      .add({ effect: 'delete', target: refOf(application) })
      .note('Normal', 'Deleted', `Deleted Application "${name}"`);
  }
}

function validationOutcome(errors: ReadonlyMap<string, string>): Outcome {
  const names = [...errors.keys()].sort();
  const last = names[names.length - 1];
  if (last === undefined) return { ok: true };
  const more = names.length > 1 ? ` (and ${names.length - 1} more)` : '';
  return {
    ok: false,
    reason: 'ApplicationValidationError',
    message: `${errors.get(last)}${more}`,
    parametersGenerated: true,
  };
}

/** Why one generated Application is left out; the others are not affected. */
function problemOf(
  { set, config, projects }: ApplicationSetObservation,
  application: Manifest,
  duplicate: boolean,
): string | undefined {
  const { name = '' } = application.metadata;
  const spec = application.spec as ApplicationSpec;
  if (name === '') return 'the template gives an Application without a name';
  if (duplicate) return `ApplicationSet ${set.metadata.name} contains applications with duplicate name: ${name}`;
  if (!projects.has(spec.project ?? 'default')) {
    return `application references project ${spec.project} which does not exist`;
  }
  const destination = resolveDestination({ spec }, config);
  return 'error' in destination ? `application destination spec is invalid: ${destination.error}` : undefined;
}

/** Applications that the policy protects survive their set: they lose their owner before it goes. */
function planGoing({ set, owned }: ApplicationSetObservation, draft: Draft): Plan {
  const permissions = permissionsOf(set.spec.syncPolicy?.applicationsSync);
  if (permissions?.remove === true) return draft.finish();
  for (const application of owned) {
    draft.add({ effect: 'patch', target: refOf(application), patch: { metadata: { ownerReferences: null } } });
  }
  return draft.finish();
}
