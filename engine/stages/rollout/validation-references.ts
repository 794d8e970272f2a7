import { AnalysisError, resolveMetricArgs } from '../analysis/arguments.ts';
import { collectTemplates, runSpecFromTemplates, TemplateNotFound } from '../analysis/templates.ts';
import { type AnalysisTemplate, effectiveCount } from '../analysis/types.ts';
import { type FieldError, invalid, isNotReproduced } from './field-error.ts';
import { hasRuleWithService, noRulesMessage } from './nginx.ts';
import type { RolloutObservation } from './observe.ts';
import { stableIngressNames } from './references.ts';
import { resolveRunArguments } from './run-arguments.ts';
import { schemaProblems } from './schema-problems.ts';
import {
  blueGreenOf,
  canaryOf,
  HASH_LABEL,
  MANAGED_BY_ANNOTATION,
  type RolloutAnalysis,
  type RolloutSpec,
  stepsOf,
} from './types.ts';
import { validateNginxConfig, validateSpec } from './validation.ts';

const CANARY = 'spec.strategy.canary';
const BLUE_GREEN = 'spec.strategy.blueGreen';

/** Everything that is wrong, the first being what upstream reports: the spec, then missing references, then what they hold. */
export function validateRollout(observation: RolloutObservation): FieldError[] {
  const { rollout } = observation;
  const mistyped = schemaProblems(rollout);
  if (mistyped.length > 0) return mistyped;
  const spec = validateSpec(rollout);
  if (spec.some((error) => !isNotReproduced(error))) return spec;
  return [...referenceErrors(observation), ...spec];
}

function referenceErrors(observation: RolloutObservation): FieldError[] {
  const { rollout } = observation;
  const missing = [
    ...missingServices(observation),
    ...missingTemplates(observation),
    ...validateNginxConfig(canaryOf(rollout)),
    ...missingIngresses(observation),
  ];
  if (missing.length > 0) return missing;
  return [...validateServices(observation), ...validateAnalyses(observation), ...validateIngresses(observation)];
}

function namedServices({ rollout }: RolloutObservation): [field: string, name: string][] {
  const { stableService = '', canaryService = '', pingPong } = canaryOf(rollout);
  const { activeService = '', previewService = '' } = blueGreenOf(rollout) ?? {};
  const named: [string, string][] = [
    [`${BLUE_GREEN}.activeService`, activeService],
    [`${BLUE_GREEN}.previewService`, previewService],
    [`${CANARY}.stableService`, stableService],
    [`${CANARY}.canaryService`, canaryService],
    [`${CANARY}.pingPong.pingService`, pingPong?.pingService ?? ''],
    [`${CANARY}.pingPong.pongService`, pingPong?.pongService ?? ''],
  ];
  return named.filter(([, name]) => name !== '');
}

function missingServices(observation: RolloutObservation): FieldError[] {
  return namedServices(observation)
    .filter(([, name]) => !observation.services.has(name))
    .map(([field, name]) => invalid(field, name, `service "${name}" not found`));
}

function validateServices(observation: RolloutObservation): FieldError[] {
  const { rollout } = observation;
  const labels = rollout.spec.template?.metadata?.labels ?? {};
  return namedServices(observation).flatMap(([field, name]) => {
    const service = observation.services.get(name);
    const errors: FieldError[] = [];
    for (const [key, value] of Object.entries(service?.spec.selector ?? {})) {
      if (key === HASH_LABEL || labels[key] === value) continue;
      errors.push(invalid(field, name, `Service "${name}" has unmatch label "${key}" in rollout`));
    }
    const manager = service?.metadata.annotations?.[MANAGED_BY_ANNOTATION];
    if (manager !== undefined && manager !== rollout.metadata.name) {
      errors.push(invalid(field, name, `Service "${name}" is managed by another Rollout`));
    }
    return errors;
  });
}

function ingressField({ rollout }: RolloutObservation): string {
  const several = canaryOf(rollout).trafficRouting?.nginx?.stableIngresses !== undefined;
  return `${CANARY}.trafficRouting.nginx.${several ? 'stableIngresses' : 'stableIngress'}`;
}

function missingIngresses(observation: RolloutObservation): FieldError[] {
  const { stableIngresses } = canaryOf(observation.rollout).trafficRouting?.nginx ?? {};
  return stableIngressNames(observation.rollout)
    .filter((name) => !observation.ingresses.has(name))
    .map((name) =>
      invalid(ingressField(observation), stableIngresses ?? name, `ingress.networking.k8s.io "${name}" not found`),
    );
}

function validateIngresses(observation: RolloutObservation): FieldError[] {
  const { stableService = '' } = canaryOf(observation.rollout);
  return stableIngressNames(observation.rollout).flatMap((name) => {
    const ingress = observation.ingresses.get(name);
    if (ingress === undefined || hasRuleWithService(ingress, stableService)) return [];
    return [invalid(ingressField(observation), name, noRulesMessage(name, stableService))];
  });
}

interface NamedAnalysis {
  path: string;
  analysis: RolloutAnalysis;
  background: boolean;
}

