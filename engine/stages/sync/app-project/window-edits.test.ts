import { expect, it } from 'vitest';
import type { SyncWindow } from './sync-window.ts';
import { addWindow, deleteWindow, switchWindow, updateWindow } from './window-edits.ts';

const night: SyncWindow = { kind: 'deny', schedule: '0 2 * * *', duration: '1h', applications: ['*'] };
const day: SyncWindow = {
  kind: 'allow',
  schedule: '0 9 * * *',
  duration: '8h',
  namespaces: ['shop'],
  timeZone: 'Europe/Berlin',
};

it('adds what is valid and new', () => {
  expect(addWindow([night], day)).toEqual([night, day]);
  expect(() => addWindow([night], { ...night, manualSync: true })).toThrow('already exists');
  expect(() => addWindow([], { kind: 'deny' })).toThrow('cannot create window: require kind, schedule, duration');
  expect(() => addWindow([], { ...night, schedule: '* * * * 7' })).toThrow("cannot parse schedule '* * * * 7'");
  expect(() => addWindow([], { ...night, applications: [] })).toThrow(
    'requires one of application, cluster or namespace',
  );
});

it('updates what is given, and sets the zone back to UTC as upstream does', () => {
  expect(updateWindow([night, day], 1, { duration: '4h' })).toEqual([
    night,
    { ...day, duration: '4h', timeZone: 'UTC' },
  ]);
  expect(updateWindow([day], 0, { timeZone: 'Asia/Tokyo', applications: ['a'] })[0]).toEqual({
    ...day,
    applications: ['a'],
    timeZone: 'Asia/Tokyo',
  });
  expect(() => updateWindow([day], 0, { timeZone: 'UTC' })).toThrow('cannot update: require one or more of');
  expect(() => updateWindow([day], 0, { duration: '2a' })).toThrow("cannot parse duration '2a'");
});

it('switches, deletes, and knows what is not there', () => {
  const manual = switchWindow([night], 0, 'manualSync', true);
  expect(manual).toEqual([{ ...night, manualSync: true }]);
  expect(switchWindow(manual, 0, 'manualSync', false)).toEqual([night]);
  expect(deleteWindow([night, day], 0)).toEqual([day]);
  expect(() => deleteWindow([night], 1)).toThrow("window with id '1' not found");
  expect(() => switchWindow([night], 7, 'syncOverrun', true)).toThrow("window with id '7' not found");
});
