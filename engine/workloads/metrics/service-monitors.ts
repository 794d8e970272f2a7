import { type Controller, onAny } from '#control/controller.ts';
import { Draft, type Effect, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import { deepEqual } from '#core/json.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { Reader } from '#store/store.ts';
import { computeTargets, refusalOf } from './scrape-targets.ts';

type ServiceMonitor = KindMap['ServiceMonitor.monitoring.coreos.com'];

interface Observation {
  monitors: readonly ServiceMonitor[];
  objects: Reader;
}

/**
 * What the Prometheus operator does with ServiceMonitors: one table of targets. A monitor with a field that is not
 * reproduced is not scraped at all, and says so in `status.bindings` as the operator would.
 */
export const serviceMonitorController: Controller<Observation> = {
  name: 'service-monitors',
  root: undefined,
  triggers: [onAny('ServiceMonitor.monitoring.coreos.com'), onAny('Service'), onAny('EndpointSlice.discovery.k8s.io')],
  observe: (_key, { objects }) => ({ monitors: objects.list('ServiceMonitor.monitoring.coreos.com'), objects }),
  plan: ({ monitors, objects }, nowMs): Plan => {
    const draft = new Draft();
    const accepted = monitors.filter((monitor) => refusalOf(monitor) === undefined);
    draft.add({
      effect: 'setScrapes',
      table: { targets: accepted.flatMap((monitor) => computeTargets(monitor, objects)) },
    });
    return draft.add(...monitors.flatMap((monitor) => bindingEffects(monitor, nowMs))).finish();
  },
};

function bindingEffects(monitor: ServiceMonitor, nowMs: number): Effect[] {
  const refusal = refusalOf(monitor);
  const status = (monitor as { status?: { bindings?: { conditions?: { message?: string }[] }[] } }).status;
  const current = status?.bindings?.[0]?.conditions?.[0]?.message;
  if (refusal === current || (refusal === undefined && current === undefined)) return [];
  const { namespace, name, generation } = monitor.metadata;
  const binding = {
    group: 'monitoring.coreos.com',
    resource: 'prometheuses',
    namespace: 'monitoring',
    name: 'embedded',
    conditions: [
      {
        type: 'Accepted',
        status: refusal === undefined ? 'True' : 'False',
        ...(refusal === undefined ? {} : { reason: 'InvalidConfiguration', message: refusal }),
        lastTransitionTime: formatTime(nowMs),
        observedGeneration: generation,
      },
    ],
  };
  const next = { bindings: [binding] };
  if (deepEqual(status, next)) return [];
  return [
    {
      effect: 'patch',
      target: { kind: 'ServiceMonitor.monitoring.coreos.com', namespace, name },
      patch: { status: next },
      subresource: 'status',
    },
  ];
}