function gatesOf(rollout: { spec: RolloutSpec }): NamedAnalysis[] {
  const blueGreen = blueGreenOf(rollout);
  return (['prePromotionAnalysis', 'postPromotionAnalysis'] as const).flatMap((gate) => {
    const analysis = blueGreen?.[gate];
    return analysis === undefined ? [] : [{ path: `${BLUE_GREEN}.${gate}.templates`, analysis, background: false }];
  });
}

function analysesOf({ rollout }: RolloutObservation): NamedAnalysis[] {
  if (blueGreenOf(rollout) !== undefined) return gatesOf(rollout);
  const inline = stepsOf(rollout).flatMap(({ analysis }, index) =>
    analysis === undefined
      ? []
      : [{ path: `${CANARY}.steps[${index}].analysis.templates`, analysis, background: false }],
  );
  const { analysis } = canaryOf(rollout);
  return analysis === undefined
    ? inline
    : [...inline, { path: `${CANARY}.analysis.templates`, analysis, background: true }];
}

function templatesOf(observation: RolloutObservation, analysis: RolloutAnalysis): AnalysisTemplate[] {
  const { templates, clusterTemplates } = observation;
  return collectTemplates(analysis.templates ?? [], (ref) =>
    (ref.clusterScope ? clusterTemplates : templates).get(ref.templateName),
  );
}

function missingTemplates(observation: RolloutObservation): FieldError[] {
  return analysesOf(observation).flatMap(({ path, analysis }) => {
    try {
      templatesOf(observation, analysis);
      return [];
    } catch (error) {
      if (!(error instanceof TemplateNotFound)) throw error;
      return [invalid(error.nested ? 'spec.templates' : path, error.ref.templateName, error.message)];
    }
  });
}

/** Verdicts by spec, with the templates they were made from: every pass asks again, and little of it ever changes. */
const verdicts = new WeakMap<RolloutSpec, { templates: readonly AnalysisTemplate[]; errors: FieldError[] }>();

function validateAnalyses(observation: RolloutObservation): FieldError[] {
  const { spec } = observation.rollout;
  const templates = analysesOf(observation).flatMap(({ analysis }) => templatesOf(observation, analysis));
  const known = verdicts.get(spec);
  if (known?.templates.length === templates.length && templates.every((item, i) => item === known.templates[i])) {
    return known.errors;
  }
  const errors = computeAnalysisErrors(observation);
  if (Object.isFrozen(spec)) verdicts.set(spec, { templates, errors });
  return errors;
}

function computeAnalysisErrors(observation: RolloutObservation): FieldError[] {
  return analysesOf(observation).flatMap((named) => {
    const templates = templatesOf(observation, named.analysis);
    const conflict = flattenConflict(observation, named, templates);
    if (conflict !== undefined) return [conflict];
    return templates.flatMap((template) =>
      named.background ? missingArguments(named, template) : unresolvedMetrics(named, template),
    );
  });
}

const PLACEHOLDER_HASHES = { latest: 'dummy-new-hash', stable: 'dummy-stable-hash' };

function flattenConflict(
  { rollout }: RolloutObservation,
  { path, analysis }: NamedAnalysis,
  templates: readonly AnalysisTemplate[],
): FieldError | undefined {
  try {
    const args = resolveRunArguments(analysis.args, rollout, PLACEHOLDER_HASHES, true);
    runSpecFromTemplates(templates, { ...analysis, args });
    return undefined;
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error;
    const names = templates.map(({ metadata }) => metadata.name).join(' ');
    return invalid(path, `templateNames: [${names}]`, error.message);
  }
}

/** Inline analyses must end: every metric needs a count, or no interval. */
function unresolvedMetrics({ path }: NamedAnalysis, template: AnalysisTemplate): FieldError[] {
  const { name } = template.metadata;
  const args = (template.spec.args ?? []).map((arg) => ({ name: arg.name, value: arg.value ?? 'dummy-value' }));
  try {
    return (template.spec.metrics ?? [])
      .map((metric) => resolveMetricArgs(metric, args))
      .filter((metric) => effectiveCount(metric) === undefined)
      .map((metric) => {
        const count = metric.count === undefined ? '<nil>' : String(metric.count);
        const message = `AnalysisTemplate ${name} has metric ${metric.name} which runs indefinitely. Invalid value for count: ${count}`;
        return invalid(path, name, message);
      });
  } catch (error) {
    if (!(error instanceof AnalysisError)) throw error;
    return [invalid(path, name, `AnalysisTemplate ${name}: ${error.message}`)];
  }
}

function missingArguments({ path, analysis }: NamedAnalysis, template: AnalysisTemplate): FieldError[] {
  const { name } = template.metadata;
  const open = (template.spec.args ?? []).filter((arg) => arg.value === undefined && arg.valueFrom === undefined);
  return open.flatMap((arg) => {
    if (analysis.args === undefined) return [invalid(path, name, 'missing analysis arguments in rollout spec')];
    return analysis.args.some((given) => given.name === arg.name) ? [] : [invalid(path, name, arg.name)];
  });
}
