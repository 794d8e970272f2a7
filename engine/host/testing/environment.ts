import { request } from 'node:http';
import type { KindMap } from '#kube/kinds.ts';
import type { EngineProcess } from './engine-process.ts';
import type { Sighting } from './world.ts';

type Application = KindMap['Application.argoproj.io'];
type Rollout = KindMap['Rollout.argoproj.io'];
type AnalysisRun = KindMap['AnalysisRun.argoproj.io'];
type Pod = KindMap['Pod'];

export interface Article {
  slug: string;
  title: string;
}

export interface Page {
  status: number;
  version: string;
  type: string;
  text: string;
}

/** What identifies a running pod: when any of it differs, it is another process. */
export interface PodIdentity {
  name: string;
  uid: string;
  startedAt: string;
  restarts: number;
}

const ANSWER_MS_MAX = 60_000;
const WEIGHT = 'nginx.ingress.kubernetes.io/canary-weight';

/** One environment of a running engine, in the words of the story: releases, weights, pods, requests. */
export class Environment {
  readonly name: string;
  readonly namespace: string;
  readonly engine: EngineProcess;

  constructor(engine: EngineProcess, name: string) {
    this.engine = engine;
    this.name = name;
    this.namespace = `pern-app-${name}`;
  }

  application(): Application | undefined {
    return this.engine.world.find('Application.argoproj.io', 'argocd', this.namespace);
  }

  rollout(component = 'backend'): Rollout | undefined {
    return this.engine.world.find('Rollout.argoproj.io', this.namespace, component);
  }

  /** Synced and healthy, its rollouts too, and when a commit is given, at that commit with its sync over. */
  untilHealthy(sha?: string): Promise<Application> {
    return this.engine.world.until(`${this.namespace} Synced and Healthy at ${sha ?? 'any commit'}`, () => {
      const application = this.application();
      const { sync, health, operationState, conditions = [] } = application?.status ?? {};
      const isThere =
        sync?.status === 'Synced' &&
        health?.status === 'Healthy' &&
        conditions.length === 0 &&
        operationState?.phase === 'Succeeded' &&
        (sha === undefined || sync.revision === sha) &&
        this.engine.world.all('Rollout.argoproj.io', this.namespace).every(({ status }) => status?.phase === 'Healthy');
      return isThere ? application : undefined;
    });
  }

  /** Every weight of the canary that was written, in order, without repetitions. */
  weights(component = 'backend'): { percent: number; seen: Sighting<'Ingress.networking.k8s.io'> }[] {
    const found: { percent: number; seen: Sighting<'Ingress.networking.k8s.io'> }[] = [];
    const name = `${component}-${component}-canary`;
    for (const seen of this.engine.world.history('Ingress.networking.k8s.io', this.namespace, name)) {
      const percent = Number(seen.object.metadata.annotations?.[WEIGHT]);
      if (found.at(-1)?.percent !== percent) found.push({ percent, seen });
    }
    return found;
  }

  /** Waits until the canary rests at a pause with this weight. */
  untilPausedAt(percent: number): Promise<Rollout> {
    return this.engine.world.until(`canary pauses at ${percent} %`, () => {
      const rollout = this.rollout();
      const isPaused = (rollout?.status?.pauseConditions ?? []).length > 0;
      const weight = rollout?.status?.canary?.weights?.canary.weight;
      return isPaused && weight === percent && this.weights().at(-1)?.percent === percent && rollout;
    });
  }

  /** What `kubectl argo rollouts promote` does to a rollout in a pause. */
  promote(component = 'backend'): Promise<void> {
    const status = { pauseConditions: null };
    return this.engine.api.patchStatus('Rollout.argoproj.io', this.namespace, component, status);
  }

  /** Every AnalysisRun that was seen, at its last state: a Rollout keeps only the newest ones. */
  analysisRuns(): AnalysisRun[] {
    return this.engine.world.everSeen('AnalysisRun.argoproj.io', this.namespace);
  }

  pods(component = ''): Pod[] {
    return this.engine.world.all('Pod', this.namespace).filter(({ metadata }) => metadata.name.startsWith(component));
  }

  /** Running pods of the environment, sorted by name; jobs' pods are not among them. */
  identities(component = ''): PodIdentity[] {
    const identities = this.pods(component).flatMap(({ metadata, status }) => {
      const container = status?.containerStatuses?.[0];
      const startedAt = container?.state?.running?.startedAt;
      if (container === undefined || startedAt === undefined) return [];
      return [{ name: metadata.name, uid: metadata.uid, startedAt, restarts: container.restartCount }];
    });
    return identities.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  events(object: string): string[] {
    return this.engine.world
      .all('Event', this.namespace)
      .filter(({ involvedObject }) => involvedObject.name === object)
      .map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** One request through the ingress, by host name; a token says who asks. */
  request(path: string, body?: object, token?: string): Promise<Page> {
    const headers = {
      host: `${this.namespace}.localhost`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Token ${token}` }),
    };
    const options = { port: this.engine.ingressPort, path, headers, method: body === undefined ? 'GET' : 'POST' };
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', ...options, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('error', reject).on('end', () => {
          const version = String(answer.headers['x-app-version'] ?? '');
          resolve({ status: answer.statusCode ?? 0, version, type: String(answer.headers['content-type']), text });
        });
      });
      outgoing.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Asks again and again, one request after the other, until the answer is 200: for what is only known from outside. */
  async untilAnswered(path: string): Promise<Page> {
    const limitMs = Date.now() + ANSWER_MS_MAX;
    for (;;) {
      const page = await this.request(path);
      if (page.status === 200) return page;
      if (Date.now() > limitMs) {
        throw new Error(`${path} still answers ${page.status}: ${page.text}\n${this.engine.world.describe()}`);
      }
    }
  }

  /** Registers a user. */
  async signUp(username: string): Promise<{ token: string }> {
    const user = { username, email: `${username}@example.com`, password: 'a long enough secret' };
    const page = await this.request('/api/users', { user });
    if (page.status !== 201) throw new Error(`POST /api/users answered ${page.status}: ${page.text}`);
    return (JSON.parse(page.text) as { user: { token: string } }).user;
  }

  /** Writes an article, as a user of its own. */
  async write(title: string): Promise<void> {
    const { token } = await this.signUp(`author-${process.hrtime.bigint().toString(36)}`);
    const article = { title, description: 'An article.', body: 'Written by a test.' };
    const page = await this.request('/api/articles', { article }, token);
    if (page.status !== 201) throw new Error(`POST /api/articles answered ${page.status}: ${page.text}`);
  }

  async titles(): Promise<string[]> {
    const page = await this.request('/api/articles?limit=100');
    if (page.status !== 200) throw new Error(`GET /api/articles answered ${page.status}: ${page.text}`);
    return (JSON.parse(page.text) as { articles: Article[] }).articles.map(({ title }) => title);
  }
}
