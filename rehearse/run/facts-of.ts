import { parseTime } from '../../engine/vocabulary/core/clock.ts';
import type { Scenario } from '../scenario/types.ts';
import type { ComponentFacts, EnvironmentFacts, Facts, NotificationFact } from './facts.ts';
import type { World } from './installation.ts';
import type { Recorder } from './recorder.ts';

/** Everything that was recorded, put in order. */
export function factsOf(
  scenario: Scenario,
  world: World,
  recorder: Recorder,
  notModelled: readonly string[],
): Omit<Facts, 'checks' | 'isSettled'> {
  const { simulation } = world;
  const { name, description, file, seed } = scenario;
  const sinceStart = ({ atMs }: { atMs: number }) => atMs >= scenario.startMs;
  return {
    scenario: { name, ...(description === undefined ? {} : { description }), file, seed },
    startMs: scenario.startMs,
    endMs: simulation.time.now(),
    steps: simulation.time.steps,
    timeline: recorder.timeline.filter(sinceStart),
    releases: recorder.releases,
    components: componentFacts(world, recorder),
    analyses: recorder.analyses.facts(),
    notifications: notificationFacts(world).filter(sinceStart),
    decisions: recorder.decisions,
    environments: world.environments.map((environment) => environmentFacts(world, recorder, environment)),
    notModelled,
  };
}

function componentFacts({ environments, simulation }: World, recorder: Recorder): ComponentFacts[] {
  return environments.flatMap((environment) =>
    environment.components.map(({ name }): ComponentFacts => {
      const rollout = simulation.engine.store.get('Rollout.argoproj.io', environment.namespace, name);
      const replicas = rollout?.spec?.replicas ?? 1;
      const counted = recorder.pods.of(environment.name, name);
      const versions = recorder.samples.get(`${environment.name}/${name}`) ?? new Map();
      const availableWanted = recorder.pods.availableWanted(environment.namespace, name, replicas);
      return {
        environment: environment.name,
        component: name,
        versions: [...versions].map(([version, samples]) => ({ version, ...totals(samples), samples })),
        pods: counted?.samples ?? [],
        podsPeak: counted?.peak ?? 0,
        readyLeast: counted === undefined || counted.readyLeast === Number.POSITIVE_INFINITY ? 0 : counted.readyLeast,
        replicas,
        ...(availableWanted === undefined ? {} : { availableWanted }),
        restarts: counted?.restarts ?? 0,
      };
    }),
  );
}

function totals(samples: readonly { atMs: number; requestsPerSecond: number; errorRate: number }[]) {
  let [requests, wrongAnswers] = [0, 0];
  samples.forEach(({ atMs, requestsPerSecond, errorRate }, index) => {
    const before = samples[index - 1]?.atMs ?? atMs;
    requests += (requestsPerSecond * (atMs - before)) / 1000;
    wrongAnswers += (requestsPerSecond * errorRate * (atMs - before)) / 1000;
  });
  return { requests, wrongAnswers };
}

function environmentFacts(
  { simulation }: World,
  recorder: Recorder,
  environment: World['environments'][number],
): EnvironmentFacts {
  const application = simulation.engine.store
    .list('Application.argoproj.io')
    .find(({ metadata }) => metadata?.name === environment.application);
  const { status } = application ?? {};
  const [condition] = status?.conditions ?? [];
  const operation = status?.operationState;
  const message = condition?.message ?? (operation?.phase === 'Succeeded' ? undefined : operation?.message);
  const podsQuota = recorder.pods.quotaOf(environment.namespace);
  return {
    environment: environment.name,
    application: environment.application,
    namespace: environment.namespace,
    unanswered: simulation.traffic.unansweredByNamespace.get(environment.namespace) ?? 0,
    sync: status?.sync?.status ?? 'Unknown',
    health: status?.health?.status ?? 'Unknown',
    ...(message === undefined ? {} : { message }),
    podsPeak: recorder.pods.peakOf(environment.name),
    ...(podsQuota === undefined ? {} : { podsQuota }),
  };
}

/** What was sent, and what waits because its service is not configured: a team wants to see both. */
function notificationFacts({ simulation }: World): NotificationFact[] {
  const sent = simulation.notifications.deliveries.map(({ atMs, delivery, failure }) => ({
    atMs,
    service: delivery.service.name,
    recipient: delivery.recipient,
    text: textOf(delivery.message),
    ...(failure === undefined ? {} : { failure }),
  }));
  const kept = simulation.engine.store.list('Notification.pern-gitops.dev' as never) as unknown as {
    metadata: { creationTimestamp?: string };
    spec?: { service?: string; recipient?: string; message?: Record<string, unknown> };
  }[];
  const waiting = kept
    .map(({ metadata, spec }) => ({
      atMs: parseTime(metadata.creationTimestamp) ?? 0,
      service: spec?.service ?? '',
      recipient: spec?.recipient ?? '',
      text: textOf(spec?.message ?? {}),
    }))
    .filter(
      (one) =>
        !sent.some(
          ({ service, recipient, text }) => service === one.service && recipient === one.recipient && text === one.text,
        ),
    );
  return [...sent, ...waiting].sort((a, b) => a.atMs - b.atMs);
}

function textOf(message: Record<string, unknown>): string {
  if (typeof message.message === 'string' && message.message !== '') return message.message;
  return JSON.stringify(message);
}
