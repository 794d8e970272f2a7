import { blueGreenOf, canaryOf, type Rollout } from './types.ts';

const SUFFIX = '-canary';
const NAME_MAX = 253;

/** `<rollout>-<stable ingress>-canary`, cut so that it stays a valid name. */
export function canaryIngressName(rolloutName: string, stableIngressName: string): string {
  return `${`${rolloutName}-${stableIngressName}`.slice(0, NAME_MAX - SUFFIX.length)}${SUFFIX}`;
}

/** The Services a rollout names. */
export function serviceNames(rollout: Rollout): string[] {
  const { stableService = '', canaryService = '', pingPong } = canaryOf(rollout);
  const { activeService = '', previewService = '' } = blueGreenOf(rollout) ?? {};
  const { pingService = '', pongService = '' } = pingPong ?? {};
  const names = [stableService, canaryService, pingService, pongService, activeService, previewService];
  return names.filter((name) => name !== '');
}

/** The stable Ingresses a rollout names, each followed by its canary Ingress. */
export function ingressNames(rollout: Rollout): string[] {
  return stableIngressNames(rollout).flatMap((name) => [name, canaryIngressName(rollout.metadata.name, name)]);
}

export function stableIngressNames(rollout: Rollout): string[] {
  const nginx = canaryOf(rollout).trafficRouting?.nginx;
  if (nginx === undefined) return [];
  return nginx.stableIngresses !== undefined
    ? [...nginx.stableIngresses]
    : nginx.stableIngress
      ? [nginx.stableIngress]
      : [];
}
