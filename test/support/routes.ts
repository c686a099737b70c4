/** Requests over a real socket, and the routes that a router has given them. */
import { once } from 'node:events';
import http, { type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import type { Recorder } from './recorder.js';

/** A request, and the status and the route that its call must have. `undefined`: no route. */
export type RouteCase = readonly [request: string, code: number, route: string | undefined];

/** Starts a server for `listener` and waits until it listens. */
export async function serve(listener: RequestListener): Promise<Server> {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * Makes a request, `GET /path` or just `/path`, and checks its one call. Returns the body. The recorder checks that the
 * span and the histogram have the same labels.
 */
export async function expectRoute(
  recorder: Recorder,
  server: Server | string,
  [text, code, route]: RouteCase,
): Promise<string> {
  const [path = '', method = 'GET'] = text.split(' ').reverse();
  const base = typeof server === 'string' ? server : urlOf(server);
  const response = await fetch(base + path, { method, redirect: 'manual' });
  const body = await response.text();
  const [call] = await recorder.take(1);
  expect({
    operation: call?.operation,
    code: call?.code,
    route: call?.route,
    label: call?.attributes['http.route'],
  }).toEqual({ operation: method, code, route, label: route });
  return body;
}
