import { describe, expect, it } from 'vitest';
import { fileFindings } from './tidy.ts';

describe('the architecture as a check', () => {
  it.each([
    ['engine/stages/rollout/plan.ts', 'const now = Date.now();'],
    ['engine/mechanism/api/resources.ts', "import { readFileSync } from 'node:fs';"],
    ['engine/workloads/job/controller.ts', 'setTimeout(run, 5);'],
    ['engine/stages/sync/plan.ts', 'const id = crypto.randomUUID();'],
  ])('%s may not say: %s', (file, line) => {
    expect(fileFindings(file, line)).toHaveLength(1);
  });

  it.each([
    ['engine/edges/real/node/x.ts', 'const now = Date.now();'],
    ['engine/host/live.ts', "import { readFileSync } from 'node:fs';"],
    ['engine/stages/rollout/plan.ts', ' * Never call Date.now() here.'],
    ['engine/stages/rollout/plan.test.ts', 'const now = Date.now();'],
  ])('%s may say: %s', (file, line) => {
    expect(fileFindings(file, line)).toEqual([]);
  });

  it.each([
    ['engine/vocabulary/core/x.ts', "import { a } from '#kube/object.ts';"],
    ['engine/stages/rollout/plan.ts', "import { a } from '#edges/real/git/x.ts';"],
    ['engine/edges/sim/x.ts', "import { a } from '../real/y.ts';"],
    ['engine/stages/rollout/plan.ts', "import { planRun } from '../analysis/plan.ts';"],
    ['cli/main.ts', "import { Engine } from '../engine/host/engine.ts';"],
    ['pern-app/backend/app.ts', "import { x } from '../../engine/vocabulary/core/json.ts';"],
  ])('%s may not: %s', (file, line) => {
    expect(fileFindings(file, line)[0]).toMatch(/may not import|stored objects only/);
  });
});
