/** The traces of an order of apps/temporal, which are the same in every version of the SDK. */
import type { ReceivedSpan } from './collector.js';

export const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';

const ACTIVITY = (name: string): string[] => [
  `StartActivity:${name} completed`,
  `StartActivity:${name} completed > RunActivity:${name} completed`,
];

const under = (parent: string, paths: string[]): string[] => paths.map((path) => `${parent} > ${path}`);

const ROUND = [
  ...ACTIVITY('charge'),
  ...ACTIVITY('reserve'),
  ...ACTIVITY('flaky'),
  'StartActivity:flaky completed > RunActivity:flaky failed',
  ...ACTIVITY('look'),
  'StartActivity:look completed > RunActivity:look completed > GET 200',
  'StartActivity:look completed > RunActivity:look completed > GET 200 > GET 200',
  'StartChildWorkflow:ShipWorkflow completed',
  'StartChildWorkflow:ShipWorkflow completed > RunWorkflow:ShipWorkflow completed',
  ...under(
    'StartChildWorkflow:ShipWorkflow completed > RunWorkflow:ShipWorkflow completed',
    ACTIVITY('charge'),
  ),
];

const LAST_RUN = [
  'RunWorkflow:OrderWorkflow completed',
  ...under('RunWorkflow:OrderWorkflow completed', ROUND),
];

const FIRST_RUN = [
  'RunWorkflow:OrderWorkflow continued_as_new',
  ...under('RunWorkflow:OrderWorkflow continued_as_new', [
    ...ROUND,
    'ContinueAsNew:OrderWorkflow completed',
    ...under('ContinueAsNew:OrderWorkflow completed', LAST_RUN),
  ]),
];

export const ORDER = [
  'StartWorkflow:OrderWorkflow completed',
  ...under('StartWorkflow:OrderWorkflow completed', [`${SERVICE}/StartWorkflowExecution OK`, ...FIRST_RUN]),
].sort();

export const SIGNAL = [
  'SignalWorkflow:pay completed',
  ...under('SignalWorkflow:pay completed', [
    `${SERVICE}/SignalWorkflowExecution OK`,
    'HandleSignal:pay completed',
    ...under('HandleSignal:pay completed', ACTIVITY('charge')),
  ]),
].sort();

/** Each span below `root`, with its status and its ancestors. */
export function treeOf(spans: ReceivedSpan[], root: ReceivedSpan | undefined): string[] {
  const below = (span: ReceivedSpan, path: string): string[] => {
    const here = path + labelOf(span);
    const children = spans.filter(({ parentSpanId }) => parentSpanId === span.spanId);
    return [here, ...children.flatMap((child) => below(child, `${here} > `))];
  };
  return root === undefined ? [] : below(root, '').sort();
}

function labelOf({ name, attributes }: ReceivedSpan): string {
  const status =
    attributes['temporal.status'] ?? attributes['rpc.status_code'] ?? attributes['http.response.status_code'];
  return `${name} ${status}`;
}
