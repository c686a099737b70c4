/** Whether workflows and activities succeed, and whether the workers keep up. */
import { dashboard } from '../dashboard.mts';
import { gauge, quantile } from '../queries.mts';
import { redPanels } from '../red-panels.mts';

export const temporal = dashboard({
  uid: 'redhook-temporal',
  title: 'Redhook: Temporal',
  description: 'Clients, workflows, activities and workers of Temporal.',
  services: 'target_info',
  rows: {
    Clients: redPanels('Client', 'temporal_client_operation_duration_seconds', 'temporal_route'),
    Workflows: redPanels('Workflow', 'temporal_workflow_duration_seconds', 'temporal_route'),
    Activities: redPanels('Activity', 'temporal_activity_duration_seconds', 'temporal_route'),
    Workers: [
      {
        title: 'Free task slots',
        description: 'How many more tasks the workers can take. At 0 tasks wait in the queue.',
        unit: 'short',
        queries: {
          '{{task_queue}} {{worker_type}}': gauge(
            'sum',
            'temporal_worker_task_slots_available',
            'task_queue, worker_type',
          ),
        },
      },
      {
        title: 'Wait for a worker, p95',
        description: 'How long activity and workflow tasks wait in the queue until a worker starts them.',
        unit: 's',
        queries: {
          'activity {{task_queue}}': quantile(
            0.95,
            'temporal_activity_schedule_to_start_latency_seconds',
            'task_queue',
          ),
          'workflow {{task_queue}}': quantile(
            0.95,
            'temporal_workflow_task_schedule_to_start_latency_seconds',
            'task_queue',
          ),
        },
      },
      {
        title: 'Pollers',
        description: 'Polls of the workers that wait for tasks.',
        unit: 'short',
        queries: {
          '{{task_queue}} {{poller_type}}': gauge('sum', 'temporal_num_pollers', 'task_queue, poller_type'),
        },
      },
      {
        title: 'Workers by state',
        description: 'Workers of the SDK: running, draining and so on.',
        unit: 'short',
        queries: {
          '{{temporal_task_queue}} {{temporal_worker_state}}': gauge(
            'sum',
            'temporal_worker_state',
            'temporal_task_queue, temporal_worker_state',
          ),
        },
      },
    ],
    Visibility: [
      {
        title: 'Executions by status',
        description: 'What the service counts. Needs `temporal.visibility: true`.',
        unit: 'short',
        queries: {
          '{{temporal_namespace}} {{temporal_status}}': gauge(
            'max',
            'temporal_workflow_executions',
            'temporal_namespace, temporal_status',
          ),
        },
      },
      {
        title: 'Running executions by type',
        description: 'What the service counts. Needs `temporal.visibility: true`.',
        unit: 'short',
        queries: {
          '{{temporal_task_queue}} {{temporal_workflow_type}}': gauge(
            'max',
            'temporal_workflow_active',
            'temporal_task_queue, temporal_workflow_type',
          ),
        },
      },
    ],
  },
});
