import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../../config/config.js';
import type { Finding } from './finding.js';

const PORT = 'OTEL_EXPORTER_PROMETHEUS_PORT';

/** Whether the metrics page could open now. Only while the application does not run: it may have the port itself. */
export async function examinePorts({ enabled, metrics }: Config): Promise<Finding[]> {
  if (!enabled) return [];
  const pages = metrics.exporters.filter((exporter) => exporter.type === 'prometheus');
  return Promise.all(pages.map(({ host, port }) => examinePort(host, port)));
}

async function examinePort(host: string, port: number): Promise<Finding> {
  const server = createServer();
  try {
    server.listen({ port, exclusive: true, ...(host !== '' && { host }) });
    await once(server, 'listening');
    return { check: 'port', severity: 'ok', message: `port ${port} of the metrics page is free` };
  } catch (error) {
    return describePortError((error as NodeJS.ErrnoException).code ?? '', host, port);
  } finally {
    server.close();
  }
}

export function describePortError(code: string, host: string, port: number): Finding {
  const cannot = `the metrics page cannot listen on ${host}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return error(
        `port ${port} of the metrics page is taken by another process`,
        `end that process, or set ${PORT}`,
      );
    case 'EACCES':
      return error(`${cannot}: it needs a permission`, `set ${PORT} to a port above 1023`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return error(`${cannot}: this machine has no such address`, 'mend OTEL_EXPORTER_PROMETHEUS_HOST');
    default:
      return error(`${cannot}: ${code}`, `set ${PORT}`);
  }
}

function error(message: string, fix: string): Finding {
  return { check: 'port', severity: 'error', message, fix };
}
