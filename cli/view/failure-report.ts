import { applicationState } from './application-text.ts';
import { type Application, environmentName } from './environments.ts';
import { eventTableLines, eventTimeMs, type KubeEvent } from './events-text.ts';
import { stateSpan } from './icons.ts';
import { indented, type Line, plain, span } from './lines.ts';
import { isPodReady, type Pod, podStatus, podTrouble } from './pods.ts';

export interface FailureObjects {
  waiting: readonly Application[];
  pods: readonly Pod[];
  events: readonly KubeEvent[];
}

export interface FailureEntry {
  lines: Line[];
  /** Pods whose last log lines say more. */
  podsWithLogs: { namespace: string; name: string }[];
}

const EVENTS_SHOWN = 5;
const LOGS_SHOWN = 3;

/** Why each application is not Synced and Healthy: conditions, operation, resources, pods, last warnings. */
export function failureLines({ waiting, pods, events }: FailureObjects, nowMs: number): FailureEntry[] {
  return waiting.map((application) => {
    const namespace = application.spec.destination?.namespace;
    const isInside = ({ metadata }: { metadata: { namespace?: string } }) => metadata.namespace === namespace;
    const isEnvironment = environmentName(application) !== undefined;
    const unready = isEnvironment ? pods.filter((pod) => isInside(pod) && !isDone(pod) && !isPodReady(pod)) : [];
    const warnings = events
      .filter((event) => isEnvironment && isInside(event) && event.type === 'Warning')
      .toSorted((a, b) => eventTimeMs(b) - eventTimeMs(a))
      .slice(0, EVENTS_SHOWN);
    return {
      lines: [
        ...applicationLines(application),
        ...unready.map((pod) => [
          span('  '),
          stateSpan(podStatus(pod)),
          span(` pod ${pod.metadata.name}: ${podTrouble(pod) ?? 'no reason given'}`),
        ]),
        ...indented(eventTableLines(warnings, nowMs)),
      ],
      podsWithLogs: unready
        .slice(0, LOGS_SHOWN)
        .map(({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name })),
    };
  });
}

function isDone({ status }: Pod): boolean {
  return status?.phase === 'Succeeded';
}

function applicationLines(application: Application): Line[] {
  const { sync, health } = applicationState(application);
  const { status } = application;
  const operation = status?.operationState;
  const resources = (status?.resources ?? []).filter((resource) => {
    const state = resource.health?.status;
    return (state !== undefined && state !== 'Healthy') || resource.status === 'OutOfSync';
  });
  return [
    [span(`${application.metadata.name}: `, 'strong'), stateSpan(sync), span('  '), stateSpan(health)],
    ...(status?.conditions ?? []).map(({ type, message }) => plain(`  ${type}: ${message}`)),
    ...(operation === undefined || operation.phase === 'Succeeded'
      ? []
      : [plain(`  sync ${operation.phase}: ${operation.message ?? ''}`)]),
    ...resources.map((resource) => [
      span('  '),
      stateSpan(resource.health?.status ?? resource.status ?? 'Unknown'),
      span(
        ` ${resource.kind}/${resource.name}: ${(resource.health as { message?: string } | undefined)?.message ?? resource.status ?? ''}`,
      ),
    ]),
  ];
}
