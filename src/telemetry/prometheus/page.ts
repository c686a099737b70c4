import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { PageConfig, Translation } from '../../config/config.js';
import { type Family, familiesOf } from './families.js';
import { createLabels, type LabelOptions, quoted, resourceLabels } from './labels.js';
import { isLegacy } from './names.js';
import type { Format } from './negotiate.js';
import { seriesOf } from './page-series.js';
import { sampleWriter, writerOf } from './samples.js';

export type PageOptions = LabelOptions & Pick<PageConfig, 'targetInfo' | 'translation'>;

/** Yields the page in pieces, about one per series, so that a huge page is never rendered in one go. */
export type Page = (metrics: ResourceMetrics, format: Format) => Iterable<string>;

/**
 * Renders metrics as text: Prometheus 0.0.4 and 1.0.0, OpenMetrics 1.0.0.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function createPage({ targetInfo, translation, ...labels }: PageOptions): Page {
  const { utf8, suffixes } = TRANSLATIONS[translation];
  const labelsIn = { legacy: createLabels(labels, 'legacy'), utf8: createLabels(labels, 'utf8') };
  return function* ({ resource, scopeMetrics }, format) {
    const scheme = utf8 && format.utf8 ? 'utf8' : 'legacy';
    if (targetInfo) yield target(resourceLabels(resource.attributes, scheme), format);
    for (const family of familiesOf(scopeMetrics, { scheme, suffixes })) {
      const series = seriesOf(family, labelsIn[scheme]);
      if (series.length === 0) continue;
      yield comments(family, format);
      const write = writerOf(family, format);
      for (const each of series) yield write(each);
    }
    if (format.openMetrics) yield '# EOF\n';
  };
}

/** The default uses underscores, so that dashboards find the same names whatever a scraper requests. */
const TRANSLATIONS: Record<Translation, { readonly utf8: boolean; readonly suffixes: boolean }> = {
  underscore_escaping_with_suffixes: { utf8: false, suffixes: true },
  underscore_escaping_without_suffixes: { utf8: false, suffixes: false },
  no_utf8_escaping_with_suffixes: { utf8: true, suffixes: true },
  no_translation: { utf8: true, suffixes: false },
};

function target(labels: string, { openMetrics }: Format): string {
  const [name, type] = openMetrics ? ['target', 'info'] : ['target_info', 'gauge'];
  return `# HELP ${name} Target metadata\n# TYPE ${name} ${type}\n${sampleWriter('target_info')(labels)}} 1\n`;
}

/**
 * Outside OpenMetrics a counter is named like its samples, with `_total`, and there is no UNIT. In OpenMetrics there is no
 * counter without `_total`.
 */
function comments({ name, type: given, suffixes, unit, help }: Family, { openMetrics }: Format): string {
  const full = openMetrics || given !== 'counter' || !suffixes ? name : `${name}_total`;
  const type = openMetrics && given === 'counter' && !suffixes ? 'unknown' : given;
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
