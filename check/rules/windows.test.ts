import { describe, expect, it } from 'vitest';
import { application, PROJECT, SERVICE } from '../testing/objects.ts';
import { brief, findingsOf } from '../testing/tree.ts';
import { WINDOWS } from './windows.ts';

const tree = (spec: string) => ({
  'app.yaml': application('web', 'web'),
  'web/service.yaml': SERVICE,
  'project.yaml': PROJECT + spec,
});
const windows = (...lines: readonly string[]) =>
  tree(`  syncWindows:\n${lines.map((line) => `    - {${line}, applications: [web]}\n`).join('')}`);
const found = (files: Record<string, string>) => brief(findingsOf(files, WINDOWS));

const WORKING_HOURS = 'kind: allow, schedule: "0 8 * * 1-5", duration: 9h, timeZone: Europe/Berlin';

describe('windows', () => {
  it('of working days, frozen at weekends, have no findings', () => {
    expect(found(windows(WORKING_HOURS, 'kind: deny, schedule: "0 0 * * 6", duration: 48h'))).toEqual([]);
  });

  it('that a deny closes for good', () => {
    expect(found(windows(WORKING_HOURS, 'kind: deny, schedule: "* * * * *", duration: 1h'))).toEqual([
      expect.stringContaining('windows/opening no sync of web is ever allowed'),
    ]);
  });

  it('that are never closed', () => {
    expect(found(windows('kind: allow, schedule: "* * * * *", duration: 1h'))).toEqual([
      expect.stringContaining('windows/opening the windows of web are never closed'),
    ]);
  });

  it('that are shorter than a reconcile', () => {
    expect(found(windows('kind: allow, schedule: "0 8 * * *", duration: 90s'))).toEqual([
      expect.stringContaining('windows/opening the windows of web open for 1m30s'),
    ]);
  });

  it('that do not parse', () => {
    expect(found(windows('kind: allow, schedule: "0 8 * * 1-7", duration: 1h'))).toEqual([
      expect.stringMatching(/^project\.yaml:\d+:7 windows\/invalid /),
    ]);
    expect(found(windows('kind: allow, schedule: "0 8 * * *", duration: 1 day'))).toHaveLength(1);
  });

  it('that are about no application', () => {
    const files = windows(WORKING_HOURS);
    const misspelt = {
      ...files,
      'project.yaml': files['project.yaml'].replace('applications: [web]', 'applications: [wep]'),
    };
    expect(found(misspelt)).toEqual([
      expect.stringContaining('windows/no-application this window is about no Application of shop'),
    ]);
  });
});

describe('projects', () => {
  it('with a policy for another project', () => {
    const roles = '  roles:\n    - name: ci\n      policies: ["p, proj:shop:ci, applications, sync, other/*, allow"]\n';
    expect(found(tree(roles))).toEqual([expect.stringContaining('project/invalid')]);
    expect(found(tree(roles.replace('other/*', 'shop/*')))).toEqual([]);
  });
});
