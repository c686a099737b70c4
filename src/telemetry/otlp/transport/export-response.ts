/** What became of one request. `delayMs` is how long the receiver asked us to wait. */
export type SendResult =
  | { readonly outcome: 'delivered'; readonly response: Uint8Array }
  | { readonly outcome: 'rejected'; readonly reason: string }
  | { readonly outcome: 'retryable'; readonly reason: string; readonly delayMs?: number | undefined };

const SYSTEM_CODE = /^E[A-Z]+$/;

/** An attempt that failed before there was an answer; the same request may succeed later. */
export function unreachable(error: unknown): SendResult {
  return { outcome: 'retryable', reason: describe(error) };
}

function describe(error: unknown): string {
  // HTTP/2 wraps what befell the connection in an error of the stream.
  const { code, path, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  return code !== undefined && path === undefined && SYSTEM_CODE.test(code) ? code : message;
}
