import { withBrackets, withoutBrackets } from '../../semconv/url.js';
import { scalarType, type ValueType, wholeNumber } from './value.js';

/** Where to listen. An empty host means all interfaces; port 0 means any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

const LISTEN_ADDRESS =
  /^(?:(\[[\da-fA-F:.]+\]|[^:/\s[\]]*):)?(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])(\/\S*)?$/;
export const METRICS_PATH = '/metrics';

/** `[host]:port[/path]`, the form that Go programs use. */
export const listenAddress: ValueType<ListenAddress> = {
  ...scalarType(
    'a listen address such as ":9464" or "127.0.0.1:9464"',
    (input) => {
      const [, host = '', digits = '', path = METRICS_PATH] = LISTEN_ADDRESS.exec(input) ?? [];
      const number = portOf(digits);
      return number === undefined ? undefined : { host: withoutBrackets(host), port: number, path };
    },
    { type: ['string', 'integer'], minimum: 0, maximum: 65_535, pattern: LISTEN_ADDRESS.source },
  ),
  show: ({ host, port, path }) => `${withBrackets(host)}:${port}${path === METRICS_PATH ? '' : path}`,
};

export const hostName: ValueType<string> = {
  ...scalarType('a host name or IP address', (input) => withoutBrackets(input) || undefined),
  show: (host) => host || 'all interfaces',
};

export const portNumber: ValueType<number> = scalarType('a port from 0 to 65535', portOf);

function portOf(digits: string): number | undefined {
  return wholeNumber(digits, 0, 65_535);
}
