import { findCondition } from '../conditions.ts';
import type { KindMap } from '../kinds.ts';
import { type Health, health } from './status.ts';

type Pod = KindMap['Pod'];
type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

const IGNORE_RESTART_POLICY = 'argocd.argoproj.io/ignore-restart-policy';
const HOOK = 'argocd.argoproj.io/hook';

export function podHealth(pod: Pod): Health {
  const { status, spec, metadata } = pod;
  const isHook = metadata.annotations?.[HOOK] !== undefined;
  const ignoresPolicy = metadata.annotations?.[IGNORE_RESTART_POLICY] === 'true' && !isHook;
  const isAlways = (spec.restartPolicy ?? 'Always') === 'Always' || ignoresPolicy;
  const trouble = isAlways ? waitingTrouble(pod) : [];
  if (trouble.length > 0) return health('Degraded', trouble.join(', '));
  switch (status?.phase) {
    case 'Pending':
      return health('Progressing', status.message);
    case 'Succeeded':
      return health('Healthy', status.message);
    case 'Failed':
      return health('Degraded', failureMessage(pod));
    case 'Running':
      return isAlways ? runningHealth(pod) : health('Progressing', status.message);
    default:
      return health('Unknown', status?.message);
  }
}

function containersOf({ status }: Pod): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** Containers that wait for a reason that will not pass by itself: errors and back-offs. */
function waitingTrouble(pod: Pod): string[] {
  return containersOf(pod).flatMap(({ state }) => {
    const { reason = '', message = '' } = state?.waiting ?? {};
    const isTrouble = reason.startsWith('Err') || reason.endsWith('Error') || reason.endsWith('BackOff');
    return isTrouble ? [message === '' ? reason : message] : [];
  });
}

/** The pod's own message, else that of the container that failed. */
function failureMessage(pod: Pod): string {
  if (pod.status?.message) return pod.status.message;
  for (const { name, state } of containersOf(pod)) {
    const ended = state?.terminated;
    if (ended === undefined || (ended.exitCode === 0 && ended.reason !== 'OOMKilled')) continue;
    return (
      ended.message ||
      (ended.reason === 'OOMKilled' ? 'OOMKilled' : `container "${name}" failed with exit code ${ended.exitCode}`)
    );
  }
  return '';
}

function runningHealth(pod: Pod): Health {
  if (findCondition(pod.status?.conditions, 'Ready')?.status === 'True') return health('Healthy', pod.status?.message);
  const restarted = (pod.status?.containerStatuses ?? []).some(({ lastState }) => lastState?.terminated !== undefined);
  return health(restarted ? 'Degraded' : 'Progressing', pod.status?.message);
}
