import { expect, test } from 'vitest';
import { createGuard } from '../../../src/hooks/guard.js';
import { type FollowedCall, followServerCalls } from '../../../src/instrumentations/grpc/server-calls.js';

type Listener = Record<
  'onReceiveMetadata' | 'onReceiveMessage' | 'onReceiveHalfClose' | 'onCancel',
  (value?: unknown) => void
>;

/** The class of grpc-js, as far as it matters here. */
class ServerCall {
  readonly handler: { readonly type: string };
  listener: Listener | undefined;
  sent: unknown[] = [];

  constructor(type: string) {
    this.handler = { type };
  }

  start(listener: Listener): void {
    this.listener = listener;
  }

  sendMessage(message: unknown): void {
    this.sent.push(message);
  }
}

/** Plays all events of a call, and returns those that ran inside of it. */
function play(type: string, { claimed = true, intercepted = false, counting = false } = {}) {
  const { prototype } = class extends ServerCall {};
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(ServerCall.prototype));
  const inside: string[] = [];
  const counts = counting ? { received: 0, sent: 0 } : undefined;
  let isInside = false;
  let ends = 0;
  const followed: FollowedCall = {
    counts,
    run(fn, thisArg, ...args) {
      isInside = true;
      try {
        return fn.apply(thisArg, args);
      } finally {
        isInside = false;
      }
    },
    end: () => {
      ends += 1;
    },
  };
  followServerCalls(
    prototype,
    () => (claimed ? followed : undefined),
    () => counts,
    createGuard('grpc-server'),
  );
  const heard: string[] = [];
  const hear = (event: string) => () => {
    heard.push(event);
    if (isInside) inside.push(event);
  };
  const listener: Listener = {
    onReceiveMetadata: hear('metadata'),
    onReceiveMessage: hear('message'),
    onReceiveHalfClose: hear('halfClose'),
    onCancel: hear('cancel'),
  };
  const call: ServerCall = Object.create(prototype, Object.getOwnPropertyDescriptors(new ServerCall(type)));
  call.start(intercepted ? Object.assign(Object.create({}), listener) : listener);
  call.listener?.onReceiveMetadata({});
  call.listener?.onReceiveMessage('a');
  call.listener?.onReceiveHalfClose();
  call.sendMessage('b');
  call.listener?.onCancel();
  return { heard, inside, ends, counts, sent: call.sent };
}

const ALL = ['metadata', 'message', 'halfClose', 'cancel'];

test('a unary call is entered when its request is complete, and at its end', () => {
  expect(play('unary')).toMatchObject({ heard: ALL, inside: ['halfClose', 'cancel'], ends: 1 });
  expect(play('serverStream').inside).toEqual(['halfClose', 'cancel']);
});

test.each(['clientStream', 'bidi'])('each message of a %s call is heard inside of it', (type) => {
  expect(play(type)).toMatchObject({ heard: ALL, inside: ['message', 'halfClose', 'cancel'], ends: 1 });
});

test('interceptors of the application hear of messages inside the call', () => {
  expect(play('unary', { intercepted: true }).inside).toContain('message');
});

test('messages are counted if somebody wants to know', () => {
  expect(play('unary', { counting: true })).toMatchObject({ counts: { received: 1, sent: 1 }, sent: ['b'] });
});

test('a call that is followed otherwise is left alone', () => {
  expect(play('unary', { claimed: false })).toMatchObject({ heard: ALL, inside: [], ends: 0, sent: ['b'] });
});

test('a call ends also if what hears of its end throws', () => {
  let ended = false;
  const prototype = {
    start(this: ServerCall, listener: Listener) {
      this.listener = listener;
    },
    sendMessage() {},
  };
  followServerCalls(
    prototype,
    () => ({
      counts: undefined,
      run: (fn, thisArg, ...args) => fn.apply(thisArg, args),
      end: () => {
        ended = true;
      },
    }),
    () => undefined,
    createGuard('grpc-server'),
  );
  const call = Object.assign(Object.create(prototype), { handler: { type: 'unary' } });
  call.start({
    onCancel: () => {
      throw new Error('the application');
    },
  });
  expect(() => call.listener.onCancel()).toThrow('the application');
  expect(ended).toBe(true);
});
