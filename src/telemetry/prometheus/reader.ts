import {
  AggregationTemporality,
  type MetricProducer,
  MetricReader,
  type MetricReaderOptions,
} from '@opentelemetry/sdk-metrics';

export interface PrometheusReaderOptions {
  /** The metrics to read in addition to the application's instruments. */
  readonly metricProducers: MetricProducer[];
  /** How many series an instrument of the application may have. Further ones share its overflow series. */
  readonly cardinalitySelector?: MetricReaderOptions['cardinalitySelector'];
}

/** Reads the totals when a scraper asks for them. */
export class PrometheusReader extends MetricReader {
  constructor({ metricProducers, cardinalitySelector }: PrometheusReaderOptions) {
    super({
      aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE,
      metricProducers,
      ...(cardinalitySelector !== undefined && { cardinalitySelector }),
    });
  }

  protected override async onShutdown(): Promise<void> {}

  /** Metrics are pulled; there is nothing to push. */
  protected override async onForceFlush(): Promise<void> {}
}
