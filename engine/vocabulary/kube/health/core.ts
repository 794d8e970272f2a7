import type { KindMap } from '../kinds.ts';
import { type Health, health } from './status.ts';

export function claimHealth({ status }: KindMap['PersistentVolumeClaim']): Health {
  switch (status?.phase) {
    case 'Lost':
      return health('Degraded');
    case 'Pending':
      return health('Progressing');
    case 'Bound':
      return health('Healthy');
    default:
      return health('Unknown');
  }
}

export function serviceHealth({ spec, status }: KindMap['Service']): Health {
  const hasAddress = (status?.loadBalancer?.ingress ?? []).length > 0;
  return health(spec.type === 'LoadBalancer' && !hasAddress ? 'Progressing' : 'Healthy');
}

export function ingressHealth({ status }: KindMap['Ingress.networking.k8s.io']): Health {
  return health((status?.loadBalancer?.ingress ?? []).length > 0 ? 'Healthy' : 'Progressing');
}

export function jobHealth({ status }: KindMap['Job.batch']): Health {
  let result: Health | undefined;
  for (const { type, status: value, message } of status?.conditions ?? []) {
    if (type === 'Failed' && value === 'True') return health('Degraded', message);
    if (type === 'Suspended') result = health(value === 'True' ? 'Suspended' : 'Progressing', message);
    if (type === 'Complete' && value === 'True') result = health('Healthy', message);
  }
  return result ?? health('Progressing');
}

const DEGRADED_REASONS = [
  'FailedGetScale',
  'FailedUpdateScale',
  'FailedGetResourceMetric',
  'FailedGetContainerResourceMetric',
  'FailedGetPodsMetric',
  'FailedGetObjectMetric',
  'FailedGetExternalMetric',
  'FailedComputeMetricsReplicas',
  'InvalidSelector',
];

export function autoscalerHealth({ status }: KindMap['HorizontalPodAutoscaler.autoscaling']): Health {
  const conditions = status?.conditions ?? [];
  const failed = conditions.find(({ reason }) => DEGRADED_REASONS.includes(reason ?? ''));
  if (failed !== undefined) return health('Degraded', failed.message);
  const working = conditions.find(
    ({ type, status: value }) => (type === 'AbleToScale' || type === 'ScalingLimited') && value === 'True',
  );
  return working === undefined ? health('Progressing', 'Waiting to Autoscale') : health('Healthy', working.message);
}
