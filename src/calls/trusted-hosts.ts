const ANY = '*';

/**
 * Whether a host may receive trace context and baggage. A pattern is a host, or `*.example.com` for the hosts below one.
 * `undefined`: every host may, and nothing has to be checked.
 */
export function trustedHosts(patterns: readonly string[]): ((host: unknown) => boolean) | undefined {
  if (patterns.includes(ANY)) return undefined;
  const lower = patterns.map((pattern) => pattern.toLowerCase());
  const hosts = new Set(lower);
  const endings = lower.filter((pattern) => pattern.startsWith('*.')).map((pattern) => pattern.slice(1));
  return (host) => {
    // What goes to no host, such as the start of a workflow of Temporal, stays inside the application.
    if (typeof host !== 'string') return true;
    const name = host.toLowerCase();
    return hosts.has(name) || endings.some((ending) => name.endsWith(ending));
  };
}
