/** Rate, errors and duration of one histogram, by one label or several, with commas between. */
import type { PanelOptions } from './panel.mts';
import { errorRatio, quantile, rate } from './queries.mts';

export function redPanels(what: string, histogram: string, labels: string, filter = ''): PanelOptions[] {
  const by = `service_name, ${labels}`;
  const legend = by
    .split(', ')
    .map((label) => `{{${label}}}`)
    .join(' ');
  return [
    {
      title: `${what}: rate`,
      description: `Calls per second, by ${labels}.`,
      unit: 'reqps',
      queries: { [legend]: rate(`${histogram}_count`, by, filter) },
    },
    {
      title: `${what}: errors`,
      description: `The share of calls that failed, by ${labels}.`,
      unit: 'percentunit',
      max: 1,
      threshold: 0.01,
      queries: { [legend]: errorRatio(histogram, by, filter) },
    },
    {
      title: `${what}: p95`,
      description: `The duration that 95 % of the calls stay below, by ${labels}. The dots are traces of sampled calls.`,
      unit: 's',
      exemplars: true,
      queries: { [legend]: quantile(0.95, histogram, by, filter) },
    },
  ];
}
