import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blueGreenNewCount, type HashedRsCounts, isReadyForPause } from './blue-green-counts.ts';
import { computePhase } from './phase.ts';
import { canaryCounts, isAtDesiredCounts, type RsCounts, resolveFenceposts } from './replica-counts.ts';
import type { Rollout, RolloutSpec, RolloutStatus, RolloutTerms, TrafficWeights } from './types.ts';
import { validateSpec } from './validation.ts';

/** Answers of Argo Rollouts v1.9.1 itself, from gen/ask-upstream.go; the inputs are random but for those of validation. */
function golden<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`testdata/upstream/${name}.json`, import.meta.url), 'utf8')) as T[];
}

interface CountsCase {
  rollout: RolloutTerms;
  new: RsCounts;
  stable?: RsCounts;
  others: RsCounts[];
  weights?: TrafficWeights;
  answer: [canary: number, stable: number, atDesired: boolean];
}

describe('as upstream answers', () => {
  it('replica counts of canaries, and whether they are reached', () => {
    for (const { rollout, new: newRS, stable, others, weights, answer } of golden<CountsCase>('replica-counts')) {
      const sets = { newRS, otherRSs: others, ...(stable === undefined ? {} : { stableRS: stable }) };
      const { canary, stable: wanted } = canaryCounts(rollout, sets, weights);
      const reached = isAtDesiredCounts(rollout, sets, weights);
      expect([canary, wanted, reached], JSON.stringify(rollout)).toEqual(answer);
    }
  });

  it('sizes of the new ReplicaSet of a blue-green rollout', () => {
    const hashed = (rs: RsCounts): HashedRsCounts => ({ ...rs, hash: rs.name });
    for (const { rollout, new: created, stable, answer } of golden<CountsCase & { stable: RsCounts }>(
      'blue-green-counts',
    )) {
      const newRS = hashed(created);
      const all = [newRS, hashed(stable)];
      const got = [
        blueGreenNewCount(rollout, newRS, all),
        isReadyForPause(rollout, newRS, all),
        resolveFenceposts(rollout).unavailable,
      ];
      expect(got, JSON.stringify(rollout)).toEqual(answer);
    }
  });

  it('phases and messages', () => {
    for (const { spec, status, answer } of golden<{ spec: RolloutSpec; status: RolloutStatus; answer: string[] }>(
      'phases',
    )) {
      const { phase, message } = computePhase(spec, status);
      expect([phase, message], JSON.stringify({ spec, status })).toEqual(answer);
    }
  });

  it.each(golden<{ spec: RolloutSpec; answer: string | null }>('validation').map((item) => [item.answer, item.spec]))(
    'validation: %s',
    (answer, spec) => {
      const metadata = {
        name: 'web',
        namespace: 'shop',
        uid: 'u',
        resourceVersion: '1',
        creationTimestamp: '2026-01-05T09:00:00Z',
        labels: { app: 'web' },
      };
      const rollout = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata, spec } as Rollout;
      expect(validateSpec(rollout)[0] ?? null).toBe(answer);
    },
  );
});
