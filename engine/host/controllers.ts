import type { Controller } from '#control/controller.ts';
import { analysisRunController } from '../stages/analysis/controller.ts';
import { experimentController } from '../stages/experiment/controller.ts';
import { applicationNotificationController } from '../stages/notification/application-controller.ts';
import { notificationDeliveryController } from '../stages/notification/delivery-controller.ts';
import { notificationRetentionController } from '../stages/notification/retention-controller.ts';
import { rolloutNotificationController } from '../stages/notification/rollout-controller.ts';
import { rolloutController } from '../stages/rollout/controller.ts';
import { rolloutServiceController } from '../stages/rollout/service-cleanup.ts';
import type { ApplicationConfig } from '../stages/sync/application/config.ts';
import { applicationController } from '../stages/sync/application/controller.ts';
import { applicationSetController } from '../stages/sync/application-set/controller.ts';
import { clusterDnsController } from '../stages/traffic/cluster-dns/controller.ts';
import { ingressController } from '../stages/traffic/ingress/controller.ts';
import { serviceProxyController } from '../stages/traffic/service-proxy/controller.ts';
import { workloadControllers } from '../workloads/controllers.ts';
import { kubeletController, sandboxCleanupController } from '../workloads/kubelet/controller.ts';
import { serviceMonitorController } from '../workloads/metrics/service-monitors.ts';

export interface ClusterConfig {
  /** First two octets of pod addresses. */
  podNetwork: string;
  /** The address Ingresses report: where the proxy listens. */
  ingressAddress: string;
  application: ApplicationConfig;
}

/** Every controller of the engine, in both hosts. The order is the order of the first look at a started world. */
export function allControllers(config: ClusterConfig): readonly Controller<never>[] {
  return [
    applicationSetController(),
    applicationController(config.application),
    rolloutController,
    rolloutServiceController,
    experimentController,
    analysisRunController,
    applicationNotificationController,
    rolloutNotificationController,
    notificationDeliveryController,
    notificationRetentionController,
    ingressController({ ingressClass: 'nginx', address: config.ingressAddress }),
    serviceProxyController,
    clusterDnsController,
    serviceMonitorController,
    ...workloadControllers,
    kubeletController({ podNetwork: config.podNetwork }),
    sandboxCleanupController,
  ] as unknown as readonly Controller<never>[];
}
