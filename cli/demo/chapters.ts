import { getGlobalDispatcher, request } from 'undici';
import { LoadGenerator, type Observation, summarise } from '../load/load-generator.ts';
import { signUp } from '../load/sign-up.ts';
import { environmentName } from '../view/environments.ts';
import { assessReadiness } from '../view/system.ts';
import type { Stage } from './stage.ts';
import type { Timeline } from './timeline.ts';
import { isPromoted, Watcher, type WeightChange } from './watcher.ts';

/** What every chapter works with. */
export interface Scene {
  stage: Stage;
  timeline: Timeline;
  requestsPerSecond: number;
  now: () => number;
  signal: AbortSignal;
}

const ENVIRONMENT = 'development';
const NAMESPACE = `pern-app-${ENVIRONMENT}`;
const HOST = `${NAMESPACE}.localhost`;
const WEIGHTS = [5, 10, 25, 50, 75, 100];
const RELEASE_MS_MAX = 180_000;
/** Requests already under way when a weight changes still go where the old weight sent them. */
const SETTLE_MS = 300;

export async function deployEverything(scene: Scene): Promise<Watcher> {
  const { stage, timeline, now, signal } = scene;
  timeline.chapter('1. From git to three environments');
  timeline.command('pern up');
  const startMs = now();
  await stage.start(signal);
  const watcher = await openWatcher(scene);
  const isReady = () =>
    assessReadiness(watcher.cache.list('Application.argoproj.io'), [], watcher.cache.list('Pod')).isReady;
  await watcher.until('three environments', isReady, 120_000);
  const names = watcher.cache.list('Application.argoproj.io').flatMap((app) => environmentName(app) ?? []);
  timeline.check(
    'development, staging and production are Synced and Healthy',
    names.length === 3,
    `${((now() - startMs) / 1000).toFixed(1)} s`,
  );
  for (const name of names) await useEnvironment(scene, name);
  return watcher;
}

export function openWatcher({ stage, now, signal }: Scene): Promise<Watcher> {
  return stage.api().then((api) => Watcher.open(api, { namespace: NAMESPACE, component: 'backend' }, now, signal));
}

/** Writes an article through the ingress and reads it back: front door to database and back. */
async function useEnvironment({ stage, timeline }: Scene, environment: string): Promise<void> {
  const host = `pern-app-${environment}.localhost`;
  const token = await signUp(getGlobalDispatcher(), host, stage.origin);
  const headers = { host, 'content-type': 'application/json', authorization: `Token ${token}` };
  const text = `Written in ${environment}.`;
  const body = JSON.stringify({ article: { title: 'Demo', description: text, body: text } });
  const written = await request(`${stage.origin}/api/articles`, { method: 'POST', headers, body });
  const { article } = (await written.body.json()) as { article?: { slug: string; body: string } };
  const read = await request(`${stage.origin}/api/articles/${article?.slug}`, { headers });
  const answer = (await read.body.json()) as { article?: { body: string } };
  const page = await request(`${stage.origin}/`, { headers });
  await page.body.dump();
  const ok = answer.article?.body === `Written in ${environment}.` && page.statusCode === 200;
  timeline.check(`${environment} reads and writes PostgreSQL, and serves its page`, ok, `http://${headers.host}`);
}

/** A release that is as good as it should be: promoted by its metrics, and nobody notices. */
export async function goodRelease(scene: Scene, watcher: Watcher, version: string): Promise<void> {
  const { timeline, now } = scene;
  timeline.chapter('2. A good release, promoted by its metrics');
  const load = startLoad(scene);
  const fromMs = now();
  watcher.weights.length = 0;
  await release(scene, 'backend', version);
  await watcher.until(
    `backend ${version} to be promoted`,
    reporting(timeline, watcher, () => isPromoted(watcher.rollout(), version)),
    RELEASE_MS_MAX,
  );
  timeline.event('promoted');
  const promotedMs = now();
  const seen = watcher.weights.map(({ weight }) => weight).filter((weight) => weight > 0);
  timeline.check('the canary took its weights in order', String(seen) === String(WEIGHTS), seen.join(' → '));
  const observations = await load.stop();
  checkShares(timeline, [...watcher.weights, { atMs: promotedMs, weight: 0 }], observations, version);
  const summary = summarise(observations.filter(({ atMs }) => atMs >= fromMs));
  timeline.check(
    'not one request failed',
    summary.failed === 0,
    `${summary.requests} requests, ${summary.failed} failed`,
  );
}

