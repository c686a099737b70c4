import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Most tests wait for processes that they have started, so three files at once keep two processors busy.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    globalSetup: ['test/support/install-nodes.ts', 'test/support/install-applications.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**'] },
      },
      {
        // These start applications under dist/, which must be that of the sources.
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: [
            'test/support/install-nodes.ts',
            'test/support/install-applications.ts',
            'test/support/install-tools.ts',
            'test/support/fresh-build.ts',
          ],
        },
      },
    ],
  },
});
