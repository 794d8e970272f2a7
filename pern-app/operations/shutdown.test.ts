import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createHealth } from './health.ts';
import { createLogger } from './logging.ts';
import { type DrainableServer, listen, shutDown } from './shutdown.ts';

const logger = createLogger({ level: 'silent', component: 'test', version: '1', environment: 'test' });

/** A server whose one request stays in flight until the test answers it. */
async function heldRequest() {
  const arrived = Promise.withResolvers<ServerResponse>();
  const server = await listen((_request, response) => arrived.resolve(response), 0, '127.0.0.1');
  const metricsServer = await listen((_request, response) => response.end('metrics'), 0, '127.0.0.1');
  const agent = new Agent({ keepAlive: true });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    get({ port: server.port, host: '127.0.0.1', agent }, resolve).once('error', reject);
  });
  return { server, metricsServer, answer, response: await arrived.promise };
}

function optionsFor(server: DrainableServer, metricsServer: DrainableServer) {
  const events: string[] = [];
  const health = createHealth({ checks: [], failReadiness: false });
  const release = async () => void events.push('released');
  return { events, options: { health, logger, server, metricsServer, release, delayMs: 0, timeoutMs: 20_000 } };
}

describe('shutDown', () => {
  test('finishes the request in flight, tells its connection to close, and releases only then', async () => {
    const { server, metricsServer, answer, response } = await heldRequest();
    const { events, options } = optionsFor(server, metricsServer);
    const ended = shutDown(options);
    expect(options.health.draining).toBe(true);
    events.push('answered');
    response.end('done');
    const message = await answer;
    expect(message.headers.connection).toBe('close');
    message.resume();
    expect(await ended).toBe(true);
    expect(events).toEqual(['answered', 'released']);
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
  });

  test('breaks a request that never ends when the time is up, and says so', async () => {
    const { server, metricsServer, answer } = await heldRequest();
    const { options } = optionsFor(server, metricsServer);
    const broken = expect(answer).rejects.toThrow('socket hang up');
    expect(await shutDown({ ...options, timeoutMs: 100 })).toBe(false);
    await broken;
  });
});

test('listen rejects when the port is taken', async () => {
  const server = await listen((_request, response) => response.end(), 0, '127.0.0.1');
  await expect(listen((_request, response) => response.end(), server.port, '127.0.0.1')).rejects.toThrow('EADDRINUSE');
  await server.close();
});
