/**
 * Many shapes of workflows, on an unchanged application: what is told of each is exact, and its history is the same as
 * without Redhook.
 */
import { describe, expect, test } from 'vitest';
import { SERVICES } from '../support/temporal.js';
import { eventsOf, TIMEOUT_MS, useShapeRuns } from '../support/temporal-shape-runs.js';
import { SHAPES } from '../support/temporal-shapes.js';

describe.each(SERVICES)('shapes of workflows, on $name', ({ name: serviceName, start }) => {
  const shapes = SHAPES.filter(({ onlyReal }) => !onlyReal || serviceName === 'the real service');
  const { run, check, spansOf, replay } = useShapeRuns(start, '.', TOLD);

  test(
    'each operation is told once, as the service sees it, and histories are those of the bare application',
    async () => {
      const bare = await run('bare', shapes);
      const runs = await run('observed', shapes);
      check('observed', shapes, runs, bare);
    },
    TIMEOUT_MS,
  );

  test(
    'nothing changes if interceptors of the application wait before they start an operation',
    async () => {
      const played = shapes.filter(({ name }) => DELAYED.test(name));
      const bare = await run('bare-delayed', played, { TICKS: '1' });
      const runs = await run('delayed', played, { TICKS: '1' });
      check('delayed', played, runs, bare);
    },
    TIMEOUT_MS,
  );

  test(
    'nothing changes without a cache, when each task replays the workflow from its start',
    async () => {
      const played = shapes.filter(({ name }) => !NEEDS_CACHE.test(name));
      const bare = await run('bare-uncached', played, { CACHED: '0' });
      const runs = await run('uncached', played, { CACHED: '0' });
      check('uncached', played, runs, bare);
    },
    TIMEOUT_MS,
  );

  test(
    'what fails and is not awaited fails its task, as without the flag',
    async () => {
      const played = ['Unawaited', 'UnawaitedChild'].map((name) => ({ name, told: [] }));
      for (const ticks of [{}, { TICKS: '1' }]) {
        const [bare, service] = ticks.TICKS
          ? ['bare-unawaited-delayed', 'unawaited-delayed']
          : ['bare-unawaited', 'unawaited'];
        const expected = await run(bare as string, played, ticks);
        const runs = await run(service as string, played, ticks);
        for (const shape of played) expect(eventsOf(shape, runs)).toEqual(eventsOf(shape, expected));
        // The client has terminated it.
        const ended = spansOf(service as string).filter(({ name }) => name === 'RunWorkflow:Unawaited');
        expect(ended.map(({ attributes }) => attributes['temporal.status'])).toEqual(['terminated']);
      }
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

const DELAYED = /^(?:Activity|Local|Race|Child|Refused|Signals|Own|Parallel|Nexus|HandlerLeftOpen)/;
/** Without a cache, the core drops local activities, with and without Redhook. */
const NEEDS_CACHE = /^(?:Local|SignaledAtTheEnd)/;

/** Does not replay in the bare application either. */
const NO_REPLAY = /LocalActivityUnknown/;

/** What workers tell, and updates as clients see them. */
const TOLD =
  /^(?!RunActivity:slow)(Run|ExecuteWorkflowUpdate|ExecuteUpdate|Handle|Continue|SignalWorkflow|StartActivity|StartChild|StartNexus)/;
