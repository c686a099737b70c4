/** Whether the event loop, garbage collection or the heap is what makes a service slow. */
import { dashboard } from '../dashboard.mts';
import { gauge, quantile, rate } from '../queries.mts';

export const runtime = dashboard({
  uid: 'redhook-runtime',
  title: 'Redhook: Node.js runtime',
  description: 'Event loop, garbage collection and heap of each process.',
  services: 'nodejs_eventloop_utilization',
  rows: {
    'Event loop': [
      {
        title: 'Utilization',
        description: 'The share of time in which the event loop is busy. Near 100 %, requests wait.',
        unit: 'percentunit',
        max: 1,
        threshold: 0.9,
        queries: {
          '{{service_name}} {{instance}}': gauge(
            'max',
            'nodejs_eventloop_utilization',
            'service_name, instance',
          ),
        },
      },
      {
        title: 'Delay',
        description: 'How late timers fire: the median and the 99th percentile.',
        unit: 's',
        threshold: 0.1,
        queries: {
          'p50 {{service_name}} {{instance}}': gauge(
            'max',
            'nodejs_eventloop_delay_p50_seconds',
            'service_name, instance',
          ),
          'p99 {{service_name}} {{instance}}': gauge(
            'max',
            'nodejs_eventloop_delay_p99_seconds',
            'service_name, instance',
          ),
        },
      },
    ],
    'Garbage collection': [
      {
        title: 'Time in collections',
        description: 'Seconds of each second, by kind of collection.',
        unit: 'percentunit',
        threshold: 0.1,
        queries: {
          '{{service_name}} {{v8js_gc_type}}': rate(
            'v8js_gc_duration_seconds_sum',
            'service_name, v8js_gc_type',
          ),
        },
      },
      {
        title: 'Pause, p95',
        description: 'The duration that 95 % of the collections stay below.',
        unit: 's',
        queries: {
          '{{service_name}} {{v8js_gc_type}}': quantile(
            0.95,
            'v8js_gc_duration_seconds',
            'service_name, v8js_gc_type',
          ),
        },
      },
    ],
    Heap: [
      {
        title: 'Heap in use',
        description: 'All spaces. Growth that no collection takes back is a leak.',
        unit: 'bytes',
        queries: {
          '{{service_name}} {{instance}}': gauge(
            'sum',
            'v8js_memory_heap_used_bytes',
            'service_name, instance',
          ),
        },
      },
      {
        title: 'Heap by space',
        description: 'What is in use in each space.',
        unit: 'bytes',
        queries: {
          '{{service_name}} {{v8js_heap_space_name}}': gauge(
            'sum',
            'v8js_memory_heap_used_bytes',
            'service_name, v8js_heap_space_name',
          ),
        },
      },
    ],
  },
});
