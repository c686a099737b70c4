/**
 * `npm run bench`: what Redhook costs, side by side with the bare application and with what a user would pick instead.
 *
 * - `--part`: one or more of the parts below, by default all
 * - `--app`: the applications of the part `requests`, by default all
 * - `--agent`: only these agents and the bare application
 * - `--before`: the register file of another build of Redhook, measured beside this one
 * - `--rounds`, `--soak-minutes`, `--stress-seconds`
 * - `--save`: writes `bench/RESULTS.md`
 *
 * It fails if a check of the part `stress` does.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AGENTS, APPS, type App, bare, buildOf, LAYERS } from './agents.mts';
import { measureInstalled } from './installed.mts';
import { preface, report } from './report.mts';
import { measureRequests } from './requests.mts';
import type { Results } from './results.mts';
import { measureScrape } from './scrape.mts';
import { startServices } from './services.mts';
import { measureSoak } from './soak.mts';
import { measureStartUp } from './start-up.mts';
import { measureStress } from './stress.mts';
import { stayAwayFromTarget } from './target.mts';

const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true },
    app: { type: 'string', multiple: true },
    agent: { type: 'string', multiple: true },
    before: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    'soak-minutes': { type: 'string', default: '10' },
    'stress-seconds': { type: 'string', default: '48' },
    save: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const apps = APPS.filter((app) => values.app === undefined || values.app.includes(app));
const all = [...AGENTS, ...(values.before === undefined ? [] : buildOf(values.before))];
const agents = all.filter(
  (agent) => agent === bare || values.agent === undefined || values.agent.includes(agent.name),
);
const of = (app: App) => agents.filter((agent) => agent.apps.includes(app));

const results: Results = { requests: new Map() };

const PARTS: Record<string, () => Promise<void>> = {
  async requests() {
    for (const app of apps) results.requests.set(app, await measureRequests(app, of(app), rounds, services));
  },
  async layers() {
    const layers = [bare, ...LAYERS.map(({ agent }) => agent)];
    results.layers = await measureRequests('http', layers, rounds, services);
  },
  async 'start-up'() {
    results.startUp = await measureStartUp(of('http'), 3 * rounds, services);
  },
  async scrape() {
    results.scrape = await measureScrape(services);
  },
  async soak() {
    results.soak = await measureSoak(Number(values['soak-minutes']), services);
  },
  async stress() {
    results.stress = await measureStress(Number(values['stress-seconds']), services);
  },
  async installed() {
    results.installed = measureInstalled();
  },
};

const parts = values.part ?? (values.app === undefined ? Object.keys(PARTS) : ['requests']);
stayAwayFromTarget();
const services = await startServices(parts.includes('requests') && apps.includes('express-pg'));
try {
  for (const part of parts) {
    const measure = PARTS[part];
    if (measure === undefined)
      throw new Error(`--part: found ${part}, expected one of ${Object.keys(PARTS).join(', ')}`);
    await measure();
  }
} finally {
  await services.stop();
}
console.log(report(results));
if (values.save) writeFileSync('bench/RESULTS.md', `${preface()}\n${report(results)}`);
if (results.stress?.some(({ isMet }) => !isMet)) process.exitCode = 1;
