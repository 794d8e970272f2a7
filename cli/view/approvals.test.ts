import { describe, expect, it } from 'vitest';
import { needsApproval, overrideLines, waitingApproval, waitingLines } from './approvals.ts';
import type { Application } from './environments.ts';
import { plainText } from './lines.ts';
import { assessReadiness } from './system.ts';

const SHA = `1a2b3c4${'0'.repeat(33)}`;

function application(name: string, parts: Record<string, unknown> = {}, annotations: Record<string, string> = {}) {
  const { status, syncPolicy, operation } = parts;
  return {
    metadata: {
      name,
      namespace: 'argocd',
      annotations,
      ownerReferences: name === 'root' ? [] : [{ kind: 'ApplicationSet' }],
    },
    spec: { source: { path: `overlays/${name}` }, destination: { namespace: name }, syncPolicy },
    status: { sync: { status: 'Synced' }, health: { status: 'Healthy' }, ...(status as object) },
    ...(operation === undefined ? {} : { operation }),
  } as unknown as Application;
}

const OUT_OF_SYNC = { status: { sync: { status: 'OutOfSync', revision: SHA } } };
const AUTOMATED = { syncPolicy: { automated: { enabled: false, prune: true } } };

describe('what waits for an approval', () => {
  it('is what is OutOfSync and synced by nobody', () => {
    const production = application('production', OUT_OF_SYNC);
    expect(waitingApproval(production, [production])).toEqual({ environment: 'production', commit: SHA });
    expect(plainText(waitingLines([production]))).toBe(
      'production waits for approval of 1a2b3c4: pern approve production\n',
    );
  });

  it('is not what its ApplicationSet syncs, what is being synced, and not the platform', () => {
    const staging = application('staging', { ...OUT_OF_SYNC, ...AUTOMATED });
    const busy = application('production', { ...OUT_OF_SYNC, operation: {} });
    const root = application('root', OUT_OF_SYNC);
    for (const each of [staging, busy, root]) expect(waitingApproval(each, [each])).toBeUndefined();
    expect([needsApproval(staging), needsApproval(busy), needsApproval(root)]).toEqual([false, true, false]);
  });

  it('is on this machine what the engine notes on the root', () => {
    const production = application('production');
    const root = application('root', {}, { 'pern-gitops.dev/waits-for-approval': JSON.stringify({ production: SHA }) });
    expect(waitingApproval(production, [root, production])?.commit).toBe(SHA);
    const broken = application('root', {}, { 'pern-gitops.dev/waits-for-approval': 'not json' });
    expect(waitingApproval(production, [broken, production])).toBeUndefined();
  });

  it('does not hold up a start; an environment that its set has not synced yet does', () => {
    const production = application('production', OUT_OF_SYNC);
    const staging = application('staging', { ...OUT_OF_SYNC, ...AUTOMATED });
    const installing = application('production', { ...OUT_OF_SYNC, operation: {} });
    expect(assessReadiness([production]).isReady).toBe(true);
    expect(assessReadiness([production, staging]).isReady).toBe(false);
    expect(assessReadiness([installing]).isReady).toBe(false);
  });
});

it('overrides are counted and listed', () => {
  const root = application('root', {}, { 'pern-gitops.dev/local-overrides': 'one thing\nanother' });
  expect(plainText(overrideLines([root]))).toBe(
    '\n2 local overrides of what git says (none with "pern up --strict"):\n  - one thing\n  - another\n',
  );
  expect(overrideLines([application('root')])).toEqual([]);
});
