/** How long an application takes until it listens, and what an agent adds to that time. */
import type { Agent } from './agents.mts';
import type { Services } from './services.mts';
import { shuffled } from './statistics.mts';
import { startTarget } from './target.mts';

/** Milliseconds from the start of the process until it listens, by agent, with one value per round. */
export async function measureStartUp(
  agents: readonly Agent[],
  rounds: number,
  { endpoints, upstreams }: Services,
): Promise<Map<Agent, number[]>> {
  const times = new Map<Agent, number[]>(agents.map((agent) => [agent, []]));
  // The first round warms the file cache.
  for (let round = 0; round <= rounds; round += 1) {
    for (const agent of shuffled(agents)) {
      const target = await startTarget(agent, 'http', endpoints, upstreams);
      if (round > 0) times.get(agent)?.push(target.startedIn);
      await target.stop();
    }
    console.error(`  start-up, round ${round} of ${rounds}`);
  }
  return times;
}
