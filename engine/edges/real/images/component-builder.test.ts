import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildComponent } from './component-builder.ts';

const repository = join(import.meta.dirname, '..', '..', '..', '..');

it.each([
  ['backend', 'error-rate=0.2,nonsense=1', 'backend has no fault "nonsense"; there are: error-rate, latency-ms'],
  ['frontend', 'query-delay-ms=5', 'frontend has no fault "query-delay-ms"'],
])('refuses a fault that %s does not know, before anything is built', async (component, faults, message) => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'pern-build-'));
  try {
    await expect(buildComponent({ repository, stateFolder, component, version: '1.0.0', faults })).rejects.toThrow(
      message,
    );
  } finally {
    rmSync(stateFolder, { recursive: true, force: true });
  }
});
