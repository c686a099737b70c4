/** The kinds of calls that Redhook counts: for each its histogram, and the label that names the route. */
export interface Kind {
  readonly kind: string;
  readonly histogram: string;
  readonly route: string;
}

export const KINDS: readonly Kind[] = [
  { kind: 'http_server', histogram: 'http_server_request_duration_seconds', route: 'http_route' },
  { kind: 'http_client', histogram: 'http_client_request_duration_seconds', route: 'server_address' },
  { kind: 'rpc_server', histogram: 'rpc_server_call_duration_seconds', route: 'rpc_method' },
  { kind: 'rpc_client', histogram: 'rpc_client_call_duration_seconds', route: 'rpc_method' },
  {
    kind: 'temporal_client',
    histogram: 'temporal_client_operation_duration_seconds',
    route: 'temporal_route',
  },
  { kind: 'temporal_activity', histogram: 'temporal_activity_duration_seconds', route: 'temporal_route' },
  { kind: 'temporal_workflow', histogram: 'temporal_workflow_duration_seconds', route: 'temporal_route' },
  { kind: 'temporal_nexus', histogram: 'temporal_nexus_duration_seconds', route: 'temporal_route' },
  { kind: 'db_client', histogram: 'db_client_operation_duration_seconds', route: 'db_query_summary' },
  {
    kind: 'messaging_client',
    histogram: 'messaging_client_operation_duration_seconds',
    route: 'messaging_destination_name',
  },
  {
    kind: 'messaging_process',
    histogram: 'messaging_process_duration_seconds',
    route: 'messaging_destination_name',
  },
];
