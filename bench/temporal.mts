/**
 * `npm run bench:temporal`: what Redhook costs a Temporal client and worker, in CPU time of the application's process,
 * side by side with the bare application in alternating rounds. Needs the Temporal CLI (TEMPORAL_CLI or on the PATH).
 */
import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const ROUNDS = 5;
const CLI = process.env['TEMPORAL_CLI'] ?? 'temporal';
const CASES = [
  { what: 'start', count: 300, unit: 'client.workflow.start' },
  { what: 'execute', count: 150, unit: 'workflow with one activity, client and worker in one process' },
];

const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
const [port, httpPort, metricsPort] = ports.map(String) as [string, string, string];
const options = ['--port', port, '--http-port', httpPort, '--metrics-port', metricsPort];
const server = spawn(CLI, ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', ...options], {
  stdio: 'ignore',
});
await delay(5_000);

try {
  for (const { what, count, unit } of CASES) {
    const bare: number[] = [];
    const ours: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      bare.push(await measure(`bare-${what}-${round}`, [], what, count));
      ours.push(
        await measure(`ours-${what}-${round}`, ['--import', resolve('dist/register.cjs')], what, count),
      );
    }
    const added = ours.map((value, round) => value - (bare[round] as number));
    console.log(
      `${unit}: bare ${median(bare).toFixed(0)} µs, added ${median(added).toFixed(0)} µs (${Math.min(...added).toFixed(0)} to ${Math.max(...added).toFixed(0)}), ratio ${(median(ours) / median(bare)).toFixed(2)}; ${ROUNDS} rounds of ${count}`,
    );
  }
} finally {
  server.kill('SIGKILL');
}

/** CPU time of one operation in µs. Spans are made and encoded, and sent to a port where nobody listens. */
async function measure(taskQueue: string, flags: string[], what: string, count: number): Promise<number> {
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
    TASK_QUEUE: taskQueue,
    OTEL_LOG_LEVEL: 'none',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(ports[3]),
  };
  const args = [...flags, resolve('bench/apps/temporal.cjs'), what, String(count)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return Number(stdout.trim());
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as { port: number };
      probe.close(() => done(free));
    });
  });
}
