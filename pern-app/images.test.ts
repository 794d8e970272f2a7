import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { images } from './images.ts';

const at = (path: string) => join(import.meta.dirname, path);

describe.each(images)('image $name', ({ entries, assets, vite, config }) => {
  test('every source it names exists', () => {
    for (const entry of Object.values(entries)) expect(existsSync(at(entry)), entry).toBe(true);
    for (const { from } of assets) expect(readdirSync(at(from)).length, from).toBeGreaterThan(0);
    if (vite !== undefined) expect(existsSync(at(join(vite.root, 'vite.config.ts'))), vite.root).toBe(true);
  });

  test('readiness 8, 9: it starts node itself, not as root, and the command is one of its entries', () => {
    expect(config.entrypoint).toEqual(['node']);
    expect(Number(config.user)).toBeGreaterThan(0);
    expect(Object.keys(entries).map((name) => `${name}.js`)).toContain(config.cmd[0]);
  });
});
