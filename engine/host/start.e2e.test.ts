import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess } from './testing/engine-process.ts';
import { Environment } from './testing/environment.ts';
import { processesOf } from './testing/processes.ts';
import { createRepository, type TestRepository } from './testing/repository.ts';

const NAMES = ['development', 'staging', 'production'] as const;

describe('start, stop and start again', () => {
  let repository: TestRepository;
  let engine: EngineProcess;
  let environments: Environment[];

  const start = async () => {
    engine = await EngineProcess.start(repository);
    environments = NAMES.map((name) => new Environment(engine, name));
  };

  beforeAll(async () => {
    repository = createRepository();
    await start();
  });

  afterAll(async () => {
    await engine?.destroy();
    repository?.remove();
  });

  it('a fresh repository becomes three environments, Synced and Healthy', async () => {
    const applications = await Promise.all(environments.map((environment) => environment.untilHealthy()));
    expect(applications.map(({ metadata }) => metadata.name)).toEqual(NAMES.map((name) => `pern-app-${name}`));
    expect(engine.world.find('Application.argoproj.io', 'argocd', 'root')?.status?.sync?.status).toBe('Synced');
  });

  it.each([0, 1, 2])('environment %i reads and writes PostgreSQL through the ingress, by host name', async (index) => {
    const environment = environments[index] as Environment;
    await environment.write(`kept in ${environment.name}`);
    expect(await environment.titles()).toEqual([`kept in ${environment.name}`]);
    const info = await environment.request('/api/info');
    expect(JSON.parse(info.text)).toMatchObject({ environment: environment.name, version: '1.0.0' });
  });

  it.each([0, 1, 2])('environment %i serves the front end', async (index) => {
    const page = await (environments[index] as Environment).request('/');
    expect(page).toMatchObject({ status: 200, version: '1.0.0', type: expect.stringContaining('text/html') });
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(page.text)?.[1] as string;
    const asset = await (environments[index] as Environment).request(script);
    expect(asset).toMatchObject({ status: 200, type: expect.stringContaining('javascript') });
  });

  it('a host name that nobody declared is not found', async () => {
    const nowhere = new Environment(engine, 'nowhere');
    expect((await nowhere.request('/')).status).toBe(404);
  });

  it('SIGTERM ends the engine with 0, and every process it started', async () => {
    const state = `${repository.folder}/state`;
    const before = processesOf(state);
    // PostgreSQL, Redis, back end and front end of three environments, and the engine.
    expect(new Set(before.map(({ run }) => run)).size).toBeGreaterThanOrEqual(13);
    expect(await engine.stop()).toBe(0);
    const pids = new Set(before.map(({ pid }) => pid));
    const left = processesOf(state).map(({ pid, command }) => ({ pid, command, known: pids.has(pid) }));
    expect(left).toEqual([]);
  });

  it('a start on the same state: an environment that says Healthy answers requests', async () => {
    await start();
    for (const environment of environments) {
      await environment.untilHealthy();
      expect(await environment.request('/api/info')).toMatchObject({ status: 200 });
    }
  });

  it('a start on the same state has what was written', async () => {
    for (const environment of environments) {
      await environment.untilAnswered('/api/info');
      await environment.untilHealthy();
      expect(await environment.titles()).toEqual([`kept in ${environment.name}`]);
    }
  });
});
