import { defineConfig } from 'vitest/config';

/** `unit` is hermetic and fast; `e2e` runs the live host with real processes. */
export default defineConfig({
  test: {
    // Vitest would leave one processor idle, and CI machines have two.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{engine,cli,check,rehearse,pern-app,scripts}/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', '**/*.e2e.test.ts'],
          environment: 'node',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['{engine,cli,pern-app}/**/*.e2e.test.ts'],
          environment: 'node',
          // After the unit tests. Engines side by side take networks of their own.
          sequence: { groupOrder: 1 },
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
