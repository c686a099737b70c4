import { create, type DescMessage, type Message } from '@bufbuild/protobuf';

/** A message that is a body of any content. */
export interface HttpBody {
  readonly contentType: string;
  readonly data: Uint8Array;
}

export function isHttpBody(type: DescMessage | undefined): boolean {
  return type?.typeName === 'google.api.HttpBody';
}

export function createHttpBody(type: DescMessage, { contentType, data }: HttpBody): Message {
  return create(type, { contentType, data } as Record<string, unknown>);
}
