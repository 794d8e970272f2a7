import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Answer, Question } from '#machine/questions.ts';
import { type Snapshot, snapshotOf } from '../../../stages/commit/snapshot.ts';
import { RevisionFollowers } from './revision-followers.ts';

const ONE = '1'.repeat(40);
const TWO = '2'.repeat(40);

const snapshot = (files: Record<string, string>): Snapshot =>
  snapshotOf(
    new Map(Object.entries(files).map(([path, oid]) => [path, { type: 'file', oid, sizeBytes: 1 }])),
    new Map(),
  );

/** A repository with one branch, whose commits and look-ups the test sees. */
function repository() {
  const commits = new Map([[ONE, snapshot({ 'a/x': '1', 'b/x': '1' })]]);
  const state = { sha: ONE, lookUps: 0, failure: undefined as Error | undefined, moved: () => {} };
  const parts = {
    revision: async () => {
      state.lookUps++;
      if (state.failure !== undefined) throw state.failure;
      return { sha: state.sha };
    },
    snapshot: async (sha: string) => {
      const found = commits.get(sha);
      if (found === undefined) throw new Error('no such commit');
      return found;
    },
    onRefChange: (listener: () => void) => {
      state.moved = listener;
      return () => {};
    },
  };
  const commit = (sha: string, files: Record<string, string>) => {
    commits.set(sha, snapshot(files));
    state.sha = sha;
    state.moved();
  };
  return { parts, state, commit, forget: (sha: string) => commits.delete(sha) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Followers by name, with what each was told. `unchanged` names the paths whose rendering no commit changes. */
function follow(questions: Record<string, object>, unchanged: readonly string[] = []) {
  const git = repository();
  const followers = new RevisionFollowers(git.parts as never, (_commit, { path }) => unchanged.includes(path));
  const told: string[] = [];
  const ends = Object.entries(questions).map(([name, interest]) => {
    const question = { ask: 'revision', repoURL: 'r', revision: 'main', ...interest } as Extract<
      Question,
      { ask: 'revision' }
    >;
    return followers.follow(question, (answer: Answer) => {
      const value = answer.ok ? (answer.value as { sha: string; touched?: boolean }) : undefined;
      told.push(
        `${name} ${value === undefined ? 'failed' : value.sha[0]}${value?.touched === undefined ? '' : ` ${value.touched}`}`,
      );
    });
  });
  return { ...git, told, ends };
}

const settled = () => vi.advanceTimersByTimeAsync(0);

it('tells those whom a commit concerns at once and the others after them; a ref is looked up once', async () => {
  const quiet = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`q${index}`, { renders: { path: 'quiet' } }]),
  );
  const { told, commit, state } = follow({ ...quiet, loud: { renders: { path: 'loud' } } }, ['quiet']);
  await settled();
  expect([told.length, state.lookUps]).toEqual([31, 1]);
  told.length = 0;
  commit(TWO, { 'a/x': '2' });
  await settled();
  expect([told, state.lookUps]).toEqual([['loud 2'], 2]);
  await vi.advanceTimersByTimeAsync(60);
  expect(told.length).toBe(21);
  await vi.advanceTimersByTimeAsync(1000);
  expect(told.length).toBe(31);
});

it('does not tell of commits that leave the named paths alone, and says whether they changed since another', async () => {
  const { told, commit, forget } = follow({ a: { paths: ['a'] }, since: { paths: ['b'], since: ONE } });
  await settled();
  expect(told).toEqual(['a 1', 'since 1 false']);
  commit(TWO, { 'a/x': '1', 'b/x': '2' });
  await settled();
  expect(told.slice(2)).toEqual(['since 2 true']);
  forget(ONE);
  commit('3'.repeat(40), { 'a/x': '1', 'b/x': '2' });
  await settled();
  expect(told.slice(3), 'what it was told last is gone: told to be safe').toEqual(['a 3']);
});

it('tells of failures and of the end of them, and nothing after the end', async () => {
  const { told, commit, state, ends } = follow({ one: {}, two: {} });
  await settled();
  state.failure = new Error('away');
  state.moved();
  await settled();
  state.failure = undefined;
  ends[1]?.();
  commit(TWO, {});
  await settled();
  expect(told).toEqual(['one 1', 'two 1', 'one failed', 'two failed', 'one 2']);
});
