/** A bare client of the gRPC applications of test/apps/grpc, which is the one that they have themselves. */
import { createRequire } from 'node:module';
import type * as Grpc from '@grpc/grpc-js';

/** What is asked: see apps/grpc/shop.cjs. */
export interface Request {
  method: string;
  /** How the call shall end. */
  id: string;
  /** Characters that the id is filled up to. */
  size?: number;
  /** When the client leaves: before the answer, in the middle of it, at a deadline, or with the connection. */
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
