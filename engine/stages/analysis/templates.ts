import { AnalysisError } from './arguments.ts';
import type {
  AnalysisRunSpec,
  AnalysisTemplate,
  AnalysisTemplateSpec,
  Argument,
  DryRunRule,
  Metric,
  RetentionRule,
} from './types.ts';

export interface TemplateRef {
  templateName: string;
  clusterScope?: boolean;
}

/** Finds a template by reference, or undefined. */
export type TemplateLookup = (ref: TemplateRef) => AnalysisTemplate | undefined;

/** A reference names a template that does not exist. `nested`: it stands in a template, not in the Rollout. */
export class TemplateNotFound extends AnalysisError {
  readonly ref: TemplateRef;
  readonly nested: boolean;

  constructor(ref: TemplateRef, nested: boolean) {
    super(`${ref.clusterScope ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate'} '${ref.templateName}' not found`);
    this.ref = ref;
    this.nested = nested;
  }
}

/**
 * The templates that references lead to, nested ones included, each once: namespaced templates first, then cluster
 * templates (rollouts §3.2). Throws TemplateNotFound. A template that names itself, directly or not, is followed once.
 */
export function collectTemplates(refs: readonly TemplateRef[], lookup: TemplateLookup): AnalysisTemplate[] {
  const found = new Map<string, { template: AnalysisTemplate; cluster: boolean }>();
  const follow = (ref: TemplateRef, nested: boolean) => {
    const id = `${ref.clusterScope ? 'cluster' : 'namespace'} ${ref.templateName}`;
    if (found.has(id)) return;
    const template = lookup(ref);
    if (template === undefined) throw new TemplateNotFound(ref, nested);
    found.set(id, { template, cluster: ref.clusterScope === true });
    for (const inner of template.spec.templates ?? []) follow(inner, true);
  };
  for (const ref of refs) follow(ref, false);
  const all = [...found.values()];
  return [...all.filter(({ cluster }) => !cluster), ...all.filter(({ cluster }) => cluster)].map(
    ({ template }) => template,
  );
}

export interface RunParts {
  args: readonly Argument[];
  dryRun?: readonly DryRunRule[];
  measurementRetention?: readonly RetentionRule[];
}

/**
 * The spec of a run from its templates and what the Rollout gives. Rollout arguments win over template defaults; arguments no
 * template declares are dropped. Throws AnalysisError with upstream's text for conflicts and unresolved arguments.
 */
export function runSpecFromTemplates(templates: readonly AnalysisTemplate[], parts: RunParts): AnalysisRunSpec {
  const specs = templates.map(({ spec }) => spec);
  const metrics = mergedMetrics(specs);
  const templateDryRun = specs.flatMap(({ dryRun }) => dryRun ?? []);
  const templateRetention = specs.flatMap(({ measurementRetention }) => measurementRetention ?? []);
  const declared = mergedArgs(specs);
  const args = declared.map((arg) => overridden(arg, parts.args));
  for (const arg of args) {
    if (isMissing(arg.value) && arg.valueFrom === undefined)
      throw new AnalysisError(`args.${arg.name} was not resolved`);
  }
  const dryRun = uniqueRules('Dry-Run', [...(parts.dryRun ?? []), ...templateDryRun]);
  const retention = uniqueRules('Measurement Retention', [...(parts.measurementRetention ?? []), ...templateRetention]);
  return {
    metrics,
    ...(args.length === 0 ? {} : { args }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
    ...(retention.length === 0 ? {} : { measurementRetention: retention }),
  };
}

function isMissing(value: string | undefined | null): boolean {
  return value === undefined || value === null;
}

function overridden(arg: Argument, incoming: readonly Argument[]): Argument {
  const given = incoming.filter(({ name }) => name === arg.name).at(-1);
  if (given === undefined) return arg;
  if (!isMissing(given.value)) return { ...arg, value: given.value };
  return given.valueFrom === undefined ? arg : { ...arg, valueFrom: given.valueFrom };
}

function mergedMetrics(specs: readonly AnalysisTemplateSpec[]): Metric[] {
  const metrics = specs.flatMap((spec) => spec.metrics ?? []);
  const names = new Set<string>();
  for (const { name } of metrics) {
    if (names.has(name)) throw new AnalysisError(`two metrics have the same name '${name}'`);
    names.add(name);
  }
  return metrics;
}

function mergedArgs(specs: readonly AnalysisTemplateSpec[]): Argument[] {
  const merged = new Map<string, Argument>();
  for (const arg of specs.flatMap((spec) => spec.args ?? [])) {
    const known = merged.get(arg.name);
    if (known === undefined || isMissing(known.value)) merged.set(arg.name, arg);
    else if (!isMissing(arg.value) && known.value !== arg.value) {
      throw new AnalysisError(
        `Argument \`${arg.name}\` specified multiple times with different values: '${known.value}', '${arg.value}'`,
      );
    }
  }
  return [...merged.values()];
}

function uniqueRules<Rule extends DryRunRule>(what: string, rules: readonly Rule[]): Rule[] {
  const names = new Set<string>();
  for (const { metricName } of rules) {
    if (names.has(metricName)) throw new AnalysisError(`two ${what} metric rules have the same name '${metricName}'`);
    names.add(metricName);
  }
  return [...rules];
}
