import { type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** A span in its place in the tree of its trace. */
export interface TraceRow {
  readonly span: ReadableSpan;
  /** For each level above it, whether the span there is the last of its siblings; its own comes last. */
  readonly isLast: readonly boolean[];
  readonly failed: boolean;
  /** What to say of it, the most important first. */
  readonly details: readonly string[];
}

const MAX_TEXT_LENGTH = 120;

/**
 * The finished spans of one trace in the order of a tree: children below their parents, in the order of their start. A span
 * whose parent is not among `spans` is at the top level.
 */
export function traceRows(spans: readonly ReadableSpan[]): TraceRow[] {
  const children = childrenByParent(spans);
  const rows: TraceRow[] = [];
  const add = (parentId: string, above: readonly boolean[]): void => {
    const siblings = children.get(parentId) ?? [];
    siblings.forEach((span, i) => {
      const isLast = [...above, i === siblings.length - 1];
      rows.push({ span, isLast, failed: isFailed(span), details: detailsOf(span) });
      add(span.spanContext().spanId, isLast);
    });
  };
  add('', []);
  return rows;
}

/** Children in the order of their start. Spans without a parent among `spans` are under `''`. */
function childrenByParent(spans: readonly ReadableSpan[]): Map<string, ReadableSpan[]> {
  const present = new Set(spans.map((span) => span.spanContext().spanId));
  const children = new Map<string, ReadableSpan[]>();
  for (const span of spans.toSorted((a, b) => compareTimes(a.startTime, b.startTime))) {
    const parent = span.parentSpanContext?.spanId;
    const key = parent !== undefined && present.has(parent) ? parent : '';
    const siblings = children.get(key);
    if (siblings === undefined) children.set(key, [span]);
    else siblings.push(span);
  }
  return children;
}

function isFailed({ status }: ReadableSpan): boolean {
  return status.code === SpanStatusCode.ERROR;
}

/** The kind and name, then the status code, the path without a route, the address of the peer, the error and the links. */
function detailsOf(span: ReadableSpan): string[] {
  const { kind, name, attributes } = span;
  const code = attributes['http.response.status_code'] ?? attributes['rpc.status_code'];
  const address = kind === SpanKind.CLIENT ? attributes['server.address'] : undefined;
  const port = attributes['server.port'];
  const path = attributes['http.route'] === undefined ? attributes['url.path'] : undefined;
  const error = attributes['error.type'] ?? (isFailed(span) ? 'error' : undefined);
  return [
    `${SpanKind[kind]} ${name}`,
    code,
    path,
    address !== undefined && port !== undefined ? `${address}:${port}` : address,
    String(error) === String(code) ? undefined : error,
    linkedTo(span),
  ]
    .filter((part) => part !== undefined)
    .map((part) => withoutControls(String(part)));
}

/** The trace of the first link, by which it can be found. */
function linkedTo({ links, droppedLinksCount }: ReadableSpan): string | undefined {
  const [first] = links;
  if (first === undefined) return undefined;
  const others = links.length - 1 + droppedLinksCount;
  return `linked to ${first.context.traceId}${others > 0 ? ` and ${others} more` : ''}`;
}

/** Names and addresses may come from outside, so control characters must not reach a terminal. */
function withoutControls(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?').slice(0, MAX_TEXT_LENGTH);
}

export function compareTimes(a: HrTime, b: HrTime): number {
  return a[0] - b[0] || a[1] - b[1];
}
