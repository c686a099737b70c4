/** The results of a run of the benchmark. Parts that were not requested are missing. */
import { type Agent, type App, bare } from './agents.mts';
import type { Installed } from './installed.mts';
import type { Sample } from './requests.mts';
import type { ScrapeCost } from './scrape.mts';
import type { Soak } from './soak.mts';
import { added, median } from './statistics.mts';
import type { Check } from './stress.mts';

export type Samples = ReadonlyMap<Agent, readonly Sample[]>;

export interface Results {
  readonly requests: Map<App, Samples>;
  layers?: Samples;
  startUp?: ReadonlyMap<Agent, readonly number[]>;
  scrape?: ScrapeCost;
  soak?: ReadonlyMap<Agent, Soak>;
  stress?: readonly Check[];
  installed?: Installed;
}

type Measure = 'cpu' | 'idle' | 'loaded';

/** What an agent adds to the bare application of the same round. Empty if it was not measured. */
export function addedBy(agent: Agent, samples: Samples | undefined, measure: Measure = 'cpu'): number[] {
  const values = (of: Agent) => (samples?.get(of) ?? []).map((sample) => sample[measure]);
  return added(values(agent), values(bare));
}

/** What `agent` adds, relative to `peer`. Of medians, because ratios of single rounds vary when `peer` adds little. */
export function ratio(agent: readonly number[], peer: readonly number[]): number | undefined {
  if (agent.length === 0 || peer.length === 0) return undefined;
  return median(agent) / median(peer);
}
