/** Which query or queue is slow or fails. */
import { dashboard } from '../dashboard.mts';
import { rate } from '../queries.mts';
import { redPanels } from '../red-panels.mts';

export const data = dashboard({
  uid: 'redhook-data',
  title: 'Redhook: databases and messaging',
  description: 'Operations of database and messaging clients, and the processing of messages.',
  services: 'target_info',
  rows: {
    Databases: redPanels(
      'Database',
      'db_client_operation_duration_seconds',
      'db_system_name, db_operation_name',
    ),
    'Messaging clients': [
      ...redPanels(
        'Messaging',
        'messaging_client_operation_duration_seconds',
        'messaging_operation_name, messaging_destination_name',
      ),
      {
        title: 'Messages sent and consumed',
        description: 'Messages per second. One operation may have many.',
        unit: 'short',
        queries: {
          'sent {{messaging_destination_name}}': rate(
            'messaging_client_sent_messages_total',
            'messaging_destination_name',
          ),
          'consumed {{messaging_destination_name}}': rate(
            'messaging_client_consumed_messages_total',
            'messaging_destination_name',
          ),
        },
      },
    ],
    Processing: redPanels('Processing', 'messaging_process_duration_seconds', 'messaging_destination_name'),
  },
});
