import type { Controller } from '#control/controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { endpointSliceController } from './endpointslice/controller.ts';
import { externalSecretController } from './external-secret/controller.ts';
import { garbageCollector } from './garbage-collector/controller.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts';
import { jobController, jobPodReleaseController } from './job/controller.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeController } from './node/controller.ts';
import { persistentVolumeClaimController } from './persistent-volume-claim/controller.ts';
import { podDisruptionBudgetController } from './pod-disruption-budget/controller.ts';
import { replicaSetController } from './replicaset/controller.ts';
import { resourceQuotaController } from './resource-quota/controller.ts';
import { schedulerController } from './scheduler/controller.ts';
import { statefulSetController } from './statefulset/controller.ts';

/** Everything a cluster brings along for workloads, apart from the kubelet. */
export const workloadControllers: readonly Controller<never>[] = [
  nodeController,
  namespaceController,
  garbageCollector,
  schedulerController,
  persistentVolumeClaimController,
  externalSecretController,
  replicaSetController,
  deploymentController,
  statefulSetController,
  jobController,
  jobPodReleaseController,
  endpointSliceController,
  podDisruptionBudgetController,
  horizontalPodAutoscalerController,
  resourceQuotaController,
] as readonly Controller[] as readonly Controller<never>[];
