import { AnalysisError } from '../analysis/arguments.ts';
import { type FieldError, invalid, notReproduced, required } from './field-error.ts';
import { metadataValue } from './run-arguments.ts';
import { pauseDurationMs } from './steps.ts';
import {
  type CanaryStep,
  maxTrafficWeight,
  type Rollout,
  type RolloutArgument,
  type StringMatch,
  type TrafficRouting,
} from './types.ts';

const STRATEGY = 'spec.strategy';
const STEP_MESSAGE = 'Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause';

/** What is wrong with one canary step, in upstream's order; what is right but not reproduced comes last. */
export function validateStep(rollout: Rollout, step: CanaryStep, index: number): FieldError[] {
  const path = `${STRATEGY}.steps[${index}]`;
  const { trafficRouting } = rollout.spec.strategy?.canary ?? {};
  return [
    ...validateStepKinds(step, path),
    ...validateNumbers(rollout, step, path),
    ...validateHeaderRoute(step, trafficRouting, path),
    ...validateMirrorRoute(step, trafficRouting, path),
    ...validateManagedRoutes(step, trafficRouting, path),
    ...validateExperimentWeights(step, trafficRouting, path),
    ...validateArguments(rollout, step, path),
    ...validateExperiment(step, path),
    ...validateNotReproduced(step, index),
  ];
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

function validateNumbers(rollout: Rollout, step: CanaryStep, path: string): FieldError[] {
  const max = maxTrafficWeight(rollout);
  const { setWeight, pause, setCanaryScale } = step;
  const errors: FieldError[] = [];
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
  return errors;
}

function hasRouter(trafficRouting: TrafficRouting | undefined, names: readonly string[]): boolean {
  return names.some((name) => trafficRouting?.[name] !== undefined);
}

function validateHeaderRoute(step: CanaryStep, routing: TrafficRouting | undefined, path: string): FieldError[] {
  const route = step.setHeaderRoute;
  if (route === undefined) return [];
  if (!hasRouter(routing, ['istio', 'alb', 'apisix', 'plugins'])) {
    const message = 'SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix';
    return [invalid(`${path}.setHeaderRoute`, route, message)];
  }
  return (route.match ?? []).flatMap(({ headerValue }, index) =>
    validateMatch(headerValue, `${path}.setHeaderRoute.match[${index}]`),
  );
}

function validateMirrorRoute(step: CanaryStep, routing: TrafficRouting | undefined, path: string): FieldError[] {
  const route = step.setMirrorRoute;
  if (route === undefined) return [];
  const errors: FieldError[] = [];
  if (!hasRouter(routing, ['istio', 'plugins'])) {
    const message = 'SetMirrorRoute requires TrafficRouting, supports Istio and Plugins';
    errors.push(invalid(`${path}.setMirrorRoute`, route, message));
  }
  (route.match ?? []).forEach(({ method, path: matchPath }, index) => {
    const at = `${path}.setMirrorRoute.match[${index}]`;
    if (method !== undefined) errors.push(...validateMatch(method, at));
    if (matchPath !== undefined) errors.push(...validateMatch(matchPath, at));
  });
  return errors;
}

function validateMatch(match: StringMatch | undefined, path: string): FieldError[] {
  const { exact = '', regex = '', prefix = '' } = match ?? {};
  const given = [exact, regex, prefix].filter((value) => value !== '').length;
  const shown = match ?? null;
  if (given > 1) {
    return [
      invalid(path, shown, 'StringMatch match value must have exactly one of the following: exact, regex, prefix'),
    ];
  }
  const message = 'StringMatch value missed, match value must have one of the following: exact, regex, prefix';
  return given === 1 ? [] : [invalid(path, shown, message)];
}

function validateManagedRoutes(step: CanaryStep, routing: TrafficRouting | undefined, path: string): FieldError[] {
  const kinds = (['setHeaderRoute', 'setMirrorRoute'] as const).filter((kind) => step[kind] !== undefined);
  if (routing === undefined || kinds.length === 0) return [];
  const { managedRoutes } = routing;
  if (managedRoutes === undefined) {
    const message = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'";
    return [required(`${STRATEGY}.trafficRouting.managedRoutes`, message)];
  }
  return kinds.flatMap((kind) => {
    const name = step[kind]?.name ?? '';
    if (managedRoutes.some((route) => route.name === name)) return [];
    const message = 'Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes';
    return [invalid(`${path}.${kind}`, name, message)];
  });
}

function validateExperimentWeights(step: CanaryStep, routing: TrafficRouting | undefined, path: string): FieldError[] {
  return (step.experiment?.templates ?? []).flatMap(({ weight }, index) => {
    if (weight === undefined) return [];
    const at = `${path}.experiment.templates[${index}].weight`;
    if (routing === undefined) {
      return [invalid(at, weight, 'Experiment template weight cannot be set unless TrafficRouting is enabled')];
    }
    if (hasRouter(routing, ['alb', 'smi', 'istio', 'plugins'])) {
      return [notReproduced(at, 'the weight of an experiment template')];
    }
    const message =
      'Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this time';
    return [invalid(at, weight, message)];
  });
}

/** Analysis arguments of a step that are read from the rollout's metadata. */
export function analysisArgumentsOf({ analysis, experiment }: CanaryStep): RolloutArgument[] {
  const args = [...(experiment?.analyses ?? []).flatMap((item) => item.args ?? []), ...(analysis?.args ?? [])];
  return args.filter(({ valueFrom }) => valueFrom?.fieldRef?.fieldPath.startsWith('metadata'));
}

function validateArguments(rollout: Rollout, step: CanaryStep, path: string): FieldError[] {
  const { analysis, experiment } = step;
  const all = [...(experiment?.analyses ?? []).flatMap((item) => item.args ?? []), ...(analysis?.args ?? [])];
  return analysisArgumentsOf(step).flatMap(({ valueFrom }) => {
    try {
      metadataValue(rollout, valueFrom?.fieldRef?.fieldPath ?? '');
      return [];
    } catch (error) {
      if (!(error instanceof AnalysisError)) throw error;
      const message = 'Analyses arguments must refer to valid object metadata supported by downwardAPI';
      return [invalid(`${path}.analyses`, all, message)];
    }
  });
}

/** Upstream's schema refuses another specRef; here the step does. */
function validateExperiment({ experiment }: CanaryStep, path: string): FieldError[] {
  return (experiment?.templates ?? []).flatMap(({ specRef = '' }, index) =>
    specRef === 'canary' || specRef === 'stable'
      ? []
      : [
          invalid(
            `${path}.experiment.templates[${index}].specRef`,
            specRef,
            'Invalid template step SpecRef: must be canary or stable',
          ),
        ],
  );
}

function validateNotReproduced({ plugin }: CanaryStep, index: number): FieldError[] {
  const path = `${STRATEGY}.canary.steps[${index}].plugin`;
  return plugin === undefined ? [] : [notReproduced(path, `the step plugin ${JSON.stringify(plugin.name ?? '')}`)];
}
