import type { Effect } from '#control/plan.ts';
import { parseTime } from '#core/clock.ts';
import { findKind, kindIdOf, type ObjectRef, refOf, resourceName } from '#kube/kinds.ts';
import { isDeleting, type KubeObject } from '#kube/object.ts';
import type { Reader } from '#store/store.ts';
import { type CompareInput, desiredManifest, type Prediction, predict } from './compare.ts';
import type { ApplicationConfig } from './config.ts';
import { deletePolicies, HOOK_FINALIZER } from './hooks.ts';
import { optionOf } from './sync-options.ts';
import { describeTask, isMultiStep, type Task } from './tasks.ts';
import type { OperationPhase, ResourceResult, SyncOperation } from './types.ts';

export interface StepInput {
  tasks: readonly Task[];
  /** Results of earlier steps of the same operation. */
  results: readonly ResourceResult[];
  sync: SyncOperation;
  options: readonly string[];
  /** Application annotation `argocd.argoproj.io/deletion-approved`, as a time. */
  deletionApprovedAtMs: number | undefined;
  startedAtMs: number;
  /** No wave may be applied before this time. */
  notBeforeMs: number | undefined;
  nowMs: number;
  compare: Pick<CompareInput, 'ignore' | 'respectIgnore'>;
  projectName: string;
  objects: Reader;
  assessHealth: ApplicationConfig['assessHealth'];
  config: ApplicationConfig;
}

export interface StepOutcome {
  phase: OperationPhase;
  message: string;
  effects: Effect[];
  results: ResourceResult[];
  appliedWave: boolean;
  wakeAtMs?: number;
}

/**
 * One step of a sync (argo-cd.md §3.7): looks how far running tasks are, and starts the next wave when there is nothing
 * to wait for. Nothing is written before every task has been found valid.
 */
export function planSyncStep(input: StepInput): StepOutcome {
  return new SyncStep(input).run();
}

/** Terminates an operation: running hooks are deleted (case cd/E35). */
export function planTermination(input: StepInput): StepOutcome {
  return new SyncStep(input).terminate();
}

/** One step in the making: results are updated in place, effects collected. Local to one call. */
class SyncStep {
  readonly #input: StepInput;
  readonly #results = new Map<string, ResourceResult>();
  readonly #effects: Effect[] = [];
  readonly #predictions = new Map<string, Prediction | undefined>();
  /** Namespaces this step creates before what lives in them. */
  readonly #newNamespaces = new Set<string>();

  constructor(input: StepInput) {
    this.#input = input;
    for (const result of input.results) this.#results.set(resultId(result), result);
  }

