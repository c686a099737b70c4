import type { Attributes, Call, CallStart, Calls } from '../../instrumentation.js';
import { unlessCancelled } from '../../semconv/cancellation.js';
import { MESSAGING_CLIENT } from '../../semconv/messaging.js';
import { RPC_CLIENT } from '../../semconv/rpc.js';

/** A request that is being made. */
export interface Operation {
  readonly call: Call;
  /** What is sent: the input of the application, or a copy of it with more. */
  readonly input: object;
  end(output: object): void;
  fail(error: unknown): void;
}

/** Starts a request by the name of its command, such as `SendMessage`. */
export type Operations = Readonly<
  // biome-ignore lint/suspicious/noExplicitAny: the input of each command has a type of its own.
  Record<string, (name: string, input: any, calls: Calls) => Operation | undefined>
>;

interface Start extends Pick<CallStart, 'kind' | 'route' | 'injectInto' | 'messages' | 'spanAttributes'> {
  readonly operation: string;
  readonly system: string;
  readonly type: 'send' | 'receive' | 'settle';
  readonly server?: Attributes;
}

export function openCall({ system, type, server, ...start }: Start, calls: Calls): Call | undefined {
  return calls.open({
    ...start,
    convention: MESSAGING_CLIENT,
    // What it sends is a request of the SDK, too.
    suppresses: RPC_CLIENT,
    attributes: { 'messaging.system': system, 'messaging.operation.type': type, ...server },
  });
}

/** What the answers to requests have in common. */
interface Output {
  readonly MessageId?: string;
  readonly Failed?: readonly { readonly Code?: string }[];
  readonly Messages?: readonly unknown[];
}

/** @param look at the output, before the application sees it. */
export function operationOf(call: Call, input: object, look: (output: object) => void = () => {}): Operation {
  return {
    call,
    input,
    end(output: Output) {
      look(output);
      call.set({ 'messaging.message.id': output.MessageId });
      // A part of a batch may have failed, which is no exception.
      const [failed] = output.Failed ?? [];
      const messages = output.Messages?.length;
      call.end({
        ...(failed !== undefined && { error: failed.Code ?? 'failed' }),
        ...(messages !== undefined && { messages }),
      });
    },
    fail(error) {
      call.end({ error: unlessCancelled(error) });
    },
  };
}
