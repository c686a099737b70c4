import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { CollectionResult, MetricCollectOptions } from '@opentelemetry/sdk-metrics';
import { reason } from '../../log.js';
import { version } from '../../version.js';
import { liveCalls } from './live-calls.js';
import type { LiveTraces } from './live-traces.js';

export interface LivePageOptions {
  readonly serviceName: string;
  /** Whether only this machine reaches the page. Then only requests to a name of this machine are answered. */
  readonly isLocal: boolean;
  readonly collect: (options: MetricCollectOptions) => Promise<CollectionResult>;
  /** Absent where no spans are recorded. */
  readonly traces: LiveTraces | undefined;
  /** What the process works with: values of settings, states of instrumentations. Plain JSON. */
  readonly describe: () => object;
}

export type LivePage = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

interface Content {
  readonly type: string;
  read(): string | Promise<string>;
}

const COLLECT_TIMEOUT_MS = 1_000;

/** The page runs its own files and nothing else, in no frame. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

const LOCAL_NAME = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/i;

/** Answers the requests for what the process does now. Returns false for a path that is not the page's. */
export function createLivePage(options: LivePageOptions, folder: string): LivePage {
  const file = (name: string) => () => readFileSync(join(folder, name), 'utf8');
  const contents: Readonly<Record<string, Content>> = {
    '/': { type: 'text/html', read: file('index.html') },
    '/live.css': { type: 'text/css', read: file('live.css') },
    '/live.js': { type: 'text/javascript', read: file('live.js') },
    '/live.json': { type: 'application/json', read: () => stateOf(options) },
    '/settings.json': { type: 'application/json', read: () => JSON.stringify(options.describe()) },
  };
  return (path, request, response) => {
    const content = Object.hasOwn(contents, path) ? contents[path] : undefined;
    if (content === undefined) return false;
    if (options.isLocal && !LOCAL_NAME.test(request.headers.host ?? '')) {
      // A page elsewhere may have had its own name resolve to this machine.
      send(response, 403, 'text/plain', 'Only requests to this machine are answered.\n');
    } else {
      void answer(content, response);
    }
    return true;
  };
}

async function answer({ type, read }: Content, response: ServerResponse): Promise<void> {
  try {
    send(response, 200, type, await read());
  } catch (error) {
    send(response, 500, 'text/plain', `${reason(error)}\n`);
  }
}

async function stateOf({ serviceName, collect, traces }: LivePageOptions): Promise<string> {
  const { resourceMetrics } = await collect({ timeoutMillis: COLLECT_TIMEOUT_MS });
  return JSON.stringify({
    service: serviceName,
    redhook: version,
    node: process.versions.node,
    pid: process.pid,
    now: Date.now(),
    uptime: process.uptime(),
    memory: process.memoryUsage.rss(),
    ...liveCalls(resourceMetrics),
    traces: traces?.look(),
  });
}

function send(response: ServerResponse, code: number, type: string, text: string): void {
  response.writeHead(code, { ...HEADERS, 'Content-Type': `${type}; charset=utf-8` });
  response.end(text);
}