  run(): StepOutcome {
    const { tasks } = this.#input;
    if (this.#results.size === 0) {
      const refused = this.#validate();
      if (refused !== undefined) return refused;
    }
    this.#updateRunning();
    const waiting = this.#waiting();
    if (waiting !== undefined) return waiting;
    this.#releaseCompletedHooks();
    const main = tasks.filter((task) => task.phase !== 'SyncFail');
    const failed = main.filter((task) => this.#hasFailed(task));
    if (failed.length > 0) return this.#afterFailure(failed);
    const pending = main.filter((task) => this.#phaseOf(task) === undefined);
    if (pending.length === 0) return this.#succeed('successfully synced (no more tasks)');
    const { notBeforeMs, nowMs } = this.#input;
    if (notBeforeMs !== undefined && nowMs < notBeforeMs) {
      return { ...this.#outcome('Running', 'waiting for the delay between waves'), wakeAtMs: notBeforeMs };
    }
    return this.#runWave(pending);
  }

  terminate(): StepOutcome {
    for (const task of this.#input.tasks) {
      if (!task.isHook || this.#phaseOf(task) !== 'Running') continue;
      if (task.live !== undefined) this.#deleteHook(task.live);
      this.#set(task, { hookPhase: 'Failed', message: 'Terminated' });
    }
    return this.#outcome('Failed', 'Operation terminated');
  }

  /** Everything that can be known to fail is found before the first write. */
  #validate(): StepOutcome | undefined {
    const invalid = this.#input.tasks.flatMap((task) => {
      const problem = this.#problemOf(task);
      if (problem !== undefined) this.#set(task, { status: 'SyncFailed', hookPhase: 'Failed', message: problem });
      return problem === undefined ? [] : [problem];
    });
    if (invalid.length > 0) {
      return this.#outcome('Failed', `one or more synchronization tasks are not valid: ${invalid.join('; ')}`);
    }
    let refused = false;
    for (const task of this.#input.tasks) {
      const verdict = this.#predict(task)?.refused;
      if (verdict === undefined || (verdict.reason !== 'Invalid' && verdict.reason !== 'BadRequest')) continue;
      if (this.#isReplacedByForce(task)) continue;
      refused = true;
      this.#set(task, { status: 'SyncFailed', hookPhase: 'Failed', message: verdict.message + placeOf(task) });
    }
    if (refused) return this.#outcome('Failed', 'one or more objects failed to apply (dry run)');
    if (this.#input.sync.dryRun !== true) return undefined;
    for (const task of this.#input.tasks) this.#set(task, { status: 'Synced', message: 'dry run' });
    return this.#outcome('Succeeded', 'successfully synced (dry run)');
  }

  #problemOf(task: Task): string | undefined {
    const { target } = task;
    if (target === undefined) return undefined;
    if (task.compared?.forbidden !== undefined) return task.compared.forbidden + placeOf(task);
    if (target.known) return undefined;
    if (optionOf('SkipDryRunOnMissingResource', this.#input.options, target.manifest) === 'true') return undefined;
    return `${unknownKind(task)}${placeOf(task)}`;
  }

  #updateRunning(): void {
    for (const task of this.#input.tasks) {
      if (this.#phaseOf(task) !== 'Running' || task.target === undefined) continue;
      if (task.live === undefined) {
        const message = `Resource ${describeTask(task)} is missing, it might have been deleted`;
        this.#set(task, { hookPhase: 'Error', message });
        continue;
      }
      const health = this.#input.assessHealth(task.live);
      const phase = task.isHook ? hookPhaseOf(health?.status) : resourcePhaseOf(health?.status);
      if (phase !== 'Running') this.#set(task, { hookPhase: phase, ...messageOf(health?.message) });
    }
  }

  /** Running tasks hold back the next wave; in a sync of one step only hooks do. */
  #waiting(): StepOutcome | undefined {
    const { tasks } = this.#input;
    const multiStep = isMultiStep(tasks);
    const running = tasks.filter((task) => this.#phaseOf(task) === 'Running' && (multiStep || task.isHook));
    if (running.length > 0) return this.#outcome('Running', waitingFor(running));
    const going = tasks.filter(
      (task) =>
        task.target === undefined &&
        task.live !== undefined &&
        isDeleting(task.live) &&
        this.#results.get(task.id)?.status === 'Pruned',
    );
    if (going.length === 0) return undefined;
    return this.#outcome('Running', `waiting for deletion of ${summary(going, 'resources')}`);
  }

  #releaseCompletedHooks(): void {
    for (const task of this.#input.tasks) {
      const phase = this.#phaseOf(task);
      if (!task.isHook || task.live === undefined || phase === undefined || phase === 'Running') continue;
      this.#stripFinalizer(task.live);
    }
  }

  #afterFailure(failed: readonly Task[]): StepOutcome {
    const reason = failed.map((task) => this.#results.get(task.id)?.message ?? '').filter((text) => text !== '');
    const message = `one or more synchronization tasks completed unsuccessfully, reason: ${reason.join(',')}`;
    const rescue = this.#input.tasks.filter((task) => task.phase === 'SyncFail');
    const pending = rescue.filter((task) => this.#phaseOf(task) === undefined);
    if (pending.length > 0) {
      const { outcome } = this.#applyGroup(pending);
      return outcome ?? this.#outcome('Running', waitingFor(pending));
    }
    this.#deleteHooksWith('HookFailed', (task) => this.#hasFailed(task));
    const broken = rescue.filter((task) => this.#hasFailed(task));
    if (broken.length === 0) return this.#outcome('Failed', message);
    const why = broken.map((task) => this.#results.get(task.id)?.message ?? '').join(',');
    return this.#outcome('Failed', `${message}\none or more SyncFail hooks failed, reason: ${why}`);
  }

  #succeed(message: string): StepOutcome {
    this.#deleteHooksWith('HookSucceeded', () => true);
    return this.#outcome('Succeeded', message);
  }

  #runWave(pending: readonly Task[]): StepOutcome {
    const first = pending[0] as Task;
    const group = pending.filter((task) => task.phase === first.phase && task.wave === first.wave);
    const { outcome, failures } = this.#applyGroup(group);
    if (outcome !== undefined) return outcome;
    const applied = { appliedWave: true };
    if (failures.length > 0) {
      if (this.#input.tasks.some((task) => task.phase === 'SyncFail')) {
        return { ...this.#outcome('Running', 'one or more objects failed to apply'), ...applied };
      }
      return {
        ...this.#outcome('Failed', `one or more objects failed to apply, reason: ${failures.join(',')}`),
        ...applied,
      };
    }
    const remaining = pending.length - group.length;
    if (remaining === 0 && !group.some((task) => task.isHook)) {
      // Upstream is done here. What is being pruned would then look out of sync and be healed once more: wait for it.
      const pruned = group.filter((task) => this.#results.get(task.id)?.status === 'Pruned');
      if (pruned.length > 0) return { ...this.#outcome('Running', waitingFor(pruned)), ...applied };
      return { ...this.#succeed('successfully synced (all tasks run)'), ...applied };
    }
    return { ...this.#outcome('Running', waitingFor(group)), ...applied };
  }

  /** Prunes, then hooks that must go first, then applies by kind. An outcome ends the step early. */
  #applyGroup(group: readonly Task[]): { outcome?: StepOutcome; failures: string[] } {
    const prunes = group.filter((task) => task.target === undefined);
    const unapproved = prunes.filter((task) => this.#needsApproval(task));
    if (unapproved.length > 0) {
      const message = `waiting for pruning confirmation of ${summary(unapproved, 'resources')}`;
      return { outcome: this.#outcome('Running', message), failures: [] };
    }
    for (const task of prunes) this.#prune(task);
    const forced = group.filter((task) => task.live !== undefined && this.#isReplacedByForce(task));
    if (forced.length > 0) return { outcome: this.#deleteForced(forced), failures: [] };
    const stale = group.filter(
      (task) =>
        task.isHook &&
        task.target !== undefined &&
        task.live !== undefined &&
        deletePolicies(task.target.manifest).includes('BeforeHookCreation'),
    );
    if (stale.length > 0) {
      for (const task of stale) this.#deleteHook(task.live as KubeObject);
      const message = `waiting for deletion of hook ${summary(stale, 'hooks')}`;
      return { outcome: this.#outcome('Running', message), failures: [] };
    }
    const failures = group.flatMap((task) => (task.target === undefined ? [] : this.#apply(task)));
    return { failures };
  }

  /**
   * With force, an object that cannot become what is declared (an immutable field), or that is to be replaced, is deleted
   * and made anew.
   */
  #isReplacedByForce(task: Task): boolean {
    const { sync, options } = this.#input;
    const { target, live } = task;
    if (target === undefined || live === undefined || task.isHook) return false;
    const asked = sync.syncStrategy?.apply?.force === true || sync.syncStrategy?.hook?.force === true;
    if (!asked && optionOf('Force', options, target.manifest) !== 'true') return false;
    if (this.#hasBeenForced(task)) return false;
    return this.#strategy(task) === 'replace' || this.#predict(task)?.refused?.reason === 'Invalid';
  }

  /** It was deleted after the operation began, and is there again: once is enough. */
  #hasBeenForced({ live }: Task): boolean {
    return (parseTime(live?.metadata.creationTimestamp) ?? 0) >= Math.floor(this.#input.startedAtMs / 1000) * 1000;
  }

  #deleteForced(forced: readonly Task[]): StepOutcome {
    for (const { live } of forced) {
      if (live === undefined || isDeleting(live)) continue;
      this.#effects.push({ effect: 'delete', target: refOf(live), propagation: 'Background', gracePeriodSeconds: 0 });
    }
    return this.#outcome('Running', `waiting for deletion of ${summary(forced, 'resources')}`);
  }

  #needsApproval(task: Task): boolean {
    if (this.#input.sync.prune !== true || optionOf('Prune', this.#input.options, task.live) !== 'confirm')
      return false;
    const { deletionApprovedAtMs, startedAtMs } = this.#input;
    return deletionApprovedAtMs === undefined || deletionApprovedAtMs < Math.floor(startedAtMs / 1000) * 1000;
  }

  #prune(task: Task): void {
    const { sync, options } = this.#input;
    const kept =
      sync.prune !== true
        ? 'ignored (requires pruning)'
        : optionOf('Prune', options, task.live) === 'false'
          ? 'ignored (no prune)'
          : undefined;
    if (kept !== undefined) {
      this.#set(task, { status: 'PruneSkipped', hookPhase: 'Succeeded', message: kept });
      return;
    }
    this.#effects.push({
      effect: 'delete',
      target: refOf(task.live as KubeObject),
      propagation: propagationOf(options),
    });
    this.#set(task, { status: 'Pruned', hookPhase: 'Succeeded', message: 'pruned' });
  }

  /** Applies one target, or records why the API would refuse it. Returns the failure. */
  #apply(task: Task): string[] {
    const { target, live } = task;
    if (target === undefined) return [];
    if (!target.known) return this.#refuse(task, unknownKind(task));
    const missing = this.#namespaceProblem(task);
    if (missing !== undefined) return this.#refuse(task, missing);
    const prediction = this.#predict(task);
    if (prediction?.refused !== undefined) return this.#refuse(task, prediction.refused.message);
    const object = desiredManifest(this.#input.compare, target, live);
    this.#effects.push({ effect: 'apply', object, manager: 'argocd-controller', strategy: this.#strategy(task) });
    if (target.kind === 'Namespace' && target.group === '') this.#newNamespaces.add(target.name);
    const kind = findKind(kindIdOf(target.manifest));
    const verb = live === undefined ? 'created' : task.compared?.status === 'Synced' ? 'unchanged' : 'configured';
    const subject = kind === undefined ? target.kind : resourceName(kind).replace(kind.plural, kind.singular);
    this.#set(task, { status: 'Synced', hookPhase: 'Running', message: `${subject}/${target.name} ${verb}` });
    return [];
  }

  #refuse(task: Task, why: string): string[] {
    const message = why + placeOf(task);
    this.#set(task, { status: 'SyncFailed', hookPhase: 'Failed', message });
    return [message];
  }

  #namespaceProblem({ target }: Task): string | undefined {
    if (target === undefined || !target.namespaced || this.#newNamespaces.has(target.namespace)) return undefined;
    if (target.namespace === '') return `${target.kind} "${target.name}" has no namespace, nor has the destination`;
    const home = this.#input.objects.get('Namespace', undefined, target.namespace);
    if (home === undefined) return `namespaces "${target.namespace}" not found`;
    if (!isDeleting(home)) return undefined;
    return `unable to create new content in namespace ${target.namespace} because it is being terminated`;
  }

  /** Asked before anything is applied and again when the task is applied, in the same step. */
  #predict(task: Task): Prediction | undefined {
    if (!this.#predictions.has(task.id)) this.#predictions.set(task.id, this.#newPrediction(task));
    return this.#predictions.get(task.id);
  }

  #newPrediction(task: Task): Prediction | undefined {
    const { target, live } = task;
    if (target === undefined || !target.known) return undefined;
    const { compare, config, objects } = this.#input;
    // The object of an earlier run of a hook is deleted before this one is created, so it is not merged with.
    const isReplaced = task.isHook && deletePolicies(target.manifest).includes('BeforeHookCreation');
    return predict(
      { ...compare, config, objects },
      target,
      isReplaced ? undefined : live,
      this.#strategy(task) === 'replace' ? 'replace' : 'apply',
    );
  }

  #strategy({ target, live }: Task): 'client' | 'server' | 'replace' {
    const { options } = this.#input;
    if (optionOf('Replace', options, target?.manifest, live) === 'true') return 'replace';
    return optionOf('ServerSideApply', options, target?.manifest) === 'true' ? 'server' : 'client';
  }

  #deleteHook(live: KubeObject): void {
    this.#stripFinalizer(live);
    this.#effects.push({ effect: 'delete', target: refOf(live), propagation: 'Background' });
  }

  #stripFinalizer(live: KubeObject): void {
    const finalizers = live.metadata.finalizers ?? [];
    if (!finalizers.includes(HOOK_FINALIZER)) return;
    const rest = finalizers.filter((finalizer) => finalizer !== HOOK_FINALIZER);
    const target: ObjectRef = refOf(live);
    this.#effects.push({ effect: 'patch', target, patch: { metadata: { finalizers: rest.length > 0 ? rest : null } } });
  }

  #deleteHooksWith(policy: 'HookSucceeded' | 'HookFailed', which: (task: Task) => boolean): void {
    for (const task of this.#input.tasks) {
      if (!task.isHook || task.live === undefined || task.target === undefined || !which(task)) continue;
      if (deletePolicies(task.target.manifest).includes(policy)) this.#deleteHook(task.live);
    }
  }

  #phaseOf(task: Task): OperationPhase | undefined {
    return this.#results.get(task.id)?.hookPhase;
  }

  #hasFailed(task: Task): boolean {
    const phase = this.#phaseOf(task);
    return phase === 'Failed' || phase === 'Error';
  }

  #set(task: Task, change: Partial<ResourceResult>): void {
    const { group, version, kind, namespace, name, phase } = task;
    const hook = task.isHook ? { hookType: phase } : {};
    const before = this.#results.get(task.id) ?? { group, version, kind, namespace, name, syncPhase: phase, ...hook };
    this.#results.set(task.id, { ...before, ...change });
  }

  #outcome(phase: OperationPhase, message: string): StepOutcome {
    const results = [...this.#results.values()];
    return { phase, message, effects: this.#effects, results, appliedWave: false };
  }
}

function resultId(result: ResourceResult): string {
  return `${result.syncPhase}:${result.group}/${result.kind}/${result.namespace}/${result.name}`;
}

function hookPhaseOf(health: string | undefined): OperationPhase {
  if (health === undefined || health === 'Healthy') return 'Succeeded';
  return health === 'Unknown' || health === 'Degraded' ? 'Failed' : 'Running';
}

function resourcePhaseOf(health: string | undefined): OperationPhase {
  if (health === undefined || health === 'Healthy') return 'Succeeded';
  return health === 'Degraded' ? 'Failed' : 'Running';
}

function messageOf(message: string | undefined): { message?: string } {
  return message === undefined || message === '' ? {} : { message };
}

function unknownKind({ target }: Task): string {
  const { group = '', version = '', kind = '', name = '' } = target ?? {};
  return `The Kubernetes API could not find ${group}/${kind} for requested resource ${name}. Make sure the "${kind}" CRD (${group === '' ? version : `${group}/${version}`}) is installed on the destination cluster.`;
}

function placeOf({ target }: Task): string {
  return target?.origin === undefined ? '' : ` (${target.origin})`;
}

function propagationOf(options: readonly string[]): 'Foreground' | 'Background' | 'Orphan' {
  if (options.includes('PrunePropagationPolicy=background')) return 'Background';
  return options.includes('PrunePropagationPolicy=orphan') ? 'Orphan' : 'Foreground';
}

function summary(tasks: readonly Task[], noun: string): string {
  const more = tasks.length > 1 ? ` and ${tasks.length - 1} more ${noun}` : '';
  return `${describeTask(tasks[0] as Task)}${more}`;
}

/** What a running operation waits for (case cd/E37). */
function waitingFor(tasks: readonly Task[]): string {
  const hooks = tasks.filter((task) => task.isHook);
  if (hooks.length > 0) return `waiting for completion of hook ${summary(hooks, 'hooks')}`;
  const applied = tasks.filter((task) => task.target !== undefined);
  if (applied.length > 0) return `waiting for healthy state of ${summary(applied, 'resources')}`;
  return `waiting for deletion of ${summary(tasks, 'resources')}`;
}

export function approvedAtMs(annotations: Record<string, string> | undefined): number | undefined {
  return parseTime(annotations?.['argocd.argoproj.io/deletion-approved']);
}
