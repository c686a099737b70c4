import { delimiter, join } from 'node:path';
import { missing } from './program.js';
import { programAt, type Server, startServer } from './server.js';

const folders = (process.env['PATH'] ?? '').split(delimiter);
const program = programAt(...folders.map((folder) => join(folder, 'moto_server')));

/** It is written in Python. */
export const MOTO_TIMEOUT_MS = 60_000;

/** For `describe.skipIf`. */
export function hasMoto(): boolean {
  return program !== undefined || missing('moto, which answers as AWS does,', 'pip install moto[server]');
}

/** Starts a server that answers as AWS does. Its files may be where nobody else can read them. */
export function startMoto(): Promise<Server> {
  const { PYTHONPATH = '' } = process.env;
  const argsFor = (port: number) => [
    ...[`PYTHONPATH=${PYTHONPATH}`, program as string, '-H', '127.0.0.1', '-p', String(port)],
  ];
  return startServer('/usr/bin/env', /Running on/, () => argsFor, { mayBeRoot: true });
}
