import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { OtlpExporter, Signal } from '../../config/config.js';
import { log, reason } from '../../log.js';
import { redactUrl } from '../../semconv/url.js';
import type { ExportResponse } from './transport/export-response.js';

/** One encoded export request and where it goes. */
export interface PendingRequest {
  readonly exporter: OtlpExporter;
  readonly signal: Signal;
  readonly body: Uint8Array;
}

/** What the worker gets. It posts a `ExportResponse` for every request, then sets `finished` and notifies. */
export interface FlushJob {
  readonly requests: readonly PendingRequest[];
  readonly port: MessagePort;
  readonly finished: Int32Array;
}

/**
 * Delivers the last requests while the process ends, and blocks until that is done or `timeoutMs` is over.
 *
 * After `exit`, and in the way of an uncaught exception or a signal, there is no event loop to wait with, so a worker
 * thread does the sending. Never throws: what could not be delivered, for whatever reason, is counted and said.
 *
 * @param workerFile the built `flush-worker.js`; it lies beside the bundle.
 */
export function flushSync(
  requests: readonly PendingRequest[],
  timeoutMs: number,
  workerFile = join(__dirname, 'flush-worker.js'),
): void {
  if (requests.length === 0) return;
  let delivered = 0;
  let why = `not done in ${timeoutMs} ms`;
  try {
    for (const result of sendInWorker(requests, timeoutMs, workerFile)) {
      if (result.status === 'success') delivered += 1;
      else why = result.reason;
    }
  } catch (error) {
    why = reason(error);
  }
  const failed = requests.length - delivered;
  if (failed > 0) {
    const lost = `${failed} of the last ${requests.length} exports were lost at exit`;
    log.warn(`${lost}: ${places(requests)} (${why})`);
  }
}

function sendInWorker(
  all: readonly PendingRequest[],
  timeoutMs: number,
  workerFile: string,
): ExportResponse[] {
  // Loaded now, for a start need not wait for it.
  const { MessageChannel, Worker } = process.getBuiltinModule('node:worker_threads');
  // A worker that cannot load its file says so only to an event loop.
  if (!existsSync(workerFile)) throw new Error(`${workerFile} is missing`);
  const requests = all.map((each) => ({
    ...each,
    exporter: { ...each.exporter, timeoutMs: Math.min(each.exporter.timeoutMs, timeoutMs) },
  }));
  const { port1: results, port2: port } = new MessageChannel();
  const finished = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: FlushJob = { requests, port, finished };
  // Without the flags and NODE_OPTIONS of the application: its preloads are not to run here.
  const worker = new Worker(workerFile, {
    workerData,
    transferList: [port],
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
  });
  worker.on('error', () => {});
  worker.unref();
  Atomics.wait(finished, 0, 0, timeoutMs);
  void worker.terminate();
  return received(results);
}

function received(results: MessagePort): ExportResponse[] {
  const { receiveMessageOnPort } = process.getBuiltinModule('node:worker_threads');
  const all: ExportResponse[] = [];
  for (let next = receiveMessageOnPort(results); next !== undefined; next = receiveMessageOnPort(results)) {
    all.push(next.message);
  }
  return all;
}

function places(requests: readonly PendingRequest[]): string {
  return [...new Set(requests.map(({ exporter }) => redactUrl(exporter.endpoint)))].join(', ');
}
