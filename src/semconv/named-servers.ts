/** Few enough that the page stays small, whatever the clients of a proxy make up. */
const MAX_SERVERS = 100;
/** The longest name of DNS, a colon and a port. */
const MAX_LENGTH = 253 + 6;

const named = new Set<string>();

/**
 * Whether the authority that a request names may become a label. A proxy sends on the `Host` of its own clients, who may
 * write anything there, so the number and the length of such names are bounded.
 */
export function mayBeLabel(authority: string): boolean {
  if (named.has(authority)) return true;
  if (named.size >= MAX_SERVERS || authority.length > MAX_LENGTH) return false;
  named.add(authority);
  return true;
}
