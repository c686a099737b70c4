/**
 * The nodes of OpenTelemetry's model that have what the short form has under these paths, by descending precedence. `[]`
 * stands for each item of a list, `*` for any text in a key.
 */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  'traces.exporters': ['tracer_provider.processors'],
  'traces.sampler.name': ['tracer_provider.sampler'],
  'traces.sampler.ratio': ['tracer_provider.sampler'],
  'traces.queue.size': ['tracer_provider.processors[].batch.max_queue_size'],
  'traces.queue.batch': ['tracer_provider.processors[].batch.max_export_batch_size'],
  'traces.queue.delay': ['tracer_provider.processors[].batch.schedule_delay'],
  'traces.limits.attributes': [
    'tracer_provider.limits.attribute_count_limit',
    'attribute_limits.attribute_count_limit',
  ],
  'traces.limits.attribute_length': [
    'tracer_provider.limits.attribute_value_length_limit',
    'attribute_limits.attribute_value_length_limit',
  ],
  'traces.limits.events': ['tracer_provider.limits.event_count_limit'],
  'traces.limits.links': ['tracer_provider.limits.link_count_limit'],
  'traces.limits.event_attributes': ['tracer_provider.limits.event_attribute_count_limit'],
  'traces.limits.link_attributes': ['tracer_provider.limits.link_attribute_count_limit'],
  'metrics.exporters': ['meter_provider.readers'],
  'metrics.interval': ['meter_provider.readers[].periodic.interval'],
  'metrics.temporality': ['meter_provider.readers[].periodic.exporter.otlp_*.temporality_preference'],
  'metrics.exemplars': ['meter_provider.exemplar_filter'],
  instrumentations: ['instrumentation/development.js'],
  'service.name': ['resource.attributes'],
  'service.version': ['resource.attributes'],
  'resource.attributes': ['resource.attributes'],
  'resource.detectors': ['resource.detection/development.detectors'],
  propagators: ['propagator'],
  'http.known_methods': [
    'instrumentation/development.general.http.server.known_methods',
    'instrumentation/development.general.http.client.known_methods',
  ],
  log_level: ['log_level'],
};

/** The exporters of each kind, and the settings of one under other names than in the short form. */
const EXPORTERS: Readonly<Record<string, string>> = {
  'traces.exporters[].otlp': 'tracer_provider.processors[].*.exporter.otlp_*',
  'metrics.exporters[].otlp': 'meter_provider.readers[].periodic.exporter.otlp_*',
  'metrics.exporters[].prometheus': 'meter_provider.readers[].pull.exporter.prometheus/development',
};
const DETAILS: Readonly<Record<string, string>> = {
  certificate: 'tls.ca_file',
  client_key: 'tls.key_file',
  client_certificate: 'tls.cert_file',
};

/** Empty for a setting that the model has no node for. */
export function placesOf(path: string): readonly string[] {
  return PLACES[path] ?? (path.startsWith('http.') ? [`instrumentation/development.general.${path}`] : []);
}

/** Where the settings of exporters are: the path of all exporters of the kind, and within each. */
export function exporterPlaceOf(
  path: string,
): { readonly list: string; readonly detail: string } | undefined {
  const [, kind = '', detail = ''] = /^(.*\[\]\.[^.]+)\.?(.*)$/.exec(path) ?? [];
  const list = EXPORTERS[kind];
  return list === undefined ? undefined : { list, detail: DETAILS[detail] ?? detail };
}
