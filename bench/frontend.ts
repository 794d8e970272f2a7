import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../pern-app/frontend/testing/browser.ts';
import { buildPage, startSite } from '../pern-app/frontend/testing/site.ts';
import { progress } from './context.ts';
import type { Row } from './samples.ts';

const RUNS = 5;

/** A middling phone: Lighthouse's "slow 4G" and a processor a quarter as fast as this one. */
const PHONE = { latencyMs: 150, bytesPerSecond: (1.6 * 1024 * 1024) / 8, cpuSlowdown: 4 };

/** What the page weighs, and how long it takes until it can be used. */
export async function measureFrontend(): Promise<Row[]> {
  return [...(await measureSize()), ...(await measureTimes())];
}

async function measureSize(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pern-bench-page-'));
  try {
    await buildPage(folder, 'bench');
    const html = readFileSync(join(folder, 'index.html'));
    const assets = new Map(
      readdirSync(join(folder, 'assets')).map((name) => [name, gzipSize(join(folder, 'assets', name))]),
    );
    const first = [...assets].filter(([name]) => html.includes(`/assets/${name}`)).map(([, size]) => size);
    const kilobytes = (sizes: Iterable<number>) => [[...sizes].reduce((sum, size) => sum + size, 0) / 1000];
    const bench = 'frontend';
    return [
      {
        bench,
        name: 'first visit: page, scripts and styles, gzip',
        unit: 'kB',
        values: kilobytes([gzipSync(html).length, ...first]),
        aim: { comparison: '≤', value: 100 },
      },
      { bench, name: 'all pages of the front end, gzip', unit: 'kB', values: kilobytes(assets.values()) },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const gzipSize = (path: string) => gzipSync(readFileSync(path)).length;

async function measureTimes(): Promise<Row[]> {
  const [site, browser] = await Promise.all([startSite(), startBrowser()]);
  const visits: { paintMs: number; interactiveMs: number }[] = [];
  try {
    await writeArticles(`${site.origin}/api`);
    for (let run = 0; run < RUNS; run++) {
      visits.push(await visit(browser, site.origin));
      progress(`interactive after ${visits.at(-1)?.interactiveMs.toFixed(0)} ms`);
    }
  } finally {
    await browser.close();
    await site.stop();
  }
  const bench = 'frontend';
  const remark = 'slow 4G, a quarter of the processor';
  return [
    { bench, name: 'home page to first paint', remark, unit: 'ms', values: visits.map(({ paintMs }) => paintMs) },
    {
      bench,
      name: 'home page to interactive',
      remark,
      unit: 'ms',
      values: visits.map(({ interactiveMs }) => interactiveMs),
    },
  ];
}

/** As many as the home page shows. */
async function writeArticles(api: string): Promise<void> {
  const post = async (path: string, token: string, body: object) => {
    const headers = {
      'Content-Type': 'application/json',
      ...(token === '' ? {} : { Authorization: `Token ${token}` }),
    };
    const response = await fetch(`${api}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as { user: { token: string } };
  };
  const user = { username: 'bench', email: 'bench@example.org', password: 'correct horse battery' };
  const { token } = (await post('/users', '', { user })).user;
  for (let number = 1; number <= 10; number++) {
    const article = { title: `Article ${number}`, description: 'To be read', body: 'Text', tagList: ['bench'] };
    await post('/articles', token, { article });
  }
}

/**
 * One visit with an empty cache. Interactive: the list is there, and the last task that kept the page from answering for
 * more than 50 ms has ended; both from the start of the navigation.
 */
async function visit(browser: Browser, origin: string): Promise<{ paintMs: number; interactiveMs: number }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: PHONE.latencyMs,
    downloadThroughput: PHONE.bytesPerSecond,
    uploadThroughput: PHONE.bytesPerSecond,
  });
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: PHONE.cpuSlowdown });
  await page.addInitScript(() => {
    const marks = { listMs: 0, longTaskEndMs: 0 };
    Object.assign(globalThis, { marks });
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) marks.longTaskEndMs = startTime + duration;
    }).observe({ type: 'longtask', buffered: true });
    new MutationObserver(() => {
      const list = document.querySelector('.article-preview');
      if (list !== null && marks.listMs === 0) marks.listMs = performance.now();
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(origin);
  await page.locator('.article-preview').first().waitFor();
  await page.waitForLoadState('networkidle');
  const measured = await page.evaluate(() => {
    const { marks } = globalThis as unknown as { marks: { listMs: number; longTaskEndMs: number } };
    return { ...marks, paintMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN };
  });
  await context.close();
  if (measured.listMs === 0) throw new Error('the home page showed no list of articles');
  return { paintMs: measured.paintMs, interactiveMs: Math.max(measured.listMs, measured.longTaskEndMs) };
}
