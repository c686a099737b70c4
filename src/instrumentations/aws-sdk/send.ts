import type { Calls, Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { whenSettled } from '../../patching/when-settled.js';
import type { Operation } from './operation.js';

/** A client of one service. */
export interface Client {
  readonly config?: { readonly serviceId?: unknown };
}

export interface Command {
  readonly input: object;
  readonly constructor: { readonly name: string };
  /** Of a document client of DynamoDB: the command that it makes of this one. */
  readonly clientCommand?: Command;
}

type Callback = (error: unknown, ...rest: [output?: object]) => unknown;

/** With a callback, alone or after the options, it returns nothing. */
type Send = (this: Client, command: Command, ...rest: [unknown?, unknown?]) => Promise<object> | undefined;

/** Observes what the clients with this prototype send, if `start` has an operation for it. */
export function observeSend(
  prototype: object,
  start: (client: Client, command: Command) => Operation | undefined,
  calls: Calls,
  guard: Guard,
): void {
  const begin = guard((client: Client, command: Command) => {
    const operation = start(client, command);
    return operation && { ...operation, sent: withInput(command, operation.input) };
  });
  patch<Send>(
    prototype,
    'send',
    (send) =>
      function (command, ...rest) {
        const operation = begin(this, command);
        if (operation === undefined) return send.call(this, command, ...rest);
        const { call, sent } = operation;
        const end = guard((output: object) => operation.end(output));
        const position = rest.findIndex((each) => typeof each === 'function');
        if (position !== -1) {
          const callback = calls.bind(rest[position] as Callback);
          const observed: Callback = (error, ...others) => {
            if (error || others[0] === undefined) operation.fail(error);
            else end(others[0]);
            return callback(error, ...others);
          };
          rest = rest.with(position, observed) as [unknown?, unknown?];
        }
        try {
          const promise = call.run(send, this, sent, ...rest);
          return promise && whenSettled(promise, end, (error) => operation.fail(error));
        } catch (error) {
          operation.fail(error);
          throw error;
        }
      },
  );
}

/** The name of the operation in the API: `PutItem`. */
export function nameOf(command: Command | undefined): string {
  const { name = '' } = (command?.clientCommand ?? command)?.constructor ?? {};
  return name.replace(/Command$/, '');
}

/** A copy, because commands belong to the application, which may send one again. */
function withInput(command: Command, input: object): Command {
  if (input === command.input) return command;
  return Object.assign(Object.create(Object.getPrototypeOf(command)), command, { input });
}
