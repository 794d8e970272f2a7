import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findViolations, startBrowser, watchForProblems } from './testing/browser.ts';
import { startSite, type TestSite } from './testing/site.ts';

/** Set to a folder to get a picture of every page, light and dark. */
const screenshots = process.env.SCREENSHOTS;

let site: TestSite;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([startSite(), startBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

async function openPage(): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage({ baseURL: site.origin, colorScheme: 'light' });
  page.setDefaultTimeout(60_000);
  return { page, problems: watchForProblems(page) };
}

/** Nothing is on its way any more. */
async function settled(page: Page): Promise<void> {
  await page.waitForFunction(
    () => document.querySelector('.loading') === null && document.querySelector('main h1, main h4') !== null,
  );
}

async function signUp(page: Page, username: string): Promise<void> {
  await page.goto('/register');
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Email').fill(`${username}@example.org`);
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.locator(`nav a[href="/profile/${username}"]`).waitFor();
}

async function publish(page: Page, title: string, body: string): Promise<void> {
  await page.getByRole('link', { name: 'New Article' }).click();
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('What’s it about?').fill(`About ${title}`);
  await page.getByLabel('Text').fill(body);
  await page.getByLabel('Tags').fill('rollouts');
  await page.getByLabel('Tags').press('Enter');
  await page.getByRole('button', { name: 'Publish Article' }).click();
  await page.locator('.article-page h1', { hasText: title }).waitFor();
}

const BODY =
  '# Weights\n\n**Half** of the requests go <script>alert(1)</script> to the _canary_.\n\n- one\n- two\n\n[more](javascript:alert(1))';

test('readiness 28: signs up, writes, comments and favourites at 50 % of two releases, reloads at every weight: no error, no 404', async () => {
  const author = await openPage();
  await signUp(author.page, 'ann');
  await publish(author.page, 'Half and half', BODY);
  expect(await author.page.locator('.article-content strong').textContent()).toBe('Half');
  expect(await author.page.locator('.article-content script, .article-content a').count()).toBe(0);

  const reader = await openPage();
  await signUp(reader.page, 'bob');
  await reader.page.locator('.article-preview h1').click();
  await reader.page.getByPlaceholder('Write a comment...').fill('Well said & <b>true</b>');
  await reader.page.getByRole('button', { name: 'Post Comment' }).click();
  await reader.page.locator('.card:not(.comment-form) .card-block', { hasText: 'Well said & <b>true</b>' }).waitFor();
  await reader.page.locator('button.btn-outline-primary', { hasText: 'Favorite' }).first().click();
  await reader.page.locator('button.btn-primary', { hasText: 'Unfavorite' }).first().waitFor();
  await reader.page.getByRole('button', { name: 'Follow ann' }).first().click();
  await reader.page.getByRole('button', { name: 'Unfollow ann' }).first().waitFor();

  const article = reader.page.url();
  for (const path of ['/', '/?feed=following', '/tag/rollouts', '/profile/ann', '/settings', '/editor', article]) {
    await reader.page.goto(path);
    await settled(reader.page);
  }
  for (const weightPercent of [0, 5, 20, 80, 100]) {
    site.setWeight(weightPercent);
    await reader.page.reload();
    await settled(reader.page);
  }
  site.setWeight(50);
  await reader.page.goto('/profile/bob/favorites');
  await settled(reader.page);
  expect(await reader.page.locator('.article-preview h1').allTextContents()).toEqual(['Half and half']);

  expect([...author.problems, ...reader.problems]).toEqual([]);
  const failed = site.served.filter(({ status }) => status >= 400);
  expect(failed).toEqual([]);
  // Both releases were really asked for scripts, and for some that are not theirs.
  const foreign = site.served.filter(({ path, frontend }) => path.includes(`-r${2 - frontend}-`));
  expect(foreign.length).toBeGreaterThan(10);
  await Promise.all([author.page.close(), reader.page.close()]);
});

const PAGES = {
  home: '/',
  login: '/login',
  register: '/register',
  'not-found': '/no/such/page',
  feed: '/?feed=following',
  article: '/article/half-and-half',
  'missing-article': '/article/no-such-article',
  profile: '/profile/cid',
  settings: '/settings',
  editor: '/editor',
};

test('every kind of page is without violations for axe, signed in and not; in the dark its colours are tried again', async () => {
  const { page } = await openPage();
  await visitAll(page, ['home', 'login', 'register', 'not-found', 'article', 'missing-article', 'profile']);
  await signUp(page, 'cid');
  await publish(page, 'By cid', BODY);
  await visitAll(page, ['feed', 'article', 'profile', 'settings', 'editor']);
  await page.close();
});

async function visitAll(page: Page, names: (keyof typeof PAGES)[]): Promise<void> {
  const found: string[] = [];
  for (const name of names) {
    await page.goto(PAGES[name]);
    await settled(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      found.push(
        ...(await findViolations(page, colorScheme === 'dark' ? ['color-contrast'] : undefined)).map(
          (violation) => `${name} (${colorScheme}): ${violation}`,
        ),
      );
      await takePicture(page, `${name}-${colorScheme}`);
    }
  }
  expect(found).toEqual([]);
}

async function takePicture(page: Page, name: string): Promise<void> {
  if (screenshots === undefined) return;
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

test('by keyboard alone: the first stop skips to the content, another page takes focus and is announced', async () => {
  const { page, problems } = await openPage();
  await page.goto('/');
  await settled(page);
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
  await page.getByRole('link', { name: 'Sign in' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: 'Sign in' }).waitFor();
  await page.waitForFunction(() => document.activeElement?.id === 'content');
  await page.locator('[aria-live]', { hasText: 'Sign in — Conduit' }).waitFor({ state: 'attached' });
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('email');
  expect(problems).toEqual([]);
  await page.close();
});

test('what the server refuses is told in words, and marked at its field', async () => {
  const { page } = await openPage();
  await page.goto('/register');
  await page.getByLabel('Username').fill('dan');
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByRole('alert').getByText("email can't be blank").waitFor();
  expect(await page.getByLabel('Email').getAttribute('aria-invalid')).toBe('true');
  expect(await page.getByLabel('Username').getAttribute('aria-invalid')).toBeNull();
  expect(await findViolations(page)).toEqual([]);
  await page.close();
});

test('readiness 28: a page of a canary goes on working when the canary has been aborted and is gone', async () => {
  const { page, problems } = await openPage();
  site.setWeight(100);
  await page.goto('/');
  await settled(page);
  site.setWeight(0);
  // The stable pod has copied what the canary has; the first question for one of them is what makes it begin.
  const { assets } = (await (await fetch(`${site.frontends[1]}/assets-index.json`)).json()) as { assets: string[] };
  const statuses = await Promise.all(assets.map(async (path) => (await fetch(`${site.frontends[0]}${path}`)).status));
  expect(new Set(statuses)).toEqual(new Set([200]));
  await site.stopCanary();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.locator('h1', { hasText: 'Sign in' }).waitFor();
  await page.getByRole('link', { name: 'Home', exact: true }).click();
  await page.locator('.article-preview h1').first().click();
  await page.locator('.article-content').waitFor();
  expect(problems).toEqual([]);
  expect(site.served.filter(({ status }) => status >= 400)).toEqual([]);
  await page.close();
});
