import { matchesSelector } from '#kube/selector.ts';
import {
  type FieldError,
  internal,
  invalid,
  notReproduced,
  required,
  unsupported,
  upstreamFirst,
} from './field-error.ts';
import { unsupportedPluginFields } from './gateway-api.ts';
import { podTemplateProblems } from './pod-template-problems.ts';
import type { AntiAffinity, BlueGreenStrategy, CanaryStrategy, IntOrString, Rollout, RolloutSpec } from './types.ts';
import { analysisArgumentsOf, validateStep } from './validation-steps.ts';

const STRATEGY = 'spec.strategy';
const SERVICES_MESSAGE = 'Canary service and Stable service must to be set to use Traffic Routing';

/** What is wrong with the spec by itself, in upstream's order (rollouts §1.2). Only the first is shown in the condition. */
export function validateSpec(rollout: Rollout): FieldError[] {
  const { spec } = rollout;
  const known = verdicts.get(spec);
  if (known !== undefined) return known;
  const errors = upstreamFirst(computeErrors(rollout));
  if (Object.isFrozen(spec) && !dependsOnMetadata(spec)) verdicts.set(spec, errors);
  return errors;
}

/** Specs are stored frozen, and every pass asks again. */
const verdicts = new WeakMap<RolloutSpec, FieldError[]>();

function dependsOnMetadata(spec: RolloutSpec): boolean {
  return (spec.strategy?.canary?.steps ?? []).some((step) => analysisArgumentsOf(step).length > 0);
}

function computeErrors(rollout: Rollout): FieldError[] {
  const { spec } = rollout;
  return [
    ...nonNegative('spec.replicas', spec.replicas),
    ...validateSelector(spec),
    ...validateTemplate(spec),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...validateDeadline(spec),
    ...validateStrategy(rollout),
  ];
}

function nonNegative(path: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : [];
}

function validateSelector({ selector, workloadRef }: RolloutSpec): FieldError[] {
  if (workloadRef !== undefined) return [];
  if (selector === undefined) return [required('spec.selector', "Rollout has missing field '.spec.selector'")];
  const terms = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length;
  return terms === 0 ? [invalid('spec.selector', selector, 'empty selector is invalid for deployment')] : [];
}

function validateTemplate({ selector, template, workloadRef }: RolloutSpec): FieldError[] {
  // The workload is looked up by the controller; a file alone has nothing to check.
  if (workloadRef !== undefined && template === undefined) return [];
  const labels = template?.metadata?.labels;
  const errors: FieldError[] = [];
  if (selector !== undefined && !matchesSelector(selector, labels)) {
    errors.push(
      invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
    );
  }
  const { spec } = template ?? {};
  errors.push(...podTemplateProblems(template ?? {}, 'spec.template'));
  const { restartPolicy = 'Always' } = spec ?? {};
  if (restartPolicy !== 'Always') {
    errors.push(unsupported('spec.template.spec.restartPolicy', String(restartPolicy), ['Always']));
  }
  return errors;
}

function validateDeadline({ progressDeadlineSeconds = 600, minReadySeconds = 0 }: RolloutSpec): FieldError[] {
  const path = 'spec.progressDeadlineSeconds';
  const errors = nonNegative(path, progressDeadlineSeconds);
  if (progressDeadlineSeconds <= minReadySeconds) {
    errors.push(invalid(path, progressDeadlineSeconds, 'must be greater than minReadySeconds'));
  }
  return errors;
}

function validateStrategy(rollout: Rollout): FieldError[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  if (canary !== undefined && blueGreen !== undefined) {
    return [invalid(`${STRATEGY}.strategy`, 'blueGreen: true canary: true', 'Multiple Strategies can not be listed')];
  }
  if (blueGreen !== undefined) return validateBlueGreen(rollout.spec, blueGreen);
  if (canary === undefined) {
    const message = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'";
    return [required(`${STRATEGY}.strategy`, message)];
  }
  return [
    ...validateFences(canary),
    ...validateServices(canary),
    ...validateRouting(canary),
    ...(canary.steps ?? []).flatMap((step, index) => validateStep(rollout, step, index)),
    ...validateAntiAffinity(canary.antiAffinity),
    ...(canary.pingPong === undefined ? [] : [notReproduced(`${STRATEGY}.canary.pingPong`, 'pingPong')]),
  ];
}

function validateBlueGreen(spec: RolloutSpec, blueGreen: BlueGreenStrategy): FieldError[] {
  const { activeService = '', previewService = '', scaleDownDelayRevisionLimit: limit } = blueGreen;
  const errors: FieldError[] = [];
  if (activeService === previewService) {
    const message =
      'This rollout uses the same service for the active and preview services, but two different services are required.';
    errors.push(invalid(`${STRATEGY}.activeService`, activeService, message));
  } else if (activeService === '') {
    errors.push(required(`${STRATEGY}.blueGreen.activeService`, ''));
  }
  if (limit !== undefined && (spec.revisionHistoryLimit ?? 10) < limit) {
    const message = "This rollout's revision history limit can not be smaller than the rollout's scale down limit";
    errors.push(invalid(`${STRATEGY}.scaleDownDelayRevisionLimit`, limit, message));
  }
  return [...errors, ...validateAntiAffinity(blueGreen.antiAffinity)];
}

