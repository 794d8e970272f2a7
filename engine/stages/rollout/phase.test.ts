import { expect, it } from 'vitest';
import { computePhase } from './phase.ts';
import { formatStep } from './steps.ts';
import type { CanaryStep, RolloutSpec, RolloutStatus } from './types.ts';

const condition = (type: string, reason: string, message: string) => ({
  type,
  status: 'False',
  reason,
  message,
  lastUpdateTime: '',
  lastTransitionTime: '',
});
const HEALTHY: RolloutStatus = {
  replicas: 5,
  updatedReplicas: 5,
  availableReplicas: 5,
  readyReplicas: 5,
  stableRS: 'a',
  currentPodHash: 'a',
};

const BLUE_GREEN: Partial<RolloutSpec> = { strategy: { blueGreen: { activeService: 's' } } };

it.each<[string, Partial<RolloutSpec>, RolloutStatus, string]>([
  [
    'S01',
    {},
    { conditions: [condition('Progressing', 'ProgressDeadlineExceeded', 'timed out')] },
    'Degraded "ProgressDeadlineExceeded: timed out"',
  ],
  ['S01 invalid', {}, { conditions: [condition('InvalidSpec', 'InvalidSpec', 'bad')] }, 'Degraded "InvalidSpec: bad"'],
  ['S02', { paused: true }, {}, 'Paused "manually paused"'],
  [
    'S02 condition',
    {},
    { pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }] },
    'Paused "CanaryPauseStep"',
  ],
  ['S03', {}, { updatedReplicas: 4 }, 'Progressing "more replicas need to be updated"'],
  ['S04', {}, { availableReplicas: 4 }, 'Progressing "updated replicas are still becoming available"'],
  ['S05', {}, { replicas: 7 }, 'Progressing "old replicas are pending termination"'],
  ['steps left', {}, { stableRS: 'b' }, 'Progressing "waiting for all steps to complete"'],
  ['S06', BLUE_GREEN, { blueGreen: { activeSelector: 'b' } }, 'Progressing "active service cutover pending"'],
  [
    'S07',
    { strategy: { blueGreen: { activeService: 's', postPromotionAnalysis: {} } } },
    { stableRS: 'b', blueGreen: { activeSelector: 'a' } },
    'Progressing "waiting for analysis to complete"',
  ],
  [
    'S08',
    BLUE_GREEN,
    { stableRS: 'b', blueGreen: { activeSelector: 'a' } },
    'Progressing "waiting for post-promotion verification to complete"',
  ],
  ['S11 blue-green', BLUE_GREEN, { replicas: 7, blueGreen: { activeSelector: 'a' } }, 'Healthy ""'],
  ['S10', { restartAt: '2026-01-05T09:00:00Z' }, {}, 'Progressing "rollout is restarting"'],
  ['S10 done', { restartAt: '2026-01-05T09:00:00Z' }, { restartedAt: '2026-01-05T09:00:00Z' }, 'Healthy ""'],
  ['S11', {}, {}, 'Healthy ""'],
])('rollouts/%s', (_id, spec, status, expected) => {
  const { phase, message } = computePhase(
    { replicas: 5, strategy: { canary: {} }, ...spec },
    { ...HEALTHY, ...status },
  );
  expect(`${phase} "${message}"`).toBe(expected);
});

it.each<[CanaryStep, string]>([
  [{ setWeight: 20 }, 'setWeight: 20'],
  [{ pause: {} }, 'pause'],
  [{ pause: { duration: 10 } }, 'pause: 10'],
  [{ pause: { duration: '10s' } }, 'pause: 10s'],
  [{ experiment: {} }, 'experiment'],
  [{ analysis: {} }, 'analysis'],
  [{ setCanaryScale: { weight: 20 } }, 'setCanaryScale{weight: 20}'],
  [{ setCanaryScale: { matchTrafficWeight: true } }, 'setCanaryScale{matchTrafficWeight: true}'],
  [{ setCanaryScale: { replicas: 5 } }, 'setCanaryScale{replicas: 5}'],
  [{ plugin: { name: 'foo' } }, 'plugin: foo'],
])('rollouts/S12 %o is shown as %s', (step, text) => {
  expect(formatStep(step)).toBe(text);
});
