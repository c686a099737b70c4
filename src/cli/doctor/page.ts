import type { Config } from '../../config/config.js';
import { withBrackets } from '../../semconv/url.js';
import type { Finding } from './finding.js';
import { describePortError } from './port.js';
import type { ProcessReport } from './report.js';

const MAX_WAIT_MS = 2_000;
const TAKEN = /metrics: port \d+ is taken/;
/** Every page of ours has it. */
const OURS = 'telemetry_distro_name="redhook"';
const COUNT = /^([a-zA-Z_:][\w:]*)_count\{(.*)\} /gm;
/** Absent from our own series. */
const SCOPE = /otel_scope_name="([^"]*)"/;

/** Reads the metrics page of the living application. */
export async function examinePage({ metrics }: Config, app: ProcessReport): Promise<Finding[]> {
  const page = metrics.exporters.find((exporter) => exporter.type === 'prometheus');
  if (page === undefined || page.port === 0 || !app.isStarted) return [];
  if (app.lines.some(({ line }) => TAKEN.test(line)))
    return [describePortError('EADDRINUSE', page.host, page.port)];
  const host = page.host === '' || page.host === '::' ? '127.0.0.1' : page.host;
  const url = `http://${withBrackets(host)}:${page.port}${page.path}`;
  const text = await textAt(url);
  if (text === undefined) {
    const message = `there is no metrics page at ${url} yet: it opens when the application listens or serves a call`;
    return [{ check: 'page', severity: 'note', message }];
  }
  if (!text.includes(OURS)) {
    const message = `the page at ${url} is not the metrics page of Redhook`;
    return [
      { check: 'page', severity: 'error', message, fix: 'set OTEL_EXPORTER_PROMETHEUS_PORT to a free port' },
    ];
  }
  return [{ check: 'page', severity: 'ok', message: `the metrics page is at ${url}` }, ...twice(text)];
}

/** Histograms that two instrumentations make: a sum over them counts every call twice. */
function twice(text: string): Finding[] {
  const makers = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(COUNT))
    makers.set(name, (makers.get(name) ?? new Set()).add(SCOPE.exec(labels)?.[1] ?? 'Redhook'));
  return [...makers]
    .filter(([, names]) => names.size > 1)
    .map(([name, names]) => ({
      check: 'page',
      severity: 'warning',
      message: `${name} is on the page twice, made by ${[...names].join(' and ')}`,
      fix: 'remove the other instrumentation from the application',
    }));
}

async function textAt(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(MAX_WAIT_MS) });
    return await response.text();
  } catch {
    return undefined;
  }
}
