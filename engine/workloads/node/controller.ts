import { CLUSTER_KEY, type Controller, trigger } from '#control/controller.ts';
import { Draft, type Plan } from '#control/plan.ts';
import { formatTime } from '#core/clock.ts';
import type { KindMap } from '#kube/kinds.ts';

/** The one node: this machine. */
export const NODE_NAME = 'pern-local';
export const KUBELET_VERSION = 'v1.35.0-pern';

interface NodeObservation {
  node: KindMap['Node'] | undefined;
}

/** Keeps one Ready node in the cluster. */
export const nodeController: Controller<NodeObservation> = {
  name: 'node-controller',
  root: undefined,
  triggers: [trigger('Node', (node) => (node.metadata.name === NODE_NAME ? [CLUSTER_KEY] : []))],
  observe: (_key, { objects }) => ({ node: objects.get('Node', undefined, NODE_NAME) }),
  plan: planNode,
};

function planNode({ node }: NodeObservation, nowMs: number): Plan {
  const draft = new Draft();
  if (node === undefined) draft.add({ effect: 'create', object: nodeObject() });
  if (node?.status?.conditions === undefined) {
    const target = { kind: 'Node', namespace: undefined, name: NODE_NAME };
    draft.add({ effect: 'patch', target, patch: { status: nodeStatus(formatTime(nowMs)) }, subresource: 'status' });
  }
  return draft.finish();
}

function nodeObject() {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: NODE_NAME,
      labels: {
        'kubernetes.io/hostname': NODE_NAME,
        'kubernetes.io/os': 'linux',
        'node-role.kubernetes.io/control-plane': '',
      },
    },
    spec: {},
  };
}

/** Capacity is left out: the engine does not schedule by it, and a plan cannot know the machine's. */
function nodeStatus(nowTime: string): Record<string, unknown> {
  return {
    addresses: [
      { type: 'InternalIP', address: '127.0.0.1' },
      { type: 'Hostname', address: NODE_NAME },
    ],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'pods run as processes of this machine',
        lastHeartbeatTime: nowTime,
        lastTransitionTime: nowTime,
      },
    ],
    nodeInfo: {
      architecture: '',
      bootID: '',
      containerRuntimeVersion: 'process://1',
      kernelVersion: '',
      kubeProxyVersion: '',
      kubeletVersion: KUBELET_VERSION,
      machineID: '',
      operatingSystem: 'linux',
      osImage: 'pern',
      systemUUID: '',
    },
  };
}
