import type { Attributes, Call, CallStart, Calls } from '../../instrumentation.js';
import { unlessCancelled } from '../../semconv/cancellation.js';
import { DB_CLIENT } from '../../semconv/db.js';
import { propertyOf } from '../../semconv/property.js';
import { RPC_CLIENT } from '../../semconv/rpc.js';
import type { Operation } from './operation.js';
import { type Client, type Command, nameOf } from './send.js';

/**
 * A request to any service: by the conventions for databases if that is DynamoDB, else by those for RPC.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/
 * @see https://opentelemetry.io/docs/specs/semconv/db/dynamodb/
 */
export function requestOf(client: Client, command: Command, calls: Calls): Operation | undefined {
  const service = client.config?.serviceId;
  const name = nameOf(command);
  if (typeof service !== 'string' || name === '') return undefined;
  const input = Object(command.input);
  const start = service === 'DynamoDB' ? databaseCall(name, input) : rpcCall(service, name, input);
  const call = calls.open({ kind: 'client', ...start });
  if (call === undefined) return undefined;
  return {
    call,
    input: command.input,
    end(output) {
      noteRequestId(call, output);
      call.end({});
    },
    fail(error) {
      noteRequestId(call, error);
      call.end({ error: unlessCancelled(error) });
    },
  };
}

type Input = Readonly<Record<string, unknown>>;
type Start = Pick<CallStart, 'convention' | 'route' | 'attributes' | 'spanAttributes'>;

function databaseCall(name: string, input: Input): Start {
  const table = typeof input['TableName'] === 'string' ? input['TableName'] : undefined;
  return {
    convention: DB_CLIENT,
    route: table === undefined ? name : `${name} ${table}`,
    attributes: { 'db.system.name': 'aws.dynamodb', 'db.collection.name': table, 'db.operation.name': name },
  };
}

function rpcCall(service: string, name: string, input: Input): Start {
  return {
    convention: RPC_CLIENT,
    route: `${service}/${name}`,
    attributes: { 'rpc.system.name': 'aws-api' },
    spanAttributes: (): Attributes => (service === 'S3' ? objectIn(input) : {}),
  };
}

function objectIn({ Bucket, Key }: Input): Attributes {
  return {
    'aws.s3.bucket': typeof Bucket === 'string' ? Bucket : undefined,
    'aws.s3.key': typeof Key === 'string' ? Key : undefined,
  };
}

/** Answers and errors have it in the same place. */
function noteRequestId(call: Call, answer: unknown): void {
  const id = propertyOf(propertyOf(answer, '$metadata'), 'requestId');
  if (typeof id === 'string') call.set({ 'aws.request_id': id });
}
