/** Which gRPC method is slow or fails, and with which status. */
import { dashboard } from '../dashboard.mts';
import { rate } from '../queries.mts';
import { redPanels } from '../red-panels.mts';

const status = (side: string, histogram: string) => ({
  title: `gRPC ${side}: statuses`,
  description: 'Calls per second by status.',
  unit: 'reqps',
  queries: {
    '{{service_name}} {{rpc_status_code}}': rate(`${histogram}_count`, 'service_name, rpc_status_code'),
  },
});

const SERVER = 'rpc_server_call_duration_seconds';
const CLIENT = 'rpc_client_call_duration_seconds';

export const grpc = dashboard({
  uid: 'redhook-grpc',
  title: 'Redhook: gRPC',
  description: 'Rate, errors, duration and statuses of gRPC calls.',
  services: 'target_info',
  rows: {
    Servers: [...redPanels('gRPC server', SERVER, 'rpc_method'), status('server', SERVER)],
    Clients: [...redPanels('gRPC client', CLIENT, 'rpc_method'), status('client', CLIENT)],
  },
});
