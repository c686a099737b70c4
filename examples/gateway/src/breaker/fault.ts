import { status } from '@grpc/grpc-js';
import { httpStatus } from '../status.ts';

/** A call that was given less than this part of the gateway's limit may well run out of time. */
const FAIR_SHARE = 0.5;

/**
 * Whether an error is the backend's fault. What the client has done wrong, and a deadline that the client has set too short,
 * must not open a circuit that others are served by.
 */
export function isFault(error: unknown, grantedMs: number, limitMs: number): boolean {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'number') return true;
  if (code === status.DEADLINE_EXCEEDED) return grantedMs >= limitMs * FAIR_SHARE;
  return code !== status.UNIMPLEMENTED && httpStatus(code) >= 500;
}
