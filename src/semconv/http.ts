import { DURATION_BOUNDARIES, defineConvention, OTHER } from './convention.js';

const http = {
  operation: 'http.request.method',
  operationOriginal: 'http.request.method_original',
  route: 'http.route',
  code: 'http.response.status_code',
  spanName(method: string, route: string | undefined): string {
    const verb = method === OTHER ? 'HTTP' : method;
    return route === undefined ? verb : `${verb} ${route}`;
  },
  boundaries: DURATION_BOUNDARIES,
};

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server */
export const HTTP_SERVER = defineConvention({
  ...http,
  // A 4xx is the client's error, not the server's.
  isFailure: (status) => Number(status) >= 500,
  histogram: 'http.server.request.duration',
  description: 'Duration of HTTP server requests.',
  labels: [
    'http.request.method',
    'url.scheme',
    'http.route',
    'http.response.status_code',
    'network.protocol.version',
    'error.type',
  ],
});

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-client */
export const HTTP_CLIENT = defineConvention({
  ...http,
  isFailure: (status) => Number(status) >= 400,
  histogram: 'http.client.request.duration',
  description: 'Duration of HTTP client requests.',
  labels: [
    'http.request.method',
    'server.address',
    'server.port',
    'http.response.status_code',
    'network.protocol.version',
    'error.type',
  ],
});
