import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { OtlpExporter, Signal } from '../../config/config.js';
import { log, reason } from '../../log.js';
import { redactUrl } from '../../semconv/url.js';
import { OWN_THREAD } from '../../threads/own-thread.js';
import { type ConnectionDefaults, connectionDefaults } from './connection-defaults.js';
import type { ExportResponse } from './transport/export-response.js';

/** One encoded export request and its destination. */
export interface PendingRequest {
  readonly exporter: OtlpExporter;
  readonly signal: Signal;
  readonly body: Uint8Array;
  /** How many spans it carries, if it carries spans. */
  readonly spans?: number;
}

/** What the worker posts for each request. */
export type FlushResult = ExportResponse & Pick<PendingRequest, 'spans'>;

/** The input of the worker. It posts a `FlushResult` for every request, then sets `finished` and notifies. */
export interface FlushJob {
  readonly requests: readonly PendingRequest[];
  readonly connections: ConnectionDefaults;
  readonly port: MessagePort;
  readonly finished: Int32Array;
}

/**
 * Delivers the last requests while the process ends. Blocks until they are delivered, or for `timeoutMs`.
 *
 * On `exit`, after an uncaught exception and in a signal handler, waiting for the event loop is not possible, so a
 * worker thread sends them. Never throws: the requests that were not delivered, and the
 * spans in them, are counted in one line of the log.
 *
 * @param workerFile the built `flush-worker.cjs`, which is next to the bundle.
 */
export function flushSync(
  requests: readonly PendingRequest[],
  timeoutMs: number,
  workerFile = join(__dirname, 'flush-worker.cjs'),
): void {
  if (requests.length === 0) return;
  let delivered = 0;
  let lostSpans = sum(requests);
  let failure = `not finished after ${timeoutMs} ms`;
  try {
    for (const result of sendInWorker(requests, timeoutMs, workerFile)) {
      if (result.status === 'success') {
        delivered += 1;
        lostSpans -= result.spans ?? 0;
      } else {
        failure = result.reason;
      }
    }
  } catch (error) {
    failure = reason(error);
  }
  const failed = requests.length - delivered;
  if (failed > 0) {
    const among = lostSpans > 0 ? `, with ${lostSpans} spans` : '';
    const lost = `${failed} of the last ${requests.length} exports were lost at exit${among}`;
    log.warn(`${lost}: ${endpoints(requests)} (${failure})`);
  }
}

function sendInWorker(all: readonly PendingRequest[], timeoutMs: number, workerFile: string): FlushResult[] {
  // Not imported, so that the start does not have to load it.
  const { MessageChannel, Worker } = process.getBuiltinModule('node:worker_threads');
  // Read here: the file may be in an archive that only the `fs` of this thread can open (Yarn Plug'n'Play), and a
  // worker reports a missing file only through the event loop.
  const source = readFileSync(workerFile, 'utf8');
  const requests = all.map((each) => ({
    ...each,
    exporter: { ...each.exporter, timeoutMs: Math.min(each.exporter.timeoutMs, timeoutMs) },
  }));
  const { port1: results, port2: port } = new MessageChannel();
  const finished = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const connections = connectionDefaults(requests.some(usesTls));
  const workerData: FlushJob = { requests, connections, port, finished };
  // Without the application's flags and NODE_OPTIONS, so that its preloads do not run here.
  const worker = new Worker(source, {
    name: OWN_THREAD,
    eval: true,
    workerData,
    transferList: [port],
    execArgv: [],
    env: connections.env,
    stdout: true,
    stderr: true,
  });
  worker.on('error', () => {});
  worker.unref();
  Atomics.wait(finished, 0, 0, timeoutMs);
  void worker.terminate();
  return receiveAll(results);
}

function sum(requests: readonly PendingRequest[]): number {
  return requests.reduce((total, { spans = 0 }) => total + spans, 0);
}

function usesTls({ exporter }: PendingRequest): boolean {
  return exporter.endpoint.startsWith('https:');
}

function receiveAll(results: MessagePort): FlushResult[] {
  const { receiveMessageOnPort } = process.getBuiltinModule('node:worker_threads');
  const all: FlushResult[] = [];
  for (let next = receiveMessageOnPort(results); next !== undefined; next = receiveMessageOnPort(results)) {
    all.push(next.message);
  }
  return all;
}

function endpoints(requests: readonly PendingRequest[]): string {
  return [...new Set(requests.map(({ exporter }) => redactUrl(exporter.endpoint)))].join(', ');
}
