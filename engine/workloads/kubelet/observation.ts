import type { Answers } from '#control/plan.ts';
import type { KindMap } from '#kube/kinds.ts';
import type { SandboxState } from '#machine/pods.ts';
import type { Pod } from './pod-types.ts';
import type { Referenced } from './references.ts';

/** Everything a plan for one pod is made of. */
export interface KubeletObservation {
  pod: Pod;
  sandbox: SandboxState | undefined;
  referenced: Referenced;
  /** Services of the pod's namespace, for service links. */
  services: readonly KindMap['Service'][];
  /** The address a new sandbox would get; undefined when the network is full. */
  podIp: string | undefined;
  hostIp: string;
  answers: Answers;
}
