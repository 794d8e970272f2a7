import { matchesSelector } from '#kube/selector.ts';
import { AnalysisError } from '../analysis/arguments.ts';
import { type FieldError, internal, invalid, notReproduced, required, unsupported } from './field-error.ts';
import { metadataValue } from './run-arguments.ts';
import { pauseDurationMs } from './steps.ts';
import {
  type CanaryStep,
  type CanaryStrategy,
  type IntOrString,
  maxTrafficWeight,
  type Rollout,
  type RolloutSpec,
} from './types.ts';

const STRATEGY = 'spec.strategy';
const STEP_MESSAGE = 'Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause';
const SERVICES_MESSAGE = 'Canary service and Stable service must to be set to use Traffic Routing';

/** What is wrong with the spec by itself, in upstream's order (rollouts §1.2). Only the first is shown in the condition. */
export function validateSpec(rollout: Rollout): FieldError[] {
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
  if (workloadRef !== undefined) return [notReproduced('spec.workloadRef', 'workloadRef')];
  if (selector === undefined) return [required('spec.selector', "Rollout has missing field '.spec.selector'")];
  const terms = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length;
  return terms === 0 ? [invalid('spec.selector', selector, 'empty selector is invalid for deployment')] : [];
}

function validateTemplate({ selector, template }: RolloutSpec): FieldError[] {
  const labels = template?.metadata?.labels;
  const errors: FieldError[] = [];
  if (selector !== undefined && !matchesSelector(selector, labels)) {
    errors.push(
      invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
    );
  }
  const spec = template?.spec as
    | { containers?: { name?: string; image?: string }[]; restartPolicy?: string }
    | undefined;
  const containers = spec?.containers ?? [];
  if (containers.length === 0) errors.push(required('spec.template.spec.containers', ''));
  containers.forEach(({ name, image }, index) => {
    const path = `spec.template.spec.containers[${index}]`;
    if (!name) errors.push(required(`${path}.name`, ''));
    if (!image) errors.push(required(`${path}.image`, ''));
  });
  const { restartPolicy = 'Always' } = spec ?? {};
  if (restartPolicy !== 'Always') {
    errors.push(unsupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
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
  if (blueGreen !== undefined) return [notReproduced(`${STRATEGY}.blueGreen`, 'the blue-green strategy')];
  if (canary === undefined) {
    const message = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'";
    return [required(`${STRATEGY}.strategy`, message)];
  }
  return [
    ...validateFences(canary),
    ...validateServices(canary),
    ...validateRouting(canary),
    ...(canary.steps ?? []).flatMap((step, index) => validateStep(rollout, step, index)),
    ...validateUnsupported(canary),
  ];
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
  if (trafficRouting?.nginx === undefined) return errors;
  if (stableService === '') errors.push(invalid(`${STRATEGY}.stableService`, '', SERVICES_MESSAGE));
  if (canaryService === '') errors.push(invalid(`${STRATEGY}.canaryService`, '', SERVICES_MESSAGE));
  return errors;
}

const ROUTING_FIELDS = new Set(['nginx', 'maxTrafficWeight', 'managedRoutes']);

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
  if (trafficRouting.maxTrafficWeight !== undefined && trafficRouting.nginx === undefined) {
    const message = 'Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins';
    errors.push(invalid(`${STRATEGY}.trafficRouting.maxTrafficWeight`, trafficRouting.maxTrafficWeight, message));
  }
  return errors;
}

function validateStep(rollout: Rollout, step: CanaryStep, index: number): FieldError[] {
  const path = `${STRATEGY}.steps[${index}]`;
  const canaryPath = `${STRATEGY}.canary.steps[${index}]`;
  const errors = validateStepKinds(step, path);
  const max = maxTrafficWeight(rollout);
  const { setWeight, pause, setCanaryScale } = step;
  if (setWeight !== undefined && (setWeight < 0 || setWeight > max)) {
    errors.push(invalid(`${path}.setWeight`, setWeight, `SetWeight needs to be between 0 and ${max}`));
  }
  const pauseMs = pause === undefined ? undefined : pauseDurationMs(pause);
  if (pauseMs !== undefined && pauseMs < 0) {
    errors.push(invalid(`${path}.pause.duration`, pauseMs / 1000, 'Duration needs to be greater than 0'));
  }
  if (setCanaryScale !== undefined && rollout.spec.strategy?.canary?.trafficRouting === undefined) {
    errors.push(required(`${STRATEGY}.trafficRouting`, 'SetCanaryScale requires TrafficRouting to be set'));
  }
  for (const kind of ['experiment', 'setHeaderRoute', 'setMirrorRoute', 'plugin'] as const) {
    if (step[kind] !== undefined) errors.push(notReproduced(`${canaryPath}.${kind}`, `the ${kind} step`));
  }
  return [...errors, ...validateStepArguments(rollout, step, path)];
}

function validateStepKinds(step: CanaryStep, path: string): FieldError[] {
  const has = (kind: keyof CanaryStep) => step[kind] !== undefined;
  const exclusive = (['setWeight', 'pause', 'experiment', 'analysis'] as const).filter(has);
  const errors: FieldError[] = [];
  if (exclusive.length > 1) {
    const value = `step.Experiment: ${has('experiment')} step.Pause: ${has('pause')} step.SetWeight: ${has('setWeight')} step.Analysis: ${has('analysis')}`;
    errors.push(invalid(path, value, STEP_MESSAGE));
  }
  const others = (['setCanaryScale', 'setHeaderRoute', 'setMirrorRoute', 'plugin'] as const).filter(has);
  if (exclusive.length + others.length === 0) {
    const value =
      'step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true step.Plugin: true';
    errors.push(invalid(path, value, STEP_MESSAGE));
  }
  return errors;
}

function validateStepArguments(rollout: Rollout, step: CanaryStep, path: string): FieldError[] {
  const args = step.analysis?.args ?? [];
  return args.flatMap(({ valueFrom }) => {
    const field = valueFrom?.fieldRef?.fieldPath;
    if (field === undefined || !field.startsWith('metadata')) return [];
    try {
      metadataValue(rollout, field);
      return [];
    } catch (error) {
      if (!(error instanceof AnalysisError)) throw error;
      const message = 'Analyses arguments must refer to valid object metadata supported by downwardAPI';
      return [invalid(`${path}.analyses`, args, message)];
    }
  });
}

/** Fields of the canary strategy that a later version of this engine brings. */
function validateUnsupported(canary: CanaryStrategy): FieldError[] {
  return (['antiAffinity', 'pingPong'] as const)
    .filter((field) => canary[field] !== undefined)
    .map((field) => notReproduced(`${STRATEGY}.canary.${field}`, field));
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
