import { GatewayError } from './status.ts';

const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * When the call to the backend must be over: at the time that the client grants by `Grpc-Timeout`, at most after `mostMs`.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md ("Timeout")
 */
export function deadlineOf(timeout: string | undefined, mostMs: number, now = Date.now()): Date {
  if (timeout === undefined) return new Date(now + mostMs);
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(timeout) ?? [];
  if (digits === undefined || unit === undefined)
    throw new GatewayError(
      3,
      `Grpc-Timeout is "${timeout}", expected up to 8 digits and one of H, M, S, m, u, n`,
    );
  return new Date(now + Math.min(mostMs, Number(digits) * (UNITS[unit] ?? 0)));
}
