import { Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Socket } from 'node:net';
import type { OtlpExporter } from '../../../config/config.js';
import { withoutBrackets } from '../../../semconv/url.js';
import { attempt } from './attempt.js';
import { describeClosed, describeError, USE_HTTPS } from './describe-error.js';
import {
  type ExportResponse,
  progressAt,
  RETRYABLE_HTTP_STATUSES,
  refusalOf,
  unanswered,
} from './export-response.js';
import { gzip } from './gzip.js';
import { proxyEnv } from './proxy.js';
import { tlsOptions } from './tls.js';
import { type Body, MAX_RESPONSE_BYTES, sizeOf, type Transport } from './transport.js';
import { USER_AGENT } from './user-agent.js';

const MAX_STATEMENT_BYTES = 1_024;
/** What servers of Go and nginx say to a request without TLS. */
const EXPECTS_TLS = /HTTP request (?:to an|was sent to) HTTPS/;

/** Not imported, because loading it takes Node 10 ms. */
const https = () => process.getBuiltinModule('node:https');

/**
 * OTLP over HTTP with protobuf bodies, on keep-alive connections.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function openHttp(exporter: OtlpExporter): Transport {
  const url = new URL(exporter.endpoint);
  const secure = url.protocol === 'https:';
  const compressed = exporter.compression === 'gzip';
  const headers = {
    'content-type': 'application/x-protobuf',
    'user-agent': USER_AGENT,
    ...(compressed && { 'content-encoding': 'gzip' }),
    ...exporter.headers,
  };
  let agent: Agent | undefined;
  let hasAnswered = false;

  const describe = (error: NodeJS.ErrnoException): string => {
    const reason = describeError(error, { ...exporter, hasAnswered });
    return error.code === 'ECONNRESET' ? describeClosed(reason, { ...exporter, hasAnswered }) : reason;
  };

  /** Sockets that are not handed to their request yet: a proxy has to answer first. */
  const connecting = new WeakMap<Agent, Socket>();

  const openAgent = (): Agent => {
    const env = proxyEnv();
    const options = { keepAlive: true, ...(env !== undefined && { proxyEnv: env }) };
    const opened = secure
      ? new (https().Agent)({ ...options, ...tlsOptions(exporter, withoutBrackets(url.hostname)) })
      : new Agent(options);
    const createConnection = opened.createConnection.bind(opened);
    opened.createConnection = (...args) => {
      const socket = createConnection(...args);
      if (socket instanceof Socket) connecting.set(opened, socket.unref());
      return socket;
    };
    return opened;
  };

  /** Makes the next attempt open a new connection and read the PEM files again. */
  const discard = (used: Agent): void => {
    connecting.get(used)?.destroy();
    used.destroy();
    if (agent === used) agent = undefined;
  };

  const post = (body: Body): Promise<ExportResponse> =>
    attempt(exporter.timeoutMs, (settle) => {
      let used: Agent | undefined;
      let isSent = false;
      let isGivenUp = false;
      const begin = (isRetry: boolean): void => {
        agent ??= openAgent();
        const current = agent;
        used = current;
        const request = (secure ? https().request : requestHttp)(url, {
          method: 'POST',
          agent: current,
          headers: { ...headers, 'content-length': sizeOf(body) },
        });
        request.on('socket', (socket) => {
          socket.unref();
          isSent = !socket.connecting;
          const event = secure ? 'secureConnect' : 'connect';
          const onConnected = (): void => {
            isSent = true;
          };
          socket.once(event, onConnected);
          // A connection that is used again never connects again, and would collect these.
          request.on('close', () => socket.off(event, onConnected));
        });
        request.on('response', (response) => {
          hasAnswered = true;
          read(response).then(
            (content) => settle(classifyHttpAnswer(response, content)),
            (error) => settle(unanswered(describeError(error), isSent)),
          );
        });
        request.on('error', (error) => {
          discard(current);
          // After the end of the attempt, the bytes of `body` belong to other spans.
          if (isGivenUp) return;
          // The server may close a keep-alive connection just as it is reused.
          if (request.reusedSocket && !isRetry) beginAgain();
          else settle(unanswered(describe(error), isSent));
        });
        for (const piece of body) request.write(piece);
        request.end();
      };
      const beginAgain = (): void => {
        try {
          begin(true);
        } catch (error) {
          settle(unanswered(describeError(error), isSent));
        }
      };
      begin(false);
      return {
        isSent: () => isSent,
        abort() {
          isGivenUp = true;
          if (used !== undefined) discard(used);
        },
      };
    });

  return {
    async send(body) {
      return post(compressed ? [await gzip(body)] : body);
    },
    close() {
      if (agent !== undefined) discard(agent);
    },
  };
}

async function read(response: IncomingMessage): Promise<Buffer> {
  const received: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size <= MAX_RESPONSE_BYTES) received.push(chunk);
  }
  return Buffer.concat(received);
}

function classifyHttpAnswer({ statusCode = 0, headers }: IncomingMessage, data: Buffer): ExportResponse {
  const reason = `HTTP ${statusCode}`;
  const start = data.toString('latin1', 0, MAX_STATEMENT_BYTES);
  if (statusCode >= 200 && statusCode < 300) {
    if (!isWebPage(headers['content-type'], start)) return { status: 'success', data };
    return {
      status: 'failure',
      reason: `${reason} with a web page instead of an OTLP answer; check the endpoint`,
    };
  }
  if (statusCode === 400 && EXPECTS_TLS.test(start))
    return { status: 'failure', reason: `${reason}: ${USE_HTTPS}` };
  if (!RETRYABLE_HTTP_STATUSES.has(statusCode))
    return { status: 'failure', reason, because: refusalOf(statusCode) };
  const retryInMillis = retryAfterMs(headers['retry-after']);
  return { status: 'retryable', reason, retryInMillis, progress: progressAt(statusCode) };
}

/** Whether a web server or a login page has answered instead of an OTLP receiver, which may send any other text. */
function isWebPage(contentType: string | undefined, start: string): boolean {
  return (
    /^(?:text\/html|application\/xhtml)/i.test(contentType ?? '') ||
    /^\s*<(?:!doctype html|html)/i.test(start)
  );
}

/** The delay of `Retry-After`, which holds seconds or a date, in milliseconds. */
export function retryAfterMs(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  const delay = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(delay) ? undefined : Math.max(0, delay);
}
