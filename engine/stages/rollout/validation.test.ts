import { expect, it } from 'vitest';
import { fieldValue, valueInJson } from './run-arguments.ts';
import { podTemplate } from './testing/manifests.ts';
import type { Rollout, RolloutSpec } from './types.ts';
import { validateNginxConfig, validateSpec } from './validation.ts';

function rollout(spec: Partial<RolloutSpec>): Rollout {
  const metadata = {
    name: 'web',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-05T09:00:00Z',
    labels: { app: 'web' },
    annotations: { 'rollout.argoproj.io/revision': '1' },
  };
  const defaults: RolloutSpec = {
    selector: { matchLabels: { app: 'web' } },
    template: podTemplate('1'),
    strategy: { canary: {} },
  };
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata, spec: { ...defaults, ...spec } };
}

const canary = (strategy: NonNullable<RolloutSpec['strategy']>['canary']) => ({ strategy: { canary: strategy } });
const NGINX = { canaryService: 'c', stableService: 's', trafficRouting: { nginx: { stableIngress: 'i' } } };

it('accepts a plain rollout', () => expect(validateSpec(rollout({}))).toEqual([]));

it.each<[Partial<RolloutSpec>, string]>([
  [{ selector: undefined }, "spec.selector: Required value: Rollout has missing field '.spec.selector'"],
  [{ selector: {} }, 'spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
  [
    { selector: { matchLabels: { app: 'other' } } },
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ],
  [{ template: { ...podTemplate('1'), spec: {} } }, 'spec.template.spec.containers: Required value'],
  [{ replicas: -1 }, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  [
    { progressDeadlineSeconds: 5, minReadySeconds: 5 },
    'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds',
  ],
  [
    { strategy: {} },
    "spec.strategy.strategy: Required value: Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'",
  ],
  [
    { strategy: { canary: {}, blueGreen: {} } },
    'spec.strategy.strategy: Invalid value: "blueGreen: true canary: true": Multiple Strategies can not be listed',
  ],
  [
    canary({ maxSurge: 0, maxUnavailable: 0 }),
    'spec.strategy.maxSurge: Invalid value: 0: MaxSurge and MaxUnavailable both can not be zero',
  ],
  [
    canary({ steps: [{ setWeight: 101 }] }),
    'spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100',
  ],
  [
    canary({ steps: [{ pause: { duration: 'soon' } }] }),
    'spec.strategy.steps[0].pause.duration: Invalid value: -1: Duration needs to be greater than 0',
  ],
  [
    canary({ steps: [{ setWeight: 1, pause: {} }] }),
    'spec.strategy.steps[0]: Invalid value: "step.Experiment: false step.Pause: true step.SetWeight: true step.Analysis: false": Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause',
  ],
  [
    canary({ steps: [{ setCanaryScale: { replicas: 1 } }] }),
    'spec.strategy.trafficRouting: Required value: SetCanaryScale requires TrafficRouting to be set',
  ],
  [
    canary({ canaryService: 'x', stableService: 'x' }),
    'spec.strategy.stableService: Invalid value: "x": This rollout uses the same service for the stable and canary services, but two different services are required.',
  ],
  [
    canary({ ...NGINX, stableService: '' }),
    'spec.strategy.stableService: Invalid value: "": Canary service and Stable service must to be set to use Traffic Routing',
  ],
  [
    canary({ scaleDownDelaySeconds: 1 }),
    'spec.strategy.scaleDownDelaySeconds: Invalid value: 1: Canary scaleDownDelaySeconds can only be used with traffic routing',
  ],
  [
    canary({ dynamicStableScale: true }),
    'spec.strategy.dynamicStableScale: Invalid value: true: Canary dynamicStableScale can only be used with traffic routing',
  ],
  [
    canary({ ...NGINX, dynamicStableScale: true, scaleDownDelaySeconds: 1 }),
    'spec.strategy.dynamicStableScale: Invalid value: true: Canary dynamicStableScale cannot be used with scaleDownDelaySeconds',
  ],
  [{ strategy: { blueGreen: { previewService: 'p' } } }, 'spec.strategy.blueGreen.activeService: Required value'],
  [
    canary({ pingPong: { pingService: 'a', pongService: 'b' } }),
    'spec.strategy.canary.pingPong: Forbidden: pingPong is not reproduced by this engine',
  ],
  [
    canary({ steps: [{ experiment: { templates: [{ name: 'a', specRef: 'older' }] } }] }),
    'spec.strategy.steps[0].experiment.templates[0].specRef: Invalid value: "older": Invalid template step SpecRef: must be canary or stable',
  ],
  [
    canary({ steps: [{ plugin: { name: 'acme/step' } }] }),
    'spec.strategy.canary.steps[0].plugin: Forbidden: the step plugin "acme/step" is not reproduced by this engine',
  ],
  [
    canary({ trafficRouting: { istio: {} } }),
    'spec.strategy.canary.trafficRouting.istio: Forbidden: the istio traffic router is not reproduced by this engine',
  ],
  [
    canary({ ...NGINX, steps: [{ setHeaderRoute: { name: 'h' } }] }),
    'spec.strategy.steps[0].setHeaderRoute: Invalid value: {"name":"h"}: SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix',
  ],
])('rollouts/§1.2 %o', (spec, first) => {
  expect(validateSpec(rollout(spec))[0]).toBe(first);
});

it.each([
  [{}, 'Neither are configured.'],
  [{ stableIngress: 'a', stableIngresses: ['b'] }, 'Both are configured.'],
])('rollouts/§1.2 nginx %o', (nginx, which) => {
  expect(validateNginxConfig({ trafficRouting: { nginx } })).toEqual([
    `spec.strategy.canary.trafficRouting.nginx: Internal error: Either StableIngress or StableIngresses must be configured. ${which}`,
  ]);
});

it.each([
  ["metadata.labels['app']", 'web'],
  ["metadata.annotations['rollout.argoproj.io/revision']", '1'],
  ['metadata.name', 'web'],
  ['spec.template.spec.containers[0].image', 'web:1'],
  ['status.pauseConditions[0].reason', 'CanaryPauseStep'],
])('rollouts/A22 %s is %s', (path, value) => {
  const status = { pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }] };
  expect(fieldValue({ ...rollout({}), status }, path)).toBe(value);
});

it.each([
  ["metadata.labels['app']", "invalid path metadata.labels['app'] in rollout"],
  ['spec.template.spec.containers[blah]', "invalid index 'blah'"],
  ['spec.template.spec.containers[12]', 'index 12 out of range'],
  ['spec.template', 'path spec.template in rollout must terminate in a primitive value'],
  ['spec.missing', 'invalid path spec.missing in rollout'],
])('rollouts/A23 %s: %s', (path, message) => {
  expect(() => valueInJson(rollout({}), path)).toThrow(message);
});