/** A release that answers a fifth of its requests with 500: aborted, and few users notice. */
export async function badRelease(scene: Scene, watcher: Watcher, version: string): Promise<void> {
  const { timeline, now } = scene;
  timeline.chapter('3. A bad release, rolled back under live traffic');
  const load = startLoad(scene);
  watcher.weights.length = 0;
  await release(scene, 'backend', version, 'error-rate=0.2');
  let verdictMs = 0;
  let backMs = 0;
  const isBack = () => {
    if (
      verdictMs === 0 &&
      watcher.failedRuns().some((run) => run.metadata.name.includes(watcher.rollout()?.status?.currentPodHash ?? '-'))
    )
      verdictMs = now();
    if (verdictMs > 0 && backMs === 0 && watcher.weight === 0) backMs = now();
    return backMs > 0 && watcher.rollout()?.status?.phase === 'Degraded';
  };
  await watcher.until(`backend ${version} to be aborted`, reporting(timeline, watcher, isBack), RELEASE_MS_MAX);
  timeline.event('aborted');
  explainAbort(timeline, watcher);
  const highest = Math.max(...watcher.weights.map(({ weight }) => weight));
  // A second of traffic after the abort shows whether anybody still reaches the bad version.
  await watcher.until('traffic after the abort', () => now() > backMs + 2000, 5000);
  const observations = await load.stop();
  const bad = observations.filter((observation) => observation.version === version);
  const lastMs = Math.max(0, ...bad.map(({ atMs }) => atMs));
  timeline.check(
    'traffic was back on stable within 1 s of the verdict',
    lastMs - verdictMs < 1000 && backMs - verdictMs < 1000,
    `weight 0 after ${backMs - verdictMs} ms`,
  );
  const summary = summarise(observations);
  const elsewhere = summary.failed - (summary.byVersion[version]?.failed ?? 0);
  timeline.check(
    'only the canary’s share of users saw errors',
    elsewhere === 0 && summary.failed <= bad.length,
    `${summary.failed} of ${summary.requests} requests, at a weight of ${highest} %`,
  );
}

/** What the abort says of itself: the metric, its query, the value and the condition. */
function explainAbort(timeline: Timeline, watcher: Watcher): void {
  const run = watcher.failedRuns().at(-1);
  const result = run?.status?.metricResults?.find(({ phase }) => phase === 'Failed');
  const metric = run?.spec.metrics?.find(({ name }) => name === result?.name);
  const measurement = result?.measurements?.findLast(({ phase }) => phase === 'Failed');
  const query = (measurement?.metadata?.ResolvedPrometheusQuery ?? metric?.provider.prometheus?.query ?? '')
    .replace(/\s+/g, ' ')
    .trim();
  timeline.event(`${result?.name}: ${measurement?.value} is not ${metric?.successCondition}`);
  timeline.event(query);
  const message = watcher.rollout()?.status?.message ?? '';
  const says = message.includes(result?.name ?? '-') && measurement?.value !== undefined && query !== '';
  timeline.check('the rollout says why: metric, value, condition, query', says, message);
}

/** The bad commit is taken back the way everything is done here: by a commit. */
export async function revertRelease(scene: Scene, watcher: Watcher, version: string): Promise<void> {
  const { stage, timeline } = scene;
  timeline.chapter('4. Back to the good version, by a commit');
  timeline.command('git revert --no-edit HEAD');
  stage.revert();
  await watcher.until(
    `backend ${version} to be Healthy again`,
    () => isPromoted(watcher.rollout(), version),
    RELEASE_MS_MAX,
  );
  timeline.check(`backend ${version} is Healthy, and the environment is Synced`, true);
}

