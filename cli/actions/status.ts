import type { Api } from '../client/api.ts';
import { ObjectCache } from '../client/object-cache.ts';
import type { Invocation } from '../command.ts';
import { EXIT_CODES, type ExitCode } from '../errors.ts';
import { findEngine } from '../state-folder.ts';
import { overrideLines, waitingApproval } from '../view/approvals.ts';
import { type Line, plain, span } from '../view/lines.ts';
import { assessReadiness, SYSTEM_KINDS, type SystemObjects, systemLines } from '../view/system.ts';
import { inboxRemark } from './notifications.ts';
import { showLive } from './watch-view.ts';

export async function runStatus(invocation: Invocation): Promise<ExitCode> {
  const { session, options, terminal, now, signal } = invocation;
  const isElsewhere = options.text('kubeconfig') !== undefined || options.text('context') !== undefined;
  const engine = isElsewhere ? undefined : findEngine(session.stateFolder());
  if (!isElsewhere && engine === undefined) {
    terminal.line('stopped');
    terminal.note(`No engine runs for ${session.stateFolder()}. Next: pern up`);
    return EXIT_CODES.ok;
  }
  const cache = await systemCache(await session.api(), signal);
  const header: Line[] =
    engine === undefined
      ? []
      : [
          plain(
            `engine ${engine.version}, process ${engine.pid}, API port ${engine.apiPort}, ingress port ${engine.ingressPort}`,
          ),
          [],
        ];
  const draw = () => [...header, ...systemLines(systemObjects(cache), now())];
  if (options.flag('watch')) {
    await showLive({ ...invocation, cache, draw });
    return EXIT_CODES.ok;
  }
  terminal.lines(draw());
  const remark = await inboxRemark(await session.api());
  if (remark !== undefined) terminal.lines([[], remark]);
  const applications = cache.list('Application.argoproj.io');
  terminal.lines(overrideLines(applications));
  const { isReady, waiting } = assessReadiness(cache.list('Application.argoproj.io'), [], cache.list('Pod'));
  const [waitsFor] = applications.flatMap((application) => waitingApproval(application, applications) ?? []);
  if (isReady && waitsFor !== undefined) {
    terminal.note([
      span(`${waitsFor.environment} waits for approval.`, 'warn'),
      span(` Next: pern approve ${waitsFor.environment}`),
    ]);
  } else if (isReady)
    terminal.note([span('All is Synced and Healthy.', 'ok'), span(' Next: pern release backend VERSION -w')]);
  else terminal.note(`Next: pern app get ${waiting[0]?.metadata.name ?? 'NAME'}`);
  return EXIT_CODES.ok;
}

/** A started cache of everything that the one-screen view shows. */
export async function systemCache(api: Api, signal: AbortSignal, more: readonly string[] = []): Promise<ObjectCache> {
  const cache = new ObjectCache(
    api,
    [...SYSTEM_KINDS, ...more].map((kind) => ({ kind })),
  );
  await cache.start(signal);
  return cache;
}

export function systemObjects(cache: ObjectCache): SystemObjects {
  return {
    applications: cache.list('Application.argoproj.io'),
    rollouts: cache.list('Rollout.argoproj.io'),
    statefulSets: cache.list('StatefulSet.apps'),
    deployments: cache.list('Deployment.apps'),
    replicaSets: cache.list('ReplicaSet.apps'),
    jobs: cache.list('Job.batch'),
    pods: cache.list('Pod'),
    analysisRuns: cache.list('AnalysisRun.argoproj.io'),
  };
}
