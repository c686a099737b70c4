/**
 * `npm run bench`: what a request costs the gateway as JSON and as bytes of protobuf, beside a plain reply of Fastify.
 * The cases take turns in each round. CPU time means little on its own; ratios within a run mean more.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createFileRegistry, fromBinary, fromJson, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { everythingOf, orderOf } from './order.ts';
import { type Program, start } from './program.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** For each case in each round. */
    requests: { type: 'string', default: '5000' },
  },
});
const ROUNDS = Number(values.rounds);
const REQUESTS = Number(values.requests);
const CONNECTIONS = 16;
/** In each stream. Its figures are for one message. */
const MESSAGES = 50;
/** Items of an order, so that it has about 1 KB and 4 KB in JSON. */
const SIZES = [18, 80];
const PROTOBUF = 'application/x-protobuf';

interface Case {
  readonly name: string;
  readonly program: Program;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The messages of an answer. */
  readonly messages: number;
}

const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
try {
  const image = join(folder, 'image.binpb');
  const modules = ['proto', 'conformance/proto'].map((path) => ({ path }));
  execFileSync(process.execPath, [
    'node_modules/@bufbuild/buf/bin/buf',
    'build',
    '--config',
    JSON.stringify({ version: 'v2', modules }),
    '-o',
    image,
  ]);
  console.log('| answer | case | CPU, µs | allocated on the heap, KB |');
  console.log('| --- | --- | --- | --- |');
  for (const items of SIZES) await measureSize(image, items);
} finally {
  rmSync(folder, { recursive: true });
}

async function measureSize(image: string, items: number): Promise<void> {
  const backend = await start('bench/backend.ts', [image, String(items), String(MESSAGES)]);
  const floor = await start('bench/floor.ts', [String(items)]);
  const gateway = await start('src/main.ts', [
    ...['--image', image, '--upstream', backend.url.host],
    ...['--host', '127.0.0.1', '--port', '0'],
  ]);
  try {
    const samples = new Map<Case, Sample[]>(casesOf(image, items, floor, gateway).map((each) => [each, []]));
    for (const each of samples.keys()) await load(each, REQUESTS / 2);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [each, found] of samples) found.push(await measure(each));
    const size = JSON.stringify(orderOf(items)).length;
    for (const [{ name }, found] of samples) console.log(`| ${size} B | ${name} | ${row(found)} |`);
  } finally {
    await Promise.all([backend, floor, gateway].map((each) => each.stop()));
  }
}

function casesOf(image: string, items: number, floor: Program, gateway: Program): Case[] {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(image)));
  const type = registry.getMessage('conformance.types.v1.Everything');
  if (type === undefined) throw new Error('the image has no conformance suite');
  const json = JSON.stringify(everythingOf(items));
  const bytes = toBinary(type, fromJson(type, everythingOf(items)));
  const accept = { accept: PROTOBUF };
  const get = { program: gateway, method: 'GET', path: '/v1/orders/4711', headers: {}, messages: 1 } as const;
  const post = { ...get, method: 'POST', path: '/types' } as const;
  const watch = { ...get, path: '/v1/orders/4711:watch', messages: MESSAGES } as const;
  return [
    { name: 'plain reply of Fastify', ...get, program: floor },
    { name: 'GET, JSON', ...get },
    { name: 'GET, bytes', ...get, headers: accept },
    { name: 'POST, JSON', ...post, headers: { 'content-type': 'application/json' }, body: json },
    { name: 'POST, bytes', ...post, headers: { 'content-type': PROTOBUF, ...accept }, body: bytes },
    { name: 'message of a stream, JSON', ...watch },
    { name: 'message of a stream, bytes', ...watch, headers: accept },
  ];
}

/** For one message. */
interface Sample {
  readonly cpu: number;
  readonly allocated: number;
}

async function measure(each: Case): Promise<Sample> {
  const { program, messages } = each;
  const before = [program.cpu(), program.allocated()] as const;
  const requests = Math.ceil(REQUESTS / Math.min(messages, 10));
  await load(each, requests);
  const count = requests * messages;
  return {
    cpu: (program.cpu() - before[0]) / count,
    allocated: (program.allocated() - before[1]) / count,
  };
}

async function load(each: Case, requests: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let left = requests;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await send(each, agent);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  agent.destroy();
}

function send({ program, method, path, headers, body }: Case, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = program.url;
    const sent = request({ hostname, port, method, path, headers, agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${method} ${path}: ${response.statusCode}`));
      response.resume().once('end', resolve).once('error', reject);
    });
    sent.once('error', reject).end(body);
  });
}

/** Medians, and the range of the CPU time, which shows the noise. */
function row(samples: readonly Sample[]): string {
  const cpus = samples.map(({ cpu }) => cpu);
  const [low, high] = [Math.min(...cpus), Math.max(...cpus)];
  const kilobytes = median(samples.map(({ allocated }) => allocated)) / 1024;
  const cpu = `${median(cpus).toFixed(0)} (${low.toFixed(0)} to ${high.toFixed(0)})`;
  return `${cpu} | ${kilobytes.toFixed(0)}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
