/** What Redhook may cost at most, mostly as ratios to what its users would pick instead. */
import { type App, autoInstrumentations, bare, ddTrace, promClient, redhook, unsampled } from './agents.mts';
import { addedBy, type Results, ratio } from './results.mts';
import type { Soak } from './soak.mts';
import { added, median } from './statistics.mts';

interface Goal {
  readonly name: string;
  readonly unit: string;
  /** The measured value, or `undefined` if it was not measured. */
  figure(results: Results): number | undefined;
  readonly atMost: number;
}

const peer = (app: App, other: typeof bare, agent = redhook) => ({
  unit: 'ratio',
  figure: ({ requests }: Results) =>
    ratio(addedBy(agent, requests.get(app)), addedBy(other, requests.get(app))),
});

const startUp = ({ startUp: times }: Results, agent: typeof bare): number[] =>
  added(times?.get(agent) ?? [], times?.get(bare) ?? []);

const maybe = (values: readonly number[] | undefined): number | undefined =>
  values === undefined || values.length === 0 ? undefined : median(values);

/** In MB, from the third minute on, so that the heap has settled. */
function growth(soak: Soak | undefined): number | undefined {
  const [, , third, ...later] = soak?.byMinute ?? [];
  const last = later.at(-1);
  return third === undefined || last === undefined ? undefined : last - third;
}

export const GOALS: readonly Goal[] = [
  {
    name: 'bare http, sampled and exported, to auto-instrumentations-node',
    ...peer('http', autoInstrumentations),
    atMost: 0.2,
  },
  { name: 'bare http, sampled and exported, to dd-trace', ...peer('http', ddTrace), atMost: 0.4 },
  {
    name: 'Fastify route with its name, to auto-instrumentations-node',
    ...peer('fastify', autoInstrumentations),
    atMost: 0.2,
  },
  {
    name: 'Fastify and fetch, to auto-instrumentations-node',
    ...peer('fetch', autoInstrumentations),
    atMost: 0.35,
  },
  {
    name: 'gRPC unary server, to auto-instrumentations-node',
    ...peer('grpc', autoInstrumentations),
    atMost: 0.25,
  },
  {
    name: 'Express route, to auto-instrumentations-node',
    ...peer('express', autoInstrumentations),
    atMost: 0.25,
  },
  {
    name: 'Express route with one query of PostgreSQL, to auto-instrumentations-node',
    ...peer('express-pg', autoInstrumentations),
    atMost: 0.3,
  },
  { name: 'unsampled, to prom-client by hand', ...peer('http', promClient, unsampled), atMost: 1.5 },
  {
    name: 'start-up added, to the bare start-up',
    unit: 'ratio',
    figure: (results) => ratio(startUp(results, redhook), results.startUp?.get(bare) ?? []),
    atMost: 80 / 62,
  },
  {
    name: 'start-up added, to dd-trace',
    unit: 'ratio',
    figure: (results) => ratio(startUp(results, redhook), startUp(results, ddTrace)),
    atMost: 0.25,
  },
  {
    name: 'resident memory added, idle',
    unit: 'MB',
    figure: ({ requests }) => maybe(addedBy(redhook, requests.get('http'), 'idle')),
    atMost: 20,
  },
  {
    name: 'resident memory added, under load',
    unit: 'MB',
    figure: ({ requests }) => maybe(addedBy(redhook, requests.get('http'), 'loaded')),
    atMost: 40,
  },
  {
    name: 'growth of memory under load from the third minute to the last, beyond that of the bare application',
    unit: 'MB',
    figure({ soak }) {
      const [without, withRedhook] = [growth(soak?.get(bare)), growth(soak?.get(redhook))];
      return without === undefined || withRedhook === undefined ? undefined : withRedhook - without;
    },
    atMost: 5,
  },
  {
    name: 'spans lost at the highest load of one core',
    unit: '%',
    figure: ({ requests }) =>
      maybe(
        requests
          .get('http')
          ?.get(redhook)
          ?.map(({ delivered }) => 100 * (1 - delivered)),
      ),
    atMost: 0,
  },
  { name: 'installed size', unit: 'MB', figure: ({ installed }) => installed?.megabytes, atMost: 6 },
  { name: 'installed packages', unit: 'packages', figure: ({ installed }) => installed?.packages, atMost: 1 },
  { name: 'event loop time per scrape', unit: 'ms', figure: ({ scrape }) => scrape?.later, atMost: 20 },
  {
    name: 'longest block of the event loop during a scrape',
    unit: 'ms',
    figure: ({ scrape }) => scrape?.longestBlock,
    atMost: 5,
  },
];