/** The engine dies in the middle of a canary, and what it ran goes on. */
export async function killEngine(
  scene: Scene,
  watcher: Watcher,
  version: string,
  signal: AbortController,
): Promise<Watcher> {
  const { stage, timeline, now } = scene;
  timeline.chapter('6. kill -9 in the middle of a canary');
  watcher.weights.length = 0;
  await release(scene, 'backend', version);
  await watcher.until(
    'weight 25',
    reporting(timeline, watcher, () => position(watcher).weight === 25),
    RELEASE_MS_MAX,
  );
  const before = position(watcher);
  timeline.command(`kill -9 ${stage.engine?.pid}`);
  await stage.kill();
  signal.abort();
  timeline.command('pern up');
  const startMs = now();
  await stage.start(scene.signal);
  const next = await openWatcher(scene);
  await next.until('the rollout', () => next.rollout() !== undefined, 30_000);
  const after = position(next);
  const same = before.weight === after.weight && after.step >= before.step && after.step - before.step <= 2;
  timeline.check(
    'the rollout is where it was',
    same,
    `step ${before.step} at ${before.weight} % → step ${after.step} at ${after.weight} %, ${((now() - startMs) / 1000).toFixed(1)} s later`,
  );
  const kept = Object.entries(before.pods).every(([name, started]) => after.pods[name] === started);
  timeline.check(
    'no pod was restarted or doubled',
    kept && Object.keys(after.pods).length === Object.keys(before.pods).length,
    `${Object.keys(after.pods).length} pods adopted`,
  );
  await next.until(
    `backend ${version} to be promoted`,
    reporting(timeline, next, () => isPromoted(next.rollout(), version)),
    RELEASE_MS_MAX,
  );
  timeline.check('and goes on to its end', true, `backend ${version} promoted`);
  return next;
}

function position(watcher: Watcher): { step: number; weight: number; pods: Record<string, string> } {
  const status = watcher.rollout()?.status;
  const weight = (status?.canary?.weights as { canary?: { weight?: number } } | undefined)?.canary?.weight ?? 0;
  return { step: status?.currentStepIndex ?? 0, weight, pods: watcher.podStarts() };
}

function startLoad({ stage, requestsPerSecond, timeline }: Scene): LoadGenerator {
  const load = new LoadGenerator({ target: { origin: stage.origin, host: HOST }, requestsPerSecond });
  timeline.event(`${requestsPerSecond} requests a second to http://${HOST}`);
  load.start();
  return load;
}

async function release({ stage, timeline }: Scene, component: string, version: string, fault?: string): Promise<void> {
  const words = ['release', component, version, ...(fault === undefined ? [] : ['--fault', fault])];
  timeline.command(`pern ${words.join(' ')}`);
  timeline.event((await stage.pern(...words)).trim());
}

/** `done`, which also prints each new weight as it comes. */
function reporting(timeline: Timeline, watcher: Watcher, done: () => boolean): () => boolean {
  let printed = watcher.weights.length;
  return () => {
    for (; printed < watcher.weights.length; printed++)
      timeline.event(`canary weight ${watcher.weights[printed]?.weight} %`);
    return done();
  };
}

/** The share of answers that came from the new version while each weight held, against the weight. */
function checkShares(
  timeline: Timeline,
  weights: readonly WeightChange[],
  observations: readonly Observation[],
  version: string,
): void {
  const shares: string[] = [];
  let ok = true;
  weights.forEach(({ atMs, weight }, index) => {
    const endMs = weights[index + 1]?.atMs;
    if (weight === 0 || endMs === undefined) return;
    const answers = observations.filter(
      (observation) => observation.atMs >= atMs + SETTLE_MS && observation.atMs < endMs,
    );
    const share = (answers.filter((answer) => answer.version === version).length / Math.max(answers.length, 1)) * 100;
    shares.push(`${share.toFixed(1)} at ${weight}`);
    if (Math.abs(share - weight) > 3) ok = false;
  });
  timeline.check(
    'users reached it as the weights said, within 3 points',
    ok && shares.length === WEIGHTS.length,
    shares.join(', '),
  );
}
