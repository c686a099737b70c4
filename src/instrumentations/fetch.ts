import type { Calls, Instrumentation } from '../instrumentation.js';
import { unlessCancelled } from '../semconv/cancellation.js';
import { redactUrl } from '../semconv/url.js';

interface UndiciRequest {
  /** `https://host:port`, or a URL object in some versions. */
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
  readonly upgrade?: string | null;
  addHeader(name: string, value: string): void;
}

/**
 * `fetch` and undici 6 to 8, both the one inside Node and the application's own. Each hop of a redirect is a call.
 * A call ends with the last byte of the body. The handshake of a WebSocket is not observed: undici never tells its end.
 */
export const fetch: Instrumentation = {
  name: 'fetch',
  targets: [
    { channel: 'undici:request:create', attach: ({ request }, calls) => openRequest(request, calls) },
    {
      channel: 'undici:request:headers',
      attach: ({ request, response }, calls) => calls.of(request)?.answered(response.statusCode),
    },
    { channel: 'undici:request:trailers', attach: ({ request }, calls) => calls.of(request)?.end({}) },
    {
      channel: 'undici:request:error',
      attach: ({ request, error }, calls) => calls.of(request)?.end({ error: unlessCancelled(error) }),
    },
  ],
};

function openRequest(request: UndiciRequest, calls: Calls): void {
  if (request.upgrade) return;
  const { protocol, hostname, port, origin } = new URL(request.origin);
  calls.open({
    kind: 'client',
    system: 'http',
    operation: request.method,
    subjects: [request],
    outgoing: { set: (name, value) => request.addHeader(name, value) },
    attributes: {
      'server.address': hostname.replace(/^\[|\]$/g, ''),
      'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
      'url.full': redactUrl(origin + request.path),
    },
  });
}
