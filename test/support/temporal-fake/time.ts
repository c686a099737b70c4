interface Span {
  seconds?: { toNumber(): number } | number | null | undefined;
  nanos?: number | null | undefined;
}

export function now(): { seconds: number; nanos: number } {
  const ms = Date.now();
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}

export function millisOf({ seconds, nanos }: Span): number {
  return Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1_000_000;
}
