const COUNT = /^((?:(?:http|rpc)_(server|client)|temporal)_\w+_seconds)_count\{(.*)\} (\S+)$/gm;
const NO_ROUTE = '(no route)';
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/**
 * A line for each RED series of a page of metrics, servers before clients and HTTP before gRPC: what was called, how often,
 * whether that was an error, and how long it took on average.
 */
export function redTable(page: string): string {
  const rows: string[][] = [];
  for (const [, name = '', kind = '', labels = '', count] of page.matchAll(COUNT)) {
    const label = Object.fromEntries([...labels.matchAll(LABEL)].map(([, name, value]) => [name, value]));
    // Temporal's core has metrics of its own, and polls wait.
    if (kind === '' && label['temporal_route'] === undefined) continue;
    const sum = page.split('\n').find((line) => line.startsWith(`${name}_sum{${labels}} `));
    rows.push([
      kind === ''
        ? 'Temporal'
        : `${kind.toUpperCase()} ${label['http_request_method'] ?? label['rpc_system_name']}`,
      label['http_route'] ?? label['rpc_method'] ?? label['temporal_route'] ?? serverIn(label) ?? NO_ROUTE,
      label['http_response_status_code'] ?? label['rpc_status_code'] ?? label['temporal_status'] ?? '',
      label['error_type'] ?? '',
      String(count),
      ((Number(sum?.split(' ').at(-1)) / Number(count)) * 1000).toFixed(1),
    ]);
  }
  rows.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  rows.unshift(['call', 'route or target', 'status', 'error', 'calls', 'mean ms']);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function serverIn({ server_address: address, server_port: port }: Record<string, string | undefined>) {
  return address === undefined || port === undefined ? address : `${address}:${port}`;
}

/** Sorts by side, protocol, target, method and status. A request without a route comes after those that have one. */
function orderOf([call = '', target = '', status = '']: string[]): string {
  const isClient = call.startsWith('CLIENT');
  const isGrpc = call.endsWith('grpc');
  return [Number(isClient), Number(isGrpc), Number(target === NO_ROUTE), target, call, status].join(' ');
}
