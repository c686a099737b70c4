import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { privateField } from '../patching/private-field.js';
import { DB_CLIENT } from '../semconv/db.js';
import { MESSAGING_CLIENT } from '../semconv/messaging.js';
import { RPC_CLIENT } from '../semconv/rpc.js';
import type { Operations } from './aws-sdk/operation.js';
import { requestOf } from './aws-sdk/request.js';
import { type Client, type Command, nameOf, observeSend } from './aws-sdk/send.js';
import { SNS } from './aws-sdk/sns.js';
import { SQS } from './aws-sdk/sqs.js';

const VERSIONS = '^3.0.0';

/**
 * Requests by version 3 of the SDK of AWS, to all services. What it sends for one, again if need be, are HTTP calls inside
 * it. Who receives messages asks for them and then processes them in its own way, so what receives links to the senders.
 */
export const awsSdk: Instrumentation = {
  name: 'aws-sdk',
  observes:
    'Requests by version 3 of the SDK of AWS: messages of SQS and SNS, operations of DynamoDB, all other services',
  conventions: [MESSAGING_CLIENT, DB_CLIENT, RPC_CLIENT],
  targets: [
    // First, because clients of messages inherit from it.
    {
      package: '@smithy/core',
      versions: VERSIONS,
      file: 'dist-cjs/submodules/client/index.js',
      exporting: 'Client',
      attach: ({ Client }, calls, guard) => observeRequests(Client, calls, guard),
    },
    {
      package: '@smithy/smithy-client',
      file: 'dist-cjs/index.js',
      exporting: 'Client',
      attach: ({ Client }, calls, guard) => observeRequests(Client, calls, guard),
    },
    {
      package: '@aws-sdk/smithy-client',
      versions: VERSIONS,
      file: 'dist-cjs/index.js',
      exporting: 'Client',
      attach: ({ Client }, calls, guard) => observeRequests(Client, calls, guard),
    },
    {
      package: '@aws-sdk/client-sqs',
      versions: VERSIONS,
      file: 'dist-cjs/index.js',
      exporting: 'SQSClient',
      attach: ({ SQSClient }, calls, guard) => observeMessages(SQSClient.prototype, SQS, calls, guard),
    },
    {
      package: '@aws-sdk/client-sns',
      versions: VERSIONS,
      file: 'dist-cjs/index.js',
      exporting: 'SNSClient',
      attach: ({ SNSClient }, calls, guard) => observeMessages(SNSClient.prototype, SNS, calls, guard),
    },
  ],
};

/** The client of a messaging service. Of its other requests, each is one as to any service. */
function observeMessages(prototype: object, operations: Operations, calls: Calls, guard: Guard): void {
  const start = (_client: Client, command: Command) => {
    const name = nameOf(command);
    if (!Object.hasOwn(operations, name)) return undefined;
    return operations[name]?.(name, command.input, calls);
  };
  observeSend(prototype, start, calls, guard);
}

/** What all clients extend. Packages export one another's. */
function observeRequests(client: { readonly prototype: object }, calls: Calls, guard: Guard): void {
  if (observed.get(client)) return;
  observed.set(client, true);
  observeSend(client.prototype, (each, command) => requestOf(each, command, calls), calls, guard);
}

const observed = privateField<true>();
