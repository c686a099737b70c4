import { parseArgs } from 'node:util';
import { AGENTS, APPS, type App, bare } from './agents.mts';
import { measureRequests } from './requests.mts';
import { startServices } from './services.mts';
import { median, spread } from './statistics.mts';
import { stayAwayFromTarget } from './target.mts';

const { values } = parseArgs({
  options: {
    app: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    agent: { type: 'string', multiple: true },
  },
});
stayAwayFromTarget();
const services = await startServices();
for (const app of (values.app as App[] | undefined) ?? APPS) {
  const agents = AGENTS.filter(
    (a) => a.apps.includes(app) && (!values.agent || a === bare || values.agent.includes(a.name)),
  );
  const all = await measureRequests(app, agents, Number(values.rounds), services);
  const base = all.get(bare) ?? [];
  for (const [agent, samples] of all) {
    const added = samples.map((s, i) => s.cpu - (base[i]?.cpu ?? 0));
    console.log(
      `${app} ${agent.name}: ${spread(samples.map((s) => s.cpu))} added ${spread(added)} rss ${median(samples.map((s) => s.idle)).toFixed(0)}/${median(samples.map((s) => s.loaded)).toFixed(0)} p50 ${median(samples.map((s) => s.p50)).toFixed(2)} p99 ${median(samples.map((s) => s.p99)).toFixed(2)} req/s ${median(samples.map((s) => s.perSecond)).toFixed(0)} delivered ${median(samples.map((s) => s.delivered)).toFixed(4)} start ${''}`,
    );
  }
}
services.stop();
