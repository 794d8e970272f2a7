import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer, WebRequest } from '#machine/questions.ts';
import { openWeb } from './web-port.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function ask(request: Partial<WebRequest> & { url: string }, names: Record<string, string> = {}): Promise<Answer> {
  const web = openWeb((host) => (names[host] === undefined ? undefined : [names[host]]));
  cleanups.push(() => web.close());
  const wanted: WebRequest = { method: 'GET', timeoutMs: 5000, ...request };
  return new Promise((resolve) => web.answer({ ask: 'web', measurement: 'm', request: wanted }, resolve));
}

const ok = (status: number, body: string) => ({ ok: true, value: { status, body } });

describe('web requests', () => {
  it('sends method, headers and body, and reports status and body', async () => {
    const port = await serve((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => {
        body += part.toString();
      });
      request.on('end', () => response.writeHead(202).end(`${request.method} ${request.headers['x-key']} ${body}`));
    });
    const headers = [{ key: 'X-Key', value: 'k' }];
    const answer = await ask({ method: 'POST', url: `http://127.0.0.1:${port}/`, headers, body: '{"a":1}' });
    expect(answer).toEqual(ok(202, 'POST k {"a":1}'));
  });

  it('follows redirects, and sends cluster names to the address of the service', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/here' }).end();
      else response.end(`${request.headers.host} ${request.url}`);
    });
    const url = `http://backend.shop.svc:${port}/`;
    expect(await ask({ url }, { 'backend.shop.svc': '127.0.0.1' })).toEqual(ok(200, `backend.shop.svc:${port} /here`));
  });

  it('gets a token by client credentials first', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/token') response.end(JSON.stringify({ access_token: request.headers.authorization }));
      else response.end(request.headers.authorization);
    });
    const base = `http://127.0.0.1:${port}`;
    const oauth2 = { tokenUrl: `${base}/token`, clientId: 'id', clientSecret: 's', scopes: ['read'] };
    expect(await ask({ url: base, oauth2 })).toEqual(ok(200, 'Bearer Basic aWQ6cw=='));
  });

  it.each([
    ['a server that never answers', () => {}, /context deadline exceeded/],
    ['a body that never ends', (response: ServerResponse) => void response.write('{'), /context deadline exceeded/],
    ['a body that is too large', (response: ServerResponse) => void response.end('x'.repeat(1_100_000)), /larger than/],
    ['a connection that is cut', (response: ServerResponse) => void response.destroy(), /Get "http:.*":/],
  ])('%s is a failure, never a hang', async (_name, handle, message) => {
    const port = await serve((_request, response) => handle(response));
    const answer = await ask({ url: `http://127.0.0.1:${port}/`, timeoutMs: 150 });
    expect(answer.ok ? '' : answer.failure.message).toMatch(message);
  });

  it('says that nobody listens', async () => {
    const answer = await ask({ url: 'http://127.0.0.1:1/' });
    expect(answer.ok ? '' : answer.failure.message).toMatch(/^Get "http:\/\/127\.0\.0\.1:1\/": .*ECONNREFUSED/);
  });
});
