import { expect, test } from 'vitest';
import { createLogger } from '../operations/logging.ts';
import { createAssetExchange } from './exchange.ts';
import { INDEX_PATH } from './targets.ts';

const logger = createLogger({ level: 'silent', component: 'test', version: '1', environment: 'test' });
const PEER = 'http://frontend-canary';
const at = (path: string) => `${PEER}${path}`;

/** Peers as a table of URLs; `asked` remembers every request. */
function world(urls: Record<string, unknown>, options: { bytesMax?: number; own?: string[]; peers?: string[] } = {}) {
  const asked: string[] = [];
  const exchange = createAssetExchange({
    peers: options.peers ?? [PEER],
    isOwn: (path) => options.own?.includes(path) ?? false,
    async get(url) {
      asked.push(url);
      const content = urls[url];
      if (content === undefined) return undefined;
      return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
    },
    sleep: async () => undefined,
    logger,
    ...(options.bytesMax === undefined ? {} : { bytesMax: options.bytesMax }),
  });
  return { exchange, asked, urls };
}

const textOf = async (found: ReturnType<ReturnType<typeof world>['exchange']['find']>) =>
  (await found)?.bytes.toString();

test('readiness 28: an asset of the other release is copied from the peer that lists it, once', async () => {
  const { exchange, asked } = world({
    [at(INDEX_PATH)]: { version: '2', assets: ['/assets/index-two.js'] },
    [at('/assets/index-two.js')]: 'two',
  });
  const both = await Promise.all([exchange.find('/assets/index-two.js'), exchange.find('/assets/index-two.js')]);
  expect(both.map((file) => file?.bytes.toString())).toEqual(['two', 'two']);
  expect(both[0]).toMatchObject({
    type: 'text/javascript; charset=utf-8',
    cacheControl: 'public, max-age=31536000, immutable',
  });
  expect(await textOf(exchange.find('/assets/index-two.js'))).toBe('two');
  expect(asked.filter((url) => url.endsWith('two.js'))).toHaveLength(1);
});

test('readiness 28: what the peer has is kept when the peer has gone', async () => {
  const { exchange, urls } = world({
    [at(INDEX_PATH)]: { assets: ['/assets/index-two.js', '/assets/editor-two.js'] },
    [at('/assets/index-two.js')]: 'two',
    [at('/assets/editor-two.js')]: 'editor',
  });
  await exchange.copyAll();
  for (const url of Object.keys(urls)) delete urls[url];
  expect(await textOf(exchange.find('/assets/editor-two.js'))).toBe('editor');
});

test('a release that appears later is noticed at the first question', async () => {
  const { exchange, urls } = world({ [at(INDEX_PATH)]: { assets: [] } });
  await exchange.copyAll();
  Object.assign(urls, { [at(INDEX_PATH)]: { assets: ['/assets/a-3.js'] }, [at('/assets/a-3.js')]: 'three' });
  expect(await textOf(exchange.find('/assets/a-3.js'))).toBe('three');
});

test('made-up names cost one reading of the index at a time, never a request of their own', async () => {
  const { exchange, asked } = world({ [at(INDEX_PATH)]: { assets: ['/assets/real-1.js'] } });
  const names = Array.from({ length: 500 }, (_, index) => `/assets/made-up-${index}.js`);
  expect((await Promise.all(names.map((name) => exchange.find(name)))).every((file) => file === undefined)).toBe(true);
  expect(new Set(asked)).toEqual(new Set([at(INDEX_PATH)]));
  expect(asked.length).toBeLessThanOrEqual(2);
});

test.each(['/assets/../secret.js', '/assets/deep/name.js', '/assets/page.html.exe', '/assets/', '/assets/a b.js'])(
  'what is no asset name is not asked for: %s',
  async (path) => {
    const { exchange, asked } = world({});
    expect(await exchange.find(path)).toBeUndefined();
    expect(asked).toEqual([]);
  },
);

test.each([[undefined], ['not json'], [{ assets: 'x' }], [{ assets: [7, '/etc/passwd', '/assets/../x.js'] }], [null]])(
  'a peer that is away or talks nonsense is as good as none: %j',
  async (answer) => {
    const { exchange } = world({ [at(INDEX_PATH)]: answer });
    expect(await exchange.find('/assets/a.js')).toBeUndefined();
    await exchange.copyAll();
  },
);

test('the next peer is asked when the first lists an asset and does not give it', async () => {
  const other = 'http://frontend-stable';
  const { exchange } = world(
    {
      [at(INDEX_PATH)]: { assets: ['/assets/a.js'] },
      [`${other}${INDEX_PATH}`]: { assets: ['/assets/a.js'] },
      [`${other}/assets/a.js`]: 'from the other',
    },
    { peers: [PEER, other] },
  );
  expect(await textOf(exchange.find('/assets/a.js'))).toBe('from the other');
});

test('copies take bounded memory: the oldest are forgotten', async () => {
  const names = ['/assets/a.css', '/assets/b.css', '/assets/c.css'];
  const contents = Object.fromEntries(names.map((name) => [at(name), 'x'.repeat(40)]));
  const { exchange, asked } = world({ [at(INDEX_PATH)]: { assets: names }, ...contents }, { bytesMax: 100 });
  await exchange.copyAll();
  expect(asked.filter((url) => url.endsWith('a.css'))).toHaveLength(1);
  await exchange.find('/assets/c.css');
  await exchange.find('/assets/a.css');
  expect(asked.filter((url) => url.endsWith('a.css'))).toHaveLength(2);
  expect(asked.filter((url) => url.endsWith('c.css'))).toHaveLength(1);
});

test('without peers, and for what is our own, nobody is asked', async () => {
  const alone = world({}, { peers: [] });
  expect(await alone.exchange.find('/assets/a.js')).toBeUndefined();
  await alone.exchange.copyAll();
  expect(alone.asked).toEqual([]);
  const own = world({ [at(INDEX_PATH)]: { assets: ['/assets/mine.js'] } }, { own: ['/assets/mine.js'] });
  await own.exchange.copyAll();
  expect(own.asked).toEqual([at(INDEX_PATH)]);
});
