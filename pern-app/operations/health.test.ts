import { describe, expect, test } from 'vitest';
import { cachedCheck, createHealth } from './health.ts';

/** A dependency whose state and clock the test decides. */
function dependency() {
  const world = { up: true, nowMs: 0, probes: 0 };
  const probe = async () => {
    world.probes += 1;
    if (!world.up) throw new Error('refused');
  };
  const check = cachedCheck({ name: 'database', probe, freshMs: 500, graceMs: 5000, now: () => world.nowMs });
  return { world, check };
}

describe('cachedCheck', () => {
  test('asks at most once per freshMs, also when asked at the same time', async () => {
    const { world, check } = dependency();
    await Promise.all([check.observe(), check.observe()]);
    world.nowMs = 499;
    await check.observe();
    expect(world.probes).toBe(1);
    world.nowMs = 500;
    await check.observe();
    expect(world.probes).toBe(2);
  });

  test('there is no grace before the first success', async () => {
    const { world, check } = dependency();
    world.up = false;
    expect(await check.observe()).toBe('database: refused');
  });

  test('a short flap is forgiven, a long outage is not, and its end is noticed', async () => {
    const { world, check } = dependency();
    await check.observe();
    world.up = false;
    world.nowMs = 4999;
    expect(await check.observe()).toBeUndefined();
    world.nowMs = 5500;
    expect(await check.observe()).toBe('database: refused');
    world.up = true;
    world.nowMs = 6000;
    expect(await check.observe()).toBeUndefined();
  });
});

describe('createHealth', () => {
  test('draining makes a healthy process unready, without asking anything', async () => {
    const { world, check } = dependency();
    const health = createHealth({ checks: [check], failReadiness: false });
    expect(await health.observeReadiness()).toEqual({ ready: true, reasons: [] });
    health.startDraining();
    expect(await health.observeReadiness()).toEqual({ ready: false, reasons: ['shutting down'] });
    expect(world.probes).toBe(1);
  });

  test('the readiness fault never becomes ready', async () => {
    const health = createHealth({ checks: [], failReadiness: true });
    expect((await health.observeReadiness()).ready).toBe(false);
  });
});
