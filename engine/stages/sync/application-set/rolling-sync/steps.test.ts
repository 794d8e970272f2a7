import { describe, expect, it } from 'vitest';
import { assignSteps, isReverseDeletion, isRollingSync, issueMessage, stepsOf } from './steps.ts';
import type { RolloutStep, Strategy } from './types.ts';

const app = (name: string, labels: Record<string, string>) => ({ name, labels });
const step = (...rules: [key: string, operator: string, ...values: string[]][]): RolloutStep => ({
  matchExpressions: rules.map(([key, operator, ...values]) => ({ key, operator, values })),
});
const rolling = (steps: RolloutStep[], deletionOrder?: string): Strategy => ({
  type: 'RollingSync',
  rollingSync: { steps },
  ...(deletionOrder === undefined ? {} : { deletionOrder }),
});

describe('which step selects which Application', () => {
  it('cd/B01 nothing without RollingSync', () => {
    expect(stepsOf(undefined)).toEqual([]);
    expect(stepsOf({ type: 'AllAtOnce', rollingSync: { steps: [step()] } })).toEqual([]);
    expect(isRollingSync({ type: 'RollingSync' })).toBe(false);
  });

  it('cd/B02 In selects by value', () => {
    const { steps, stepOf, issues } = assignSteps([step(['env', 'In', 'dev'])], [app('app-dev', { env: 'dev' })]);
    expect(steps).toEqual([['app-dev']]);
    expect([...stepOf]).toEqual([['app-dev', 0]]);
    expect(issueMessage(issues)).toBeUndefined();
  });

  it('cd/B03 all expressions must hold', () => {
    const { steps } = assignSteps(
      [step(['env', 'In', 'qa', 'prod'], ['region', 'NotIn', 'us-west-2'])],
      [
        app('app-dev', { env: 'dev' }),
        app('app-qa1', { env: 'qa', region: 'us-west-2' }),
        app('app-qa2', { env: 'qa', region: 'us-east-2' }),
      ],
    );
    expect(steps).toEqual([['app-qa2']]);
  });

  it('cd/B04 an Application in two steps belongs to the first and is reported', () => {
    const { steps, stepOf, issues } = assignSteps(
      [step(['env', 'In', 'dev']), step(['region', 'In', 'us-west-2'])],
      [app('app-dev', { env: 'dev', region: 'us-west-2' }), app('app-qa', { region: 'us-west-2' })],
    );
    expect(steps).toEqual([['app-dev'], ['app-dev', 'app-qa']]);
    expect([...stepOf]).toEqual([
      ['app-dev', 0],
      ['app-qa', 1],
    ]);
    expect([...issues.duplicates]).toEqual([['app-dev', [0, 1]]]);
    expect(issueMessage(issues)).toBe("Application 'app-dev' is selected by multiple steps: (1-2)");
  });

  it('cd/B05 an operator that does not exist selects nothing that has the label', () => {
    const { steps, stepOf, issues } = assignSteps(
      [step(['env', 'Invalid', 'dev']), step(['env', 'In', 'dev'])],
      [app('app-dev', { env: 'dev' })],
    );
    expect(steps).toEqual([[], ['app-dev']]);
    expect([...stepOf]).toEqual([['app-dev', 1]]);
    expect(issues.emptySteps).toEqual([0]);
    expect(issueMessage(issues)).toBe(
      "Step 1 has invalid matchExpression operators: Invalid. Supported Operators are 'In' and 'NotIn'",
    );
  });

  it('cd/B06 NotIn selects what lacks the label', () => {
    expect(assignSteps([step(['env', 'NotIn', 'dev'])], [app('a', {})]).steps).toEqual([['a']]);
    expect(assignSteps([step()], [app('a', {})]).steps).toEqual([['a']]);
  });

  it('reports empty steps last, and several at once', () => {
    const { issues } = assignSteps([step(['a', 'In', 'b']), step(), step(['c', 'In', 'd'])], [app('x', {})]);
    expect(issueMessage(issues)).toBe('Steps [1 3] have no applications matching their criteria');
    issues.invalidMaxUpdates.push({ step: 0, maxUpdate: 'x' }, { step: 1, maxUpdate: 'y%' });
    expect(issueMessage(issues)).toBe('Steps 1, 2 have invalid maxUpdate values: [x, y%]');
    issues.duplicates.set('b', [0, 1]).set('a', [1, 2]);
    expect(issueMessage(issues)).toBe("Applications 'a', 'b' are selected by multiple steps: [(2-3), (1-2)]");
  });
});

it('cd/B51 reverse deletion needs RollingSync with steps', () => {
  expect(isReverseDeletion(rolling([step()], 'reverse'))).toBe(true);
  expect(isReverseDeletion(rolling([step()], 'AllAtOnce'))).toBe(false);
  expect(isReverseDeletion(rolling([step()]))).toBe(false);
  expect(isReverseDeletion(rolling([], 'Reverse'))).toBe(false);
  expect(isReverseDeletion({ type: 'AllAtOnce', deletionOrder: 'Reverse' })).toBe(false);
});
