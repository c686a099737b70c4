/** Shapes of workflows that only the real service can run, on an unchanged application. */
import { describe, expect, test } from 'vitest';
import { freePort } from '../support/app.js';
import { scrape } from '../support/metrics.js';
import { BEST_SERVICE } from '../support/temporal.js';
import { MORE_SHAPES } from '../support/temporal-more-shapes.js';
import { TIMEOUT_MS, useShapeRuns } from '../support/temporal-shape-runs.js';

describe.runIf(BEST_SERVICE.name === 'the real service')('more shapes of workflows', () => {
  const { run, check, spansOf, replay } = useShapeRuns(BEST_SERVICE.start, 'more', TOLD);

  test(
    'each operation is told once, as the service sees it, and histories are those of the bare application',
    async () => {
      const bare = await run('bare', MORE_SHAPES);
      const runs = await run('observed', MORE_SHAPES);
      check('observed', MORE_SHAPES, runs, bare);
    },
    TIMEOUT_MS,
  );

  test(
    'nothing changes if interceptors of the application wait before they start an operation',
    async () => {
      const bare = await run('bare-delayed', MORE_SHAPES, { TICKS: '1' });
      const runs = await run('delayed', MORE_SHAPES, { TICKS: '1' });
      check('delayed', MORE_SHAPES, runs, bare);
    },
    TIMEOUT_MS,
  );

  test(
    'a workflow task that fails has a metric of its own, and its run has not failed',
    async () => {
      const port = await freePort();
      const played = MORE_SHAPES.filter(({ name }) => name === 'HandlerBug');
      const page = { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) };
      const running = run('page', played, page);
      const failures = async (): Promise<number | undefined> => {
        const samples = await scrape(port).catch(() => []);
        return samples.find(
          ({ name, labels }) =>
            name === 'temporal_workflow_task_execution_failed_total' &&
            labels['failure_reason'] === 'WorkflowError',
        )?.value;
      };
      await expect.poll(failures, { timeout: 60_000, interval: 100 }).toBeGreaterThan(0);
      await running;

      const runs = spansOf('page').filter(({ name }) => name === 'RunWorkflow:HandlerBug');
      expect(runs.map(({ attributes }) => attributes['temporal.status'])).toEqual(['completed']);
    },
    TIMEOUT_MS,
  );

  test(
    'histories of the bare and of the observed application replay in both',
    async () => {
      await replay(/delayed/, { TICKS: '1' }, NO_REPLAY);
      await replay(/^(?!.*delayed)/, {}, NO_REPLAY);
    },
    TIMEOUT_MS,
  );
});

/** Breaks its first replays by intent. */
const NO_REPLAY = /NotDeterministic/;

/** What workers tell, and what clients do with running workflows. */
const TOLD =
  /^(?:Run|Handle|Continue|QueryWorkflow|SignalWorkflow|Start(?!Workflow:)|ExecuteWorkflowUpdate|ExecuteUpdate|UpdateWith|GetWorkflowUpdate)/;
