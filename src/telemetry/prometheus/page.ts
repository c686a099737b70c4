import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Family, familiesOf } from './families.js';
import { createLabels, quoted, resourceLabels } from './labels.js';
import { isLegacy } from './names.js';
import type { Format } from './negotiate.js';
import { seriesOf } from './page-series.js';
import { sampleStart, writerOf } from './samples.js';

export interface PageOptions {
  readonly serviceName: string;
  readonly translation?: Translation;
}

/**
 * How names are translated before the scraper's `escaping` applies. The default uses underscores, so that dashboards
 * find the same names whatever a scraper requests. The other strategy keeps dots for scrapers that allow UTF-8.
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/prometheus/#interaction-with-translation-strategy
 */
export type Translation = 'underscore_escaping_with_suffixes' | 'no_utf8_escaping_with_suffixes';

/** Yields the page in pieces, about one per series, so that a huge page is never rendered in one go. */
export type Page = (metrics: ResourceMetrics, format: Format) => Iterable<string>;

/**
 * Renders metrics as text: Prometheus 0.0.4 and 1.0.0, OpenMetrics 1.0.0.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function createPage({ serviceName, translation }: PageOptions): Page {
  const labelsIn = {
    legacy: createLabels(serviceName, 'legacy'),
    utf8: createLabels(serviceName, 'utf8'),
  };
  return function* ({ resource, scopeMetrics }, format) {
    const scheme = translation === 'no_utf8_escaping_with_suffixes' && format.utf8 ? 'utf8' : 'legacy';
    yield target(resourceLabels(resource.attributes, scheme), format);
    for (const family of familiesOf(scopeMetrics, scheme)) {
      const series = seriesOf(family, labelsIn[scheme]);
      if (series.length === 0) continue;
      yield comments(family, format);
      const write = writerOf(family, format);
      for (const each of series) yield write(each);
    }
    if (format.openMetrics) yield '# EOF\n';
  };
}

function target(labels: string, { openMetrics }: Format): string {
  const [name, type] = openMetrics ? ['target', 'info'] : ['target_info', 'gauge'];
  return `# HELP ${name} Target metadata\n# TYPE ${name} ${type}\n${sampleStart('target_info')}${labels}} 1\n`;
}

/** Outside OpenMetrics a counter is named like its samples, with `_total`, and there is no UNIT. */
function comments({ name, type, unit, help }: Family, { openMetrics }: Format): string {
  const full = openMetrics || type !== 'counter' ? name : `${name}_total`;
  const shown = isLegacy(full) ? full : quoted(full);
  let text = '';
  if (help !== '') text += `# HELP ${shown} ${escapeHelp(help, openMetrics)}\n`;
  text += `# TYPE ${shown} ${type}\n`;
  if (openMetrics && unit !== '') text += `# UNIT ${shown} ${unit}\n`;
  return text;
}

function escapeHelp(help: string, openMetrics: boolean): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return openMetrics ? escaped.replaceAll('"', '\\"') : escaped;
}
