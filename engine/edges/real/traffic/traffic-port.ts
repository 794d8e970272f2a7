import type { Entropy } from '#core/entropy.ts';
import type { Ids } from '#core/ids.ts';
import type { TrafficPort } from '#edges/ports.ts';
import { IngressMetrics } from './ingress-metrics.ts';
import { IngressProxy } from './ingress-proxy.ts';
import { NameFiles } from './name-files.ts';
import { type ListenProblem, ServiceListeners } from './service-listeners.ts';

export interface RealTraffic extends TrafficPort {
  readonly ingress: IngressProxy;
  readonly metrics: IngressMetrics;
  readonly names: NameFiles;
  close(): Promise<void>;
}

/** The live host's data plane. The caller decides where the ingress listens. */
export function openTraffic(parts: {
  entropy: Entropy;
  ids: Ids;
  namesFolder: string;
  onProblem: (problem: ListenProblem) => void;
}): RealTraffic {
  const metrics = new IngressMetrics();
  const ingress = new IngressProxy({ entropy: parts.entropy, ids: parts.ids, metrics });
  const services = new ServiceListeners(parts.onProblem);
  const names = new NameFiles(parts.namesFolder);
  return {
    ingress,
    metrics,
    names,
    setTraffic: (table) => ingress.setTable(table),
    setServices: (table) => services.setTable(table),
    setNames: (table) => names.setTable(table),
    close: async () => {
      services.close();
      await ingress.close();
    },
  };
}
