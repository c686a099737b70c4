import { copyOfProxyEnv, type ProxyEnv, useProxyEnv } from './transport/proxy.js';

/** What the connections of one thread use unless an exporter says otherwise. A worker starts without all of it. */
export interface ConnectionDefaults {
  /** The variables that Node reads at every connection. */
  readonly env: Record<string, string>;
  readonly proxy: ProxyEnv | undefined;
  /** Absent if no connection uses TLS. */
  readonly tls?: TlsDefaults;
}

interface TlsDefaults {
  /** The versions, ciphers and curves, which flags and the application can change. */
  readonly protocol: Record<(typeof PROTOCOL)[number], string>;
  /** PEM texts. Absent if a worker trusts the same certificate authorities by itself. */
  readonly authorities?: readonly string[] | undefined;
}

const PROTOCOL = [
  'DEFAULT_MIN_VERSION',
  'DEFAULT_MAX_VERSION',
  'DEFAULT_CIPHERS',
  'DEFAULT_ECDH_CURVE',
] as const;

/** Not imported, so that only an application that needs TLS loads it. */
const tls = () => process.getBuiltinModule('node:tls');

/**
 * The defaults of this thread. They are read from the modules of Node instead of its flags, because they have many
 * sources: flags, NODE_OPTIONS, variables, the configuration file of Node, and calls of the application.
 */
export function connectionDefaults(usesTls: boolean): ConnectionDefaults {
  // biome-ignore lint/style/noProcessEnv: no setting of ours. Node reads it at each connection, so it may change.
  const { NODE_TLS_REJECT_UNAUTHORIZED: verify } = process.env;
  return {
    env: verify === undefined ? {} : { NODE_TLS_REJECT_UNAUTHORIZED: verify },
    proxy: copyOfProxyEnv(),
    ...(usesTls && { tls: tlsDefaults() }),
  };
}

/** Gives this thread the defaults of another one. Its variables are not set, because they come with the worker. */
export function adoptConnectionDefaults({ proxy, tls: defaults }: ConnectionDefaults): void {
  if (proxy !== undefined) useProxyEnv(proxy);
  if (defaults === undefined) return;
  const { protocol, authorities } = defaults;
  Object.assign(tls(), protocol);
  // Where Node lacks this function, every thread trusts the same authorities.
  if (authorities !== undefined) tls().setDefaultCACertificates?.(authorities);
}

function tlsDefaults(): TlsDefaults {
  const module = tls();
  const protocol = Object.fromEntries(PROTOCOL.map((name) => [name, module[name]]));
  return { protocol: protocol as TlsDefaults['protocol'], authorities: changedAuthorities() };
}

/** The authorities that this thread trusts, if they are not those that every thread starts with. */
function changedAuthorities(): readonly string[] | undefined {
  const { getCACertificates } = tls();
  const trusted = getCACertificates('default');
  const extra = getCACertificates('extra');
  // With --use-openssl-ca, Node lists only the extra ones. The rest belongs to OpenSSL and so to every thread.
  if (isSame(trusted, extra)) return undefined;
  return isSame(trusted, [...getCACertificates('bundled'), ...extra]) ? undefined : trusted;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index]);
}
