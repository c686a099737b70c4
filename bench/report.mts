/** The results as a Markdown page. */

import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type Agent, bare, LAYERS } from './agents.mts';
import { GOALS } from './goals.mts';
import { addedBy, type Results, type Samples } from './results.mts';
import type { Soak } from './soak.mts';
import { added, median, spread } from './statistics.mts';
import type { Check } from './stress.mts';

/** One section for each part that was measured. */
export function report(results: Results): string {
  const { requests, layers, startUp, scrape, soak, stress, installed } = results;
  return [
    goalsOf(results),
    ...[...requests].map(([app, samples]) => requestsOf(app, samples)),
    layers && layersOf(layers),
    startUp && startUpOf(startUp),
    scrape &&
      section(
        `Scrape of ${scrape.series} series`,
        `A page of ${scrape.bytes} bytes. CPU time of the event loop's thread: ${scrape.later.toFixed(1)} ms per scrape, ${scrape.first.toFixed(1)} ms for the first one. Longest block of the event loop: median ${scrape.longestBlock.toFixed(1)} ms, maximum ${scrape.longestBlockOfAll.toFixed(1)} ms, without a scrape ${scrape.longestBlockIdle.toFixed(1)} ms.`,
      ),
    soak && soakOf(soak),
    stress && stressOf(stress),
    installed &&
      section('Installed size', `${installed.packages} package, ${installed.megabytes.toFixed(2)} MB.`),
  ]
    .filter((part) => part !== undefined)
    .join('\n');
}

/** The versions, the date and the machine of the measurement. */
export function preface(): string {
  const versionOf = (path: string): string => JSON.parse(readFileSync(path, 'utf8')).version;
  const peers = [
    '@opentelemetry/auto-instrumentations-node',
    '@opentelemetry/sdk-node',
    '@elastic/opentelemetry-node',
    'dd-trace',
    'prom-client',
  ];
  const versions = peers.map((name) => `${name} ${versionOf(`bench/node_modules/${name}/package.json`)}`);
  return [
    '# Results',
    '',
    `Made by \`npm run bench -- --save\` on ${new Date().toISOString().slice(0, 10)}: Node ${process.versions.node}, redhook ${versionOf('package.json')}, ${versions.join(', ')}; a virtual machine with ${cpus().length} cores, one for the application and one for everything else.`,
    '',
    'The agents take turns, in a new random order in each round. A figure is the median of the rounds. The range in brackets spans all rounds and shows the noise. "Added" is the difference from the bare application in the same round. Ratios are computed from the medians below. Absolute times mean little on such a machine; ratios mean more.',
    '',
  ].join('\n');
}

function section(title: string, text: string): string {
  return `## ${title}\n\n${text}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function goalsOf(results: Results): string | undefined {
  const rows = GOALS.flatMap((goal) => {
    const figure = goal.figure(results);
    if (figure === undefined) return [];
    const isMet = figure <= goal.atMost + Number.EPSILON;
    return [[goal.name, goal.unit, `<= ${round(goal.atMost)}`, round(figure), isMet ? 'met' : '**not met**']];
  });
  return rows.length === 0
    ? undefined
    : section('Goals', table(['goal', 'unit', 'wanted', 'found', ''], rows));
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function requestsOf(app: string, samples: Samples): string {
  const rows = [...samples].map(([agent, of]) => {
    const all = (pick: (sample: (typeof of)[number]) => number) => median(of.map(pick));
    return [
      agent.name,
      spread(of.map(({ cpu }) => cpu)),
      agent === bare ? '' : spread(addedBy(agent, samples)),
      all(({ p50 }) => p50).toFixed(2),
      all(({ p99 }) => p99).toFixed(2),
      all(({ perSecond }) => perSecond).toFixed(0),
      `${all(({ idle }) => idle).toFixed(0)} / ${all(({ loaded }) => loaded).toFixed(0)}`,
      agent.traces ? `${(100 * all(({ delivered }) => delivered)).toFixed(2)} %` : '',
    ];
  });
  const head = [
    'agent',
    'CPU per request, µs',
    'added, µs',
    'p50, ms',
    'p99, ms',
    'requests/s',
    'RSS idle / loaded, MB',
    'spans arrived',
  ];
  return section(TITLES[app] ?? app, table(head, rows));
}

const TITLES: Record<string, string> = {
  http: 'Bare http',
  fastify: 'Fastify route',
  express: 'Route of a mounted Express router',
  'express-pg': 'Express route with one query of PostgreSQL',
  fetch: 'Fastify route with one fetch',
  grpc: 'gRPC unary',
};

function layersOf(samples: Samples): string {
  let before = 0;
  const rows = LAYERS.map(({ agent, adds }) => {
    const cpu = median(addedBy(agent, samples));
    const row = [adds, cpu.toFixed(1), (cpu - before).toFixed(1)];
    before = cpu;
    return row;
  });
  return section(
    'Where the time goes: bare http',
    table(['layer', 'added so far, µs', 'this layer, µs'], rows),
  );
}

function soakOf(soaks: ReadonlyMap<Agent, Soak>): string {
  const rows = [...soaks].map(([agent, { requests, delivered, byMinute }]) => [
    agent.name,
    String(requests),
    agent.traces ? `${(100 * delivered).toFixed(3)} %` : '',
    byMinute.map((mb) => mb.toFixed(0)).join(', '),
  ]);
  const head = ['agent', 'requests', 'spans arrived', 'resident memory by minute, MB'];
  return section('Continuous load on 16 connections', table(head, rows));
}

function stressOf(checks: readonly Check[]): string {
  const rows = checks.map(({ name, wanted, found, isMet }) => [
    name,
    wanted,
    found,
    isMet ? 'met' : '**not met**',
  ]);
  return section('Hostile clients and a receiver in trouble', table(['check', 'wanted', 'found', ''], rows));
}

function startUpOf(times: ReadonlyMap<Agent, readonly number[]>): string {
  const rows = [...times].map(([agent, of]) => [
    agent.name,
    spread(of, 0),
    agent === bare ? '' : spread(added(of, times.get(bare) ?? []), 0),
  ]);
  return section('Start-up: until bare http listens', table(['agent', 'ms', 'added, ms'], rows));
}
