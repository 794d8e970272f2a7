import { ageOf, listOf, type Members, mapOf, numberOf, textOf } from './cells.ts';

export interface PodSummary {
  ready: string;
  status: string;
  restarts: string;
}

/** The Ready, Status and Restarts cells of a pod (kubernetes-api.md §8.2). */
export function summarizePod(pod: Members, nowMs: number): PodSummary {
  const [metadata, spec, status] = [mapOf(pod.metadata), mapOf(pod.spec), mapOf(pod.status)];
  const initReason = initStatus(spec, status);
  const containers = listOf(status.containerStatuses);
  const counted = initReason === undefined ? containers : listOf(status.initContainerStatuses);
  const total = listOf(spec.containers).length;
  const readyCount = containers.filter((item) => item.ready === true).length;
  let reason = initReason ?? containersStatus(textOf(status.reason ?? status.phase, 'Pending'), containers, status);
  if (metadata.deletionTimestamp !== undefined) reason = status.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
  return { ready: `${readyCount}/${total}`, status: reason, restarts: restartsText(counted, nowMs) };
}

function restartsText(statuses: readonly Members[], nowMs: number): string {
  const count = statuses.reduce((sum, item) => sum + numberOf(item.restartCount), 0);
  const times = statuses
    .map((item) => mapOf(mapOf(item.lastState).terminated).finishedAt)
    .filter((time): time is string => typeof time === 'string')
    .sort();
  const last = times.at(-1);
  return count > 0 && last !== undefined ? `${count} (${ageOf(last, nowMs)} ago)` : String(count);
}

/** `Init:…` while an init container has not finished, else undefined. */
function initStatus(spec: Members, status: Members): string | undefined {
  const statuses = listOf(status.initContainerStatuses);
  const sidecars = new Set(
    listOf(spec.initContainers)
      .filter((item) => item.restartPolicy === 'Always')
      .map((item) => item.name),
  );
  const total = listOf(spec.initContainers).length;
  for (const [index, item] of statuses.entries()) {
    const state = mapOf(item.state);
    const terminated = mapOf(state.terminated);
    if (state.terminated !== undefined && terminated.exitCode === 0) continue;
    if (sidecars.has(item.name) && item.started === true) continue;
    if (state.terminated !== undefined) return `Init:${endText(terminated)}`;
    const waiting = textOf(mapOf(state.waiting).reason, '');
    return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`;
  }
  return undefined;
}

function containersStatus(phase: string, containers: readonly Members[], status: Members): string {
  let reason = phase;
  let hasRunning = false;
  for (const item of [...containers].reverse()) {
    const state = mapOf(item.state);
    const waiting = textOf(mapOf(state.waiting).reason, '');
    if (waiting !== '') reason = waiting;
    else if (state.terminated !== undefined) reason = endText(mapOf(state.terminated));
    else if (item.ready === true && state.running !== undefined) hasRunning = true;
  }
  if (reason !== 'Completed' || !hasRunning) return reason;
  const ready = listOf(status.conditions).find((condition) => condition.type === 'Ready');
  return ready?.status === 'True' ? 'Running' : 'NotReady';
}

function endText(terminated: Members): string {
  const reason = textOf(terminated.reason, '');
  if (reason !== '') return reason;
  const signal = numberOf(terminated.signal);
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${numberOf(terminated.exitCode)}`;
}
