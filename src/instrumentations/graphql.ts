import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { HTTP_SERVER } from '../semconv/http.js';
import { propertyOf } from '../semconv/property.js';

/**
 * graphql 16 and 17. The operation becomes attributes of the HTTP request that carries it: no call of its own, and no span
 * for a resolver. It is no label of the metrics, because the client chooses its name.
 *
 * Version 17 has tracing channels. Version 16 has neither those nor a prototype to patch, so functions are patched
 * on the exports of their own files, before any other file has read them. Servers with an executor of their own, such as
 * graphql-yoga, share some of them.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/
 */
export const graphql: Instrumentation = {
  name: 'graphql',
  observes: 'Operations of graphql 16 and 17, as attributes of their HTTP request',
  conventions: [],
  targets: [
    {
      package: 'graphql',
      versions: '^16.0.0',
      file: 'utilities/getOperationAST.js',
      attach(exports, calls, guard) {
        const note = guard(noteOperation);
        patch<(this: unknown, document: unknown, name?: string) => Operation | null | undefined>(
          exports,
          'getOperationAST',
          (getOperation) =>
            function (...args) {
              const operation = getOperation.apply(this, args);
              note(operation?.name?.value, operation?.operation, calls);
              return operation;
            },
        );
      },
    },
    {
      package: 'graphql',
      versions: '^16.0.0',
      file: 'execution/execute.js',
      attach: (exports, calls, guard) => noteExecuted(exports, 'execute', calls, guard),
    },
    {
      package: 'graphql',
      versions: '^16.0.0',
      file: 'execution/subscribe.js',
      attach: (exports, calls, guard) => noteExecuted(exports, 'subscribe', calls, guard),
    },
    {
      package: 'graphql',
      versions: '^16.0.0',
      file: 'error/locatedError.js',
      attach(exports, calls, guard) {
        const note = guard(noteError);
        patch<(this: unknown, error: unknown, ...rest: unknown[]) => unknown>(
          exports,
          'locatedError',
          (locatedError) =>
            function (error, ...rest) {
              note(error, calls);
              return locatedError.call(this, error, ...rest);
            },
        );
      },
    },
    ...['execute', 'subscribe'].flatMap((operation) => [
      {
        channel: `tracing:graphql:${operation}:start`,
        attach: ({ operationName, operationType }: Message, calls: Calls) =>
          noteOperation(operationName, operationType, calls),
      },
      { channel: `tracing:graphql:${operation}:end`, attach: noteErrors },
      { channel: `tracing:graphql:${operation}:asyncEnd`, attach: noteErrors },
    ]),
  ],
};

interface Operation {
  readonly kind?: string;
  readonly operation: string;
  readonly name?: { readonly value: string };
}

interface Arguments {
  readonly document?: { readonly definitions?: readonly Operation[] };
  readonly operationName?: string | null;
}

interface Message {
  readonly operationName?: string;
  readonly operationType?: string;
  readonly result?: { readonly errors?: readonly { readonly originalError?: unknown }[] };
}

function noteExecuted(exports: object, name: 'execute' | 'subscribe', calls: Calls, guard: Guard): void {
  const note = guard(({ document, operationName }: Arguments) => {
    const operation = document?.definitions?.find(
      (each) =>
        each.kind === 'OperationDefinition' &&
        (operationName === undefined || operationName === null || each.name?.value === operationName),
    );
    noteOperation(operation?.name?.value, operation?.operation, calls);
  });
  patch<(this: unknown, args: Arguments) => unknown>(
    exports,
    name,
    (method) =>
      function (...args) {
        note(...args);
        return method.apply(this, args);
      },
  );
}

/** On a Call: it has its operation. */
const named = privateField<boolean>();

/** The first operation is that of the request: of a batch the first one, of a gateway the one that it was asked. */
function noteOperation(name: string | undefined, type: string | undefined, calls: Calls): void {
  const call = calls.current;
  if (type === undefined || call === undefined || !isRequest(call) || named.get(call)) return;
  named.set(call, true);
  call.set({ 'graphql.operation.name': name, 'graphql.operation.type': type });
}

function noteErrors({ result }: Message, calls: Calls): void {
  for (const { originalError } of result?.errors ?? [])
    if (originalError !== undefined) noteError(originalError, calls);
}

/**
 * An exception of a resolver is the server's fault, as a 5xx is, whatever the status of the answer. An error that has
 * `extensions`, such as a `GraphQLError`, was made for the client: it is an answer, as a 4xx is.
 */
function noteError(error: unknown, calls: Calls): void {
  const call = calls.current;
  if (call !== undefined && isRequest(call) && typeof propertyOf(error, 'extensions') !== 'object')
    call.fail(error);
}

/** An operation may also run in a job, whose result says by itself whether it has failed. */
function isRequest({ convention }: NonNullable<Calls['current']>): boolean {
  return convention.histogram === HTTP_SERVER.histogram;
}