function validateAntiAffinity(antiAffinity: AntiAffinity | undefined): FieldError[] {
  if (antiAffinity === undefined) return [];
  const { preferredDuringSchedulingIgnoredDuringExecution: preferred } = antiAffinity;
  const required = antiAffinity.requiredDuringSchedulingIgnoredDuringExecution !== undefined;
  const path = `${STRATEGY}.antiAffinity`;
  const errors: FieldError[] = [];
  if ((preferred !== undefined) === required) {
    const value = `antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution: ${preferred !== undefined} antiAffinity.RequiredDuringSchedulingIgnoredDuringExecution: ${required}`;
    errors.push(invalid(path, value, 'AntiAffinity must have exactly one strategy listed'));
  }
  if (preferred !== undefined && (preferred.weight < 1 || preferred.weight > 100)) {
    errors.push(invalid(`${path}.weight`, preferred.weight, 'AntiAffinity weight must be between 1-100'));
  }
  return errors;
}

function validatePingPong({ pingPong, trafficRouting }: CanaryStrategy): FieldError[] {
  if (pingPong === undefined) return [];
  const { pingService = '', pongService = '' } = pingPong;
  const errors: FieldError[] = [];
  const routers = ['alb', 'istio', 'plugins'];
  if (trafficRouting !== undefined && !routers.some((router) => trafficRouting[router] !== undefined)) {
    const message = 'Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only';
    errors.push(invalid(`${STRATEGY}.trafficRouting.alb`, null, message));
  }
  const path = `${STRATEGY}.pingPong`;
  const missing = 'Ping service and Pong service must to be set to use Ping-Pong feature';
  if (pingService === '') errors.push(invalid(`${path}.pingService`, '', missing));
  if (pongService === '') errors.push(invalid(`${path}.pongService`, '', missing));
  if (pingService === pongService) {
    const message =
      'This rollout uses the same service for the ping and pong services, but two different services are required.';
    errors.push(invalid(`${path}.pingService`, pingService, message));
  }
  return errors;
}

function validateFences({ maxSurge = '25', maxUnavailable = '25' }: CanaryStrategy): FieldError[] {
  if (intOrPercent(maxSurge) !== 0 || intOrPercent(maxUnavailable) !== 0) return [];
  return [invalid(`${STRATEGY}.maxSurge`, maxSurge, 'MaxSurge and MaxUnavailable both can not be zero')];
}

function intOrPercent(value: IntOrString): number {
  return typeof value === 'number' ? value : Number.parseInt(value, 10) || 0;
}

function validateServices(canary: CanaryStrategy): FieldError[] {
  const { canaryService = '', stableService = '', trafficRouting } = canary;
  const errors: FieldError[] = [];
  if (canaryService !== '' && canaryService === stableService) {
    const message =
      'This rollout uses the same service for the stable and canary services, but two different services are required.';
    errors.push(invalid(`${STRATEGY}.stableService`, stableService, message));
  }
  errors.push(...validatePingPong(canary));
  if (trafficRouting?.nginx === undefined) return errors;
  if (stableService === '') errors.push(invalid(`${STRATEGY}.stableService`, '', SERVICES_MESSAGE));
  if (canaryService === '') errors.push(invalid(`${STRATEGY}.canaryService`, '', SERVICES_MESSAGE));
  return errors;
}

const ROUTING_FIELDS = new Set(['nginx', 'maxTrafficWeight', 'managedRoutes', 'plugins']);

function validateRouting(canary: CanaryStrategy): FieldError[] {
  const { scaleDownDelaySeconds, dynamicStableScale, trafficRouting } = canary;
  if (trafficRouting === undefined) {
    return [
      ...(scaleDownDelaySeconds === undefined
        ? []
        : [
            invalid(
              `${STRATEGY}.scaleDownDelaySeconds`,
              scaleDownDelaySeconds,
              'Canary scaleDownDelaySeconds can only be used with traffic routing',
            ),
          ]),
      ...(dynamicStableScale
        ? [
            invalid(
              `${STRATEGY}.dynamicStableScale`,
              true,
              'Canary dynamicStableScale can only be used with traffic routing',
            ),
          ]
        : []),
    ];
  }
  const errors: FieldError[] = [];
  if (scaleDownDelaySeconds !== undefined && dynamicStableScale) {
    const message = 'Canary dynamicStableScale cannot be used with scaleDownDelaySeconds';
    errors.push(invalid(`${STRATEGY}.dynamicStableScale`, true, message));
  }
  const path = `${STRATEGY}.canary.trafficRouting`;
  for (const router of Object.keys(trafficRouting).sort()) {
    if (!ROUTING_FIELDS.has(router)) errors.push(notReproduced(`${path}.${router}`, `the ${router} traffic router`));
  }
  for (const field of unsupportedPluginFields(trafficRouting.plugins)) {
    errors.push(notReproduced(`${path}.${field}`, field));
  }
  if (trafficRouting.maxTrafficWeight !== undefined && trafficRouting.nginx === undefined && !trafficRouting.plugins) {
    const message = 'Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins';
    errors.push(invalid(`${STRATEGY}.trafficRouting.maxTrafficWeight`, trafficRouting.maxTrafficWeight, message));
  }
  return errors;
}

/** Exactly one way of naming the nginx ingresses. */
export function validateNginxConfig(canary: CanaryStrategy): FieldError[] {
  const { nginx } = canary.trafficRouting ?? {};
  if (nginx === undefined) return [];
  const path = `${STRATEGY}.canary.trafficRouting.nginx`;
  const several = nginx.stableIngresses !== undefined;
  const single = (nginx.stableIngress ?? '') !== '';
  if (several !== single) return [];
  const which = several ? 'Both are configured.' : 'Neither are configured.';
  return [internal(path, `Either StableIngress or StableIngresses must be configured. ${which}`)];
}
