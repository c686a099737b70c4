/** One panel: a graph of queries over time. */

import * as common from '@grafana/grafana-foundation-sdk/common';
import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

export interface PanelOptions {
  readonly title: string;
  readonly description: string;
  /** Grafana's name of the unit, such as `s` or `reqps`. */
  readonly unit: string;
  /** The legend of each query. */
  readonly queries: Readonly<Record<string, string>>;
  /** From where on a value is a problem. */
  readonly threshold?: number;
  readonly max?: number;
  /** Whether to show the traces of sampled calls. */
  readonly exemplars?: boolean;
}

export const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

/** Panels are twelve columns wide, half of a dashboard, and eight rows high. */
export function panel(options: PanelOptions): PanelBuilder {
  const { title, description, unit, queries, threshold, max, exemplars = false } = options;
  const builder = new PanelBuilder()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .unit(unit)
    .min(0)
    .height(8)
    .span(12)
    .fillOpacity(10)
    .showPoints(common.VisibilityMode.Never)
    .noValue('no data')
    .targets(
      Object.entries(queries).map(([legend, expr], index) =>
        new DataqueryBuilder()
          .refId(String.fromCharCode(65 + index))
          .expr(expr)
          .legendFormat(legend)
          .exemplar(exemplars)
          .range(),
      ),
    );
  if (max !== undefined) builder.max(max);
  if (threshold !== undefined)
    builder
      .thresholds(
        new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
          { value: null, color: 'green' },
          { value: threshold, color: 'red' },
        ]),
      )
      .thresholdsStyle(
        new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
      );
  return builder;
}
