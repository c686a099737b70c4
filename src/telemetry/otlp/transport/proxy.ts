import type { AgentOptions } from 'node:http';

export type ProxyEnv = NonNullable<AgentOptions['proxyEnv']>;

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** Read through the module, because the application may replace the agent. */
const http = () => process.getBuiltinModule('node:http');

/**
 * The variables that say which proxy the requests of Node use: with `NODE_USE_ENV_PROXY=1`, `--use-env-proxy` or
 * `http.setGlobalProxyFromEnv`. Without these, and before Node 22.21, there is no proxy.
 */
export function proxyEnv(): ProxyEnv | undefined {
  // An agent of the application need not have options.
  return (http().globalAgent as { options?: AgentOptions }).options?.proxyEnv;
}

/** Whether the requests of Node to this URL would use a proxy. */
export function isProxied({ protocol, hostname, host }: URL): boolean {
  const env = proxyEnv() ?? {};
  const get = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? '';
  const isException = (entry: string): boolean =>
    entry === '*' || entry === host || hostname === entry || hostname.endsWith(entry.replace(/^\*?\.?/, '.'));
  const exceptions = get('NO_PROXY')
    .split(/[\s,]+/)
    .filter(Boolean);
  return get(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') !== '' && !exceptions.some(isException);
}

/** A copy of `proxyEnv`, which is usually `process.env`, for another thread. */
export function copyOfProxyEnv(): ProxyEnv | undefined {
  const env = proxyEnv();
  if (env === undefined) return undefined;
  return Object.fromEntries(PROXY_VARIABLES.map((name) => [name, env[name]]));
}

/** Makes the requests of this thread use a proxy. */
export function useProxyEnv(env: ProxyEnv): void {
  const { Agent } = http();
  http().globalAgent = new Agent({ proxyEnv: env });
}
