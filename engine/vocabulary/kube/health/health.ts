import { kindIdOf } from '../kinds.ts';
import { isDeleting, type KubeObject } from '../object.ts';
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from './apps.ts';
import {
  analysisRunHealth,
  applicationHealth,
  applicationSetHealth,
  experimentHealth,
  externalSecretHealth,
  rolloutHealth,
} from './argo.ts';
import { autoscalerHealth, claimHealth, ingressHealth, jobHealth, serviceHealth } from './core.ts';
import { gatewayClassHealth, gatewayHealth, httpRouteHealth } from './gateway.ts';
import { podHealth } from './pod.ts';
import { type Health, health } from './status.ts';

const HOOK_FINALIZER = 'argocd.argoproj.io/hook-finalizer';

const CHECKS: ReadonlyMap<string, (object: never) => Health> = new Map<string, (object: never) => Health>([
  ['Deployment.apps', deploymentHealth],
  ['StatefulSet.apps', statefulSetHealth],
  ['DaemonSet.apps', daemonSetHealth],
  ['ReplicaSet.apps', replicaSetHealth],
  ['Pod', podHealth],
  ['PersistentVolumeClaim', claimHealth],
  ['Service', serviceHealth],
  ['Ingress.networking.k8s.io', ingressHealth],
  ['Job.batch', jobHealth],
  ['HorizontalPodAutoscaler.autoscaling', autoscalerHealth],
  ['Rollout.argoproj.io', rolloutHealth],
  ['AnalysisRun.argoproj.io', analysisRunHealth],
  ['Experiment.argoproj.io', experimentHealth],
  ['ApplicationSet.argoproj.io', applicationSetHealth],
  ['Application.argoproj.io', applicationHealth],
  ['ExternalSecret.external-secrets.io', externalSecretHealth],
  ['Gateway.gateway.networking.k8s.io', gatewayHealth],
  ['GatewayClass.gateway.networking.k8s.io', gatewayClassHealth],
  ['HTTPRoute.gateway.networking.k8s.io', httpRouteHealth],
]);

/**
 * How well an object does, as Argo CD's built-in checks judge it (argo-cd.md §3.10); undefined for kinds that have no check and
 * so do not count. An object that is being deleted is Progressing whatever its kind.
 */
export function assessHealth(object: KubeObject): Health | undefined {
  const isHeldHook = object.metadata.finalizers?.includes(HOOK_FINALIZER) === true;
  if (isDeleting(object) && !isHeldHook) return health('Progressing', 'Pending deletion');
  return CHECKS.get(kindIdOf(object))?.(object as never);
}

/** Whether `assessHealth` has a rule for this kind. */
export function hasHealthCheck(object: { apiVersion: string; kind: string }): boolean {
  return CHECKS.has(kindIdOf(object));
}
