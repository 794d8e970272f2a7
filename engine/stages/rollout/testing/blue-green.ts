import type { BlueGreenStrategy, RolloutSpec } from '../types.ts';
import { createSurroundings, rolloutManifest, serviceManifest, singleMeasurement } from './manifests.ts';
import { ANALYSIS, reach } from './scenario.ts';
import { SimulatedWorld, type WorldOptions } from './simulated-world.ts';

export const SERVICES = { activeService: 'web-active', previewService: 'web-preview' } as const;

/** A blue-green rollout of 3 pods in a world that has its services and templates. */
export function blueGreenWorld(
  blueGreen: BlueGreenStrategy,
  spec: Partial<RolloutSpec> = {},
  options: WorldOptions = {},
): SimulatedWorld {
  const at = new SimulatedWorld(options);
  createSurroundings(at);
  at.create(singleMeasurement('failing', { successCondition: 'result[0] > 0' }));
  at.create(singleMeasurement('unsure', { successCondition: 'result[0] >= 0.9', failureCondition: 'result[0] < 0.9' }));
  for (const name of ['web-active', 'web-preview']) at.create(serviceManifest(name));
  at.create(rolloutManifest({}, { replicas: 3, strategy: { blueGreen }, ...spec }));
  return at;
}

export function blueGreenDeployed(
  blueGreen: BlueGreenStrategy,
  spec: Partial<RolloutSpec> = {},
  options: WorldOptions = {},
): SimulatedWorld {
  const at = blueGreenWorld(blueGreen, spec, options);
  reach(at, 'Healthy');
  at.run(60_000);
  return at;
}

export const GATE = ANALYSIS;

/** `desired/current/updated/ready/available`, as upstream's tests write it. */
export function counts({ rollout, status }: SimulatedWorld): string {
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  return [rollout.spec.replicas, replicas, updatedReplicas, readyReplicas, availableReplicas].join('/');
}

/** The revision a service selects: its ReplicaSet's. */
export function revisionBehind(at: SimulatedWorld, service: string): string | undefined {
  const hash = at.service(service)?.spec.selector?.['rollouts-pod-template-hash'];
  const rs = at.replicaSets.find(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] === hash);
  return rs?.metadata.annotations?.['rollout.argoproj.io/revision'];
}
