/** A client for the gRPC applications of test/apps/grpc: the one that they use themselves, without Redhook. */
import { createRequire } from 'node:module';
import type * as Grpc from '@grpc/grpc-js';

/** A request: see apps/grpc/shop.cjs. */
export interface Request {
  method: string;
  /** How the call should end. */
  id: string;
  /** The length to which the id is padded, in characters. */
  size?: number;
  /** When the client ends the call: before the answer, in the middle of it, at a deadline, or by disconnecting. */
  leaves?: 'before' | 'during' | 'late' | 'cut';
}

export interface Seen {
  /** The name of the status. */
  status: string;
  /** The id of the last answer. */
  id: string;
}

interface Shop {
  connect(port: number): Grpc.Client;
  ask(client: Grpc.Client, request: Request, headers: Record<string, string>): Promise<Seen>;
  askAndCut(port: number, request: Request, headers: Record<string, string>): Promise<Seen>;
}

export const shop: Shop = createRequire(import.meta.url)('../apps/grpc/shop.cjs');
