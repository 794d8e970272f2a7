import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../operations/logging.ts';
import { type DrainableServer, listen } from '../operations/shutdown.ts';
import { createPeerClient, PEER_HEADER } from './peers.ts';

const logger = createLogger({ level: 'silent', component: 'test', version: '1', environment: 'test' });
const get = createPeerClient(logger);
let server: DrainableServer;

beforeAll(async () => {
  server = await listen(
    (request, response) => {
      if (request.url === '/gone') response.writeHead(404).end('not here');
      else if (request.url === '/elsewhere') response.writeHead(302, { Location: '/content' }).end();
      else if (request.url === '/huge') response.end(Buffer.alloc(5 * 1024 * 1024));
      else if (request.url === '/broken')
        response.writeHead(200, { 'Content-Length': '10' }).write('half', () => response.destroy());
      else response.end(`peer ${request.headers[PEER_HEADER]}`);
    },
    0,
    '127.0.0.1',
  );
});

afterAll(() => server.close());

test('a peer is told that a peer asks', async () => {
  expect((await get(`http://127.0.0.1:${server.port}/content`))?.toString()).toBe('peer 1');
});

test.each(['/gone', '/elsewhere', '/huge', '/broken'])('%s is nothing', async (path) => {
  expect(await get(`http://127.0.0.1:${server.port}${path}`)).toBeUndefined();
});

test('a peer that is away is nothing', async () => {
  expect(await get('http://127.0.0.1:1/content')).toBeUndefined();
});
