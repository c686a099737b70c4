import type { Calls, ExtractCarrier, Guard } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';
import { TEMPORAL_NEXUS } from '../../../semconv/temporal.js';
import { isOfficial } from '../official.js';
import { track } from '../track.js';

interface NexusHandler {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly context: {
    readonly service: string;
    readonly operation: string;
    readonly headers: ExtractCarrier;
    readonly requestDeadline?: Date;
  };
  readonly interceptors?: { readonly inbound: readonly object[] };
}

type InvokeUserCode = (this: NexusHandler, method: string, fn: () => Promise<unknown>) => Promise<unknown>;

const NAMES: Readonly<Record<string, string>> = {
  startOperation: 'RunStartNexusOperation',
  cancelOperation: 'RunCancelNexusOperation',
};

/** Opens a call for each handler of a Nexus operation. What it starts is its child. */
export function observeNexus(prototype: object, calls: Calls, guard: Guard): void {
  const open = guard(({ namespace, taskQueue, context, interceptors }: NexusHandler, method: string) => {
    const { service, operation, headers, requestDeadline } = context;
    return calls.open({
      kind: 'server',
      convention: TEMPORAL_NEXUS,
      route: `${NAMES[method] ?? method}:${service}/${operation}`,
      extractFrom: headers,
      traced: !interceptors?.inbound.some(isOfficial),
      deadline: requestDeadline?.getTime(),
      attributes: { 'temporal.namespace': namespace, 'temporal.task_queue': taskQueue },
    });
  });
  patch<InvokeUserCode>(
    prototype,
    'invokeUserCode',
    (invokeUserCode) =>
      function (method, fn) {
        return track(open(this, method), guard, invokeUserCode as never, this, [method, fn]);
      },
  );
}
