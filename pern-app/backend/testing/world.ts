import pg from 'pg';
import { createTestPostgres, type TestPostgres } from './postgres.ts';
import { startProcess, startServer, type TestProcess, until } from './process.ts';

/** Nobody listens there. */
export const NO_REDIS = 'redis://127.0.0.1:1';
export const JWT_SECRET = 'a secret of at least 32 characters';

/** One real PostgreSQL with a database per test, and the processes that a test starts. */
export class TestWorld {
  readonly postgres: TestPostgres;
  readonly #processes: TestProcess[] = [];

  private constructor(postgres: TestPostgres) {
    this.postgres = postgres;
  }

  static async start(): Promise<TestWorld> {
    const postgres = await createTestPostgres();
    await postgres.start();
    return new TestWorld(postgres);
  }

  /** Ends whatever processes are left. */
  async clear(): Promise<void> {
    for (const { child, exited } of this.#processes.splice(0)) {
      child.kill('SIGKILL');
      await exited;
    }
  }

  async remove(): Promise<void> {
    await this.clear();
    await this.postgres.remove();
  }

  /** A database of its own for one test, so that tests do not see each other's rows: the environment of a back end. */
  async freshDatabase(name: string): Promise<Record<string, string>> {
    await this.sql(this.postgres.environment, `CREATE DATABASE ${name}`);
    const settings = { REDIS_URL: NO_REDIS, SHUTDOWN_DELAY_MS: '0', VERSION: '1.0.0', JWT_SECRET };
    return { ...this.postgres.environment, PGDATABASE: name, ...settings };
  }

  async connect({ PGHOST, PGPORT, PGUSER, PGDATABASE }: Record<string, string>): Promise<pg.Client> {
    const client = new pg.Client({ host: PGHOST, port: Number(PGPORT), user: PGUSER, database: PGDATABASE });
    await client.connect();
    return client;
  }

  async sql(environment: Record<string, string>, text: string): Promise<Record<string, unknown>[]> {
    const client = await this.connect(environment);
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  started(entry: string, environment: Record<string, string>): TestProcess {
    const started = startProcess(entry, environment);
    this.#processes.push(started);
    return started;
  }

  /** Runs the migration Job to its end. */
  async migrate(environment: Record<string, string>): Promise<{ code: number | null; output: string }> {
    const migration = this.started('migrate.ts', environment);
    const { code } = await migration.exited;
    return { code, output: migration.output() };
  }

  /** Starts a server and waits until it is ready. */
  async serve(environment: Record<string, string>) {
    const server = await startServer(environment);
    this.#processes.push(server);
    const request = (path: string, init?: RequestInit) => fetch(`${server.origin}${path}`, init);
    await until(async () => (await request('/readyz')).status === 200);
    return { ...server, request, api: new ApiClient(server.origin) };
  }
}

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are JSON of many shapes, and tests look into them at once.
  body: any;
}

/** Talks to the API as somebody, or as a stranger. */
export class ApiClient {
  readonly origin: string;
  readonly #token: string | undefined;

  constructor(origin: string, token?: string) {
    this.origin = origin;
    this.#token = token;
  }

  /** The header's value; undefined for a stranger. */
  get authorization(): string | undefined {
    return this.#token === undefined ? undefined : `Token ${this.#token}`;
  }

  async send(method: string, path: string, body?: unknown): Promise<Reply> {
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(this.authorization === undefined ? {} : { Authorization: this.authorization }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** The same API as another user, who is registered for it. */
  async as(username: string): Promise<ApiClient> {
    const user = { username, email: `${username}@example.com`, password: 'password of a test' };
    const { status, body } = await this.send('POST', '/api/users', { user });
    if (status !== 201) throw new Error(`registering ${username}: ${status} ${JSON.stringify(body)}`);
    return new ApiClient(this.origin, body.user.token);
  }

  /** The user whom another process of the same application knows. */
  at(origin: string): ApiClient {
    return new ApiClient(origin, this.#token);
  }

  /** Writes an article and gives its slug. */
  async write(title: string, rest: object = {}): Promise<string> {
    const article = { title, description: 'About it', body: 'All of it', ...rest };
    const { status, body } = await this.send('POST', '/api/articles', { article });
    if (status !== 201) throw new Error(`writing ${title}: ${status} ${JSON.stringify(body)}`);
    return body.article.slug;
  }
}
