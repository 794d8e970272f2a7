import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Answer } from '#machine/questions.ts';
import { ImageStore, ImageUnavailableError } from './image-store.ts';

let state = '';
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'pern-images-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const content = (text: string) => ({
  config: { Cmd: ['run'] },
  fill: (rootfs: string) => writeFileSync(join(rootfs, 'file'), text),
});

it('equal content has one id under every tag, and is found by digest', async () => {
  const store = new ImageStore(state);
  const one = await store.install('app:1', content('same'));
  const two = await store.install('app:2', content('same'));
  const other = await store.install('app:3', content('other'));
  expect(two.imageId).toBe(one.imageId);
  expect(other.imageId).not.toBe(one.imageId);
  expect(store.find(`app@${other.imageId}`)?.rootfs).toBe(other.rootfs);
  expect(store.find(`app:1@${other.imageId}`)).toBeUndefined();
  expect(store.tags('docker.io/library/app')).toEqual(['1', '2', '3']);
  expect(store.list()).toEqual(['docker.io/library/app:1', 'docker.io/library/app:2', 'docker.io/library/app:3']);
});

it('a tag that moves leaves the content that runs', async () => {
  const store = new ImageStore(state);
  const before = await store.install('app:1', content('before'));
  const after = await store.install('app:1', content('after'));
  expect(readFileSync(join(before.rootfs, 'file'), 'utf8')).toBe('before');
  expect(store.find('app:1')?.imageId).toBe(after.imageId);
});

it('an image that fails to build leaves nothing behind', async () => {
  const store = new ImageStore(state);
  const fill = () => {
    throw new Error('no');
  };
  await expect(store.install('app:1', { config: {}, fill })).rejects.toThrow('no');
  expect(store.list()).toEqual([]);
});

it('an unknown image is answered by what to do, and again when another store on the folder gets it', async () => {
  const store = new ImageStore(state);
  const answers: Answer[] = [];
  const found = new Promise<void>((resolve) => {
    store.answer({ ask: 'image', image: 'app:1' }, (answer) => {
      answers.push(answer);
      if (answer.ok) resolve();
      else void new ImageStore(state).install('app:1', content('x'));
    });
  });
  await found;
  store.close();
  expect(answers[0]).toMatchObject({
    ok: false,
    failure: { code: 'ErrImagePull', fix: expect.stringContaining('pern release') },
  });
});

it('an invalid reference is InvalidImageName', async () => {
  const store = new ImageStore(state);
  const answer = await new Promise<Answer>((resolve) => store.answer({ ask: 'image', image: 'app::1' }, resolve));
  store.close();
  expect(answer).toMatchObject({ ok: false, failure: { code: 'InvalidImageName' } });
});

it('a built-in image is made when asked for, and made again only from another recipe', async () => {
  let made = 0;
  let recipe = 'a';
  const builtIn = {
    matches: ({ name }: { name: string }) => name.endsWith('/db'),
    recipe: () => recipe,
    content: () => ({ config: {}, fill: () => void made++ }),
  };
  const store = new ImageStore(state, [builtIn]);
  await Promise.all([store.resolve('db:1'), store.resolve('db:1')]);
  await store.resolve('db:1');
  expect(made).toBe(1);
  recipe = 'b';
  await store.resolve('db:1');
  expect(made).toBe(2);
  await expect(store.resolve('other:1')).rejects.toThrow(ImageUnavailableError);
});
