import { deepEqual } from '#core/json.ts';
import { gatewayConfigOf, type RouteIntent } from './gateway-api.ts';
import { planHttpRoutes } from './gateway-routes.ts';
import { planIngressWeight } from './nginx.ts';
import { isAborted, type Pass, previousCanaryHash, setsOf, termsOf } from './pass.ts';
import { REASON } from './reasons.ts';
import { desiredCanaryWeight, isAtDesiredCounts, isThresholdMet } from './replica-counts.ts';
import { ensureServiceTargets } from './services.ts';
import { currentSetWeight, currentStep, setWeightBefore } from './steps.ts';
import {
  canaryOf,
  isFullyPromoted,
  maxTrafficWeight,
  replicasOf,
  type SetHeaderRoute,
  stepsOf,
  type TrafficWeights,
} from './types.ts';

/** Brings the routers to the weight this pass wants. Returns false when the pass cannot go on. */
export function planTraffic(pass: Pass): boolean {
  const routers = routersOf(pass);
  if (routers.length === 0) {
    pass.weights = undefined;
    return true;
  }
  const weight = desiredWeight(pass);
  const ready = stableCanTake(pass, weight);
  const intent = {
    weight: ready ? weight : undefined,
    removeManagedRoutes: removesManagedRoutes(pass),
    headerRoute: ready ? headerRouteNow(pass) : undefined,
  };
  for (const router of routers) {
    const problem = router(pass, intent);
    if (problem === undefined) continue;
    pass.draft.note('Warning', REASON.trafficRoutingError, problem);
    return false;
  }
  if (ready) recordWeights(pass, weight);
  return true;
}

/** Changes one router's objects; returns what stands in the way. */
type Router = (pass: Pass, intent: RouteIntent) => string | undefined;

/** The routers a rollout names, in upstream's order. */
function routersOf({ rollout }: Pass): Router[] {
  return [
    ...(canaryOf(rollout).trafficRouting?.nginx === undefined ? [] : [steerIngresses]),
    ...(gatewayConfigOf(rollout) === undefined ? [] : [planHttpRoutes]),
  ];
}

function steerIngresses(pass: Pass, { weight }: RouteIntent): string | undefined {
  return weight === undefined ? undefined : planIngressWeight(pass, weight);
}

/** Header routes stay only while the rollout goes through its steps with pods behind the canary service. */
function removesManagedRoutes(pass: Pass): boolean {
  if (previousCanaryHash(pass) !== undefined) return false;
  const hasCanary = pass.newRS !== undefined && pass.newRS.available > 0;
  return isFullyPromoted(pass.status) || isAborted(pass) || !hasCanary || pass.status.promoteFull === true;
}

/** The header route of the current step; the first revision has nothing to route. */
function headerRouteNow(pass: Pass): SetHeaderRoute | undefined {
  return pass.revision > 1 ? currentStep(termsOf(pass)).step?.setHeaderRoute : undefined;
}

/** rollouts §1.8: the first rule that fits. */
function desiredWeight(pass: Pass): number {
  const { status, newRS } = pass;
  const terms = termsOf(pass);
  const dynamic = canaryOf(terms).dynamicStableScale === true;
  if (previousCanaryHash(pass) !== undefined) return weightWhileReturning(pass);
  if (isFullyPromoted(status)) return 0;
  if (isAborted(pass)) {
    const weight = weightWhileReturning(pass);
    if (!dynamic || weight === 0) ensureServiceTargets(pass, canaryOf(terms).canaryService, pass.stableRS, false);
    return weight;
  }
  if (newRS === undefined || newRS.available === 0) return 0;
  if (status.promoteFull) {
    return dynamic
      ? Math.trunc((maxTrafficWeight(terms) * newRS.available) / replicasOf(terms))
      : (status.canary?.weights?.canary.weight ?? 0);
  }
  return stepWeight(pass);
}

function stepWeight(pass: Pass): number {
  const terms = termsOf(pass);
  const { index } = currentStep(terms);
  if (index === undefined) return 0;
  if (!isAtDesiredCounts(terms, setsOf(pass), undefined)) return setWeightBefore(terms, index);
  return index === stepsOf(terms).length ? maxTrafficWeight(terms) : currentSetWeight(terms);
}

/** The weight during an abort or a rollback to stable: 0 at once, or in the steps that stable's pods allow. */
function weightWhileReturning(pass: Pass): number {
  const { stableRS, newRS, status } = pass;
  const terms = termsOf(pass);
  const replicas = replicasOf(terms);
  if (!canaryOf(terms).dynamicStableScale || stableRS === undefined || newRS === undefined || replicas === 0) return 0;
  const max = maxTrafficWeight(terms);
  const wanted = desiredCanaryWeight(terms, newRS, stableRS);
  const stableShare = Math.trunc((max * stableRS.available) / replicas);
  const missing = Math.max(0, max - stableShare);
  const current = status.canary?.weights?.canary.weight;
  if (current === undefined) return Math.max(missing, wanted);
  if (wanted <= 0) return Math.min(missing, current);
  return stableShare < max - wanted ? current : Math.min(wanted, current);
}

/** The guard: stable must have the pods for its share before the router changes. */
function stableCanTake(pass: Pass, canaryWeight: number): boolean {
  const { stableRS } = pass;
  if (stableRS === undefined) return false;
  const terms = termsOf(pass);
  const max = maxTrafficWeight(terms);
  const needed = Math.trunc(((max - canaryWeight) * replicasOf(terms)) / max);
  return stableRS.available >= needed || isThresholdMet(canaryOf(terms).replicaProgressThreshold, stableRS, needed);
}

function recordWeights(pass: Pass, weight: number): void {
  const { canaryService, stableService } = canaryOf(pass.rollout);
  const previous = pass.status.canary?.weights;
  const canaryHash = previousCanaryHash(pass) ?? pass.newRS?.hash;
  const next: TrafficWeights = {
    canary: { weight, serviceName: canaryService, podTemplateHash: canaryHash },
    stable: {
      weight: maxTrafficWeight(pass.rollout) - weight,
      serviceName: stableService,
      podTemplateHash: pass.stableRS?.hash,
    },
  };
  // The plugin reports every weight as verified, nginx reports nothing.
  pass.weights = gatewayConfigOf(pass.rollout) === undefined ? next : { ...next, verified: true };
  const { verified: _verified, ...known } = previous ?? {};
  if (previous !== undefined && deepEqual(known, next)) return;
  const details =
    previous === undefined
      ? `to ${weight}`
      : previous.canary.weight !== weight
        ? `from ${previous.canary.weight} to ${weight}`
        : '';
  pass.draft.note('Normal', REASON.weightUpdated, `Traffic weight updated ${details}`);
}
