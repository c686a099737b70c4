import { type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

const MAX_TEXT_LENGTH = 120;
const GAP = '  ';

type Paint = (text: string) => string;

interface Row {
  /** Indentation and box characters. Each takes one column. */
  readonly branch: string;
  readonly span: ReadableSpan;
  readonly text: string;
}

/**
 * Draws the finished spans of one trace as lines of text: children below their parents, in the order of their start. A
 * span whose parent is not among `spans` is at the top level.
 */
export function drawTrace(spans: readonly ReadableSpan[], colour: boolean): string {
  const paint = (code: number): Paint => (colour ? (text) => `\x1b[${code}m${text}\x1b[0m` : (text) => text);
  const dim = paint(2);
  const bold = paint(1);
  const red = paint(31);

  const rows = layOut(spans);
  const width = Math.max(...rows.map(({ branch, text }) => branch.length + text.length));
  const durations = spans.map((span) => milliseconds(span.duration));
  const durationWidth = Math.max(...durations.map((text) => text.length));

  const lines = rows.map(({ branch, span, text }) => {
    const padding = ' '.repeat(width - branch.length - text.length);
    const emphasis = span.status.code === SpanStatusCode.ERROR ? red : bold;
    const duration = milliseconds(span.duration).padStart(durationWidth);
    return `${dim(branch)}${emphasis(text)}${padding}${GAP}${dim(duration)}`;
  });
  return [header(spans, dim), ...lines, ''].join('\n');
}

function header(spans: readonly ReadableSpan[], dim: Paint): string {
  const [start = NEVER] = spans.map(({ startTime }) => startTime).sort(compare);
  const end =
    spans
      .map(({ endTime }) => endTime)
      .sort(compare)
      .at(-1) ?? NEVER;
  const count = spans.length === 1 ? '1 span' : `${spans.length} spans`;
  const total = milliseconds([end[0] - start[0], end[1] - start[1]]);
  return [`trace ${spans[0]?.spanContext().traceId}`, dim(count), dim(total)].join(GAP);
}

function layOut(spans: readonly ReadableSpan[]): Row[] {
  const children = childrenByParent(spans);
  const rows: Row[] = [];
  const add = (parentId: string, indent: string): void => {
    const siblings = children.get(parentId) ?? [];
    siblings.forEach((span, i) => {
      const isLast = i === siblings.length - 1;
      rows.push({ branch: `${indent}${isLast ? '└─ ' : '├─ '}`, span, text: describeSpan(span) });
      add(span.spanContext().spanId, `${indent}${isLast ? '   ' : '│  '}`);
    });
  };
  add('', '');
  return rows;
}

/** Children in the order of their start. Spans without a parent among `spans` are under `''`. */
function childrenByParent(spans: readonly ReadableSpan[]): Map<string, ReadableSpan[]> {
  const present = new Set(spans.map((span) => span.spanContext().spanId));
  const children = new Map<string, ReadableSpan[]>();
  for (const span of spans.toSorted((a, b) => compare(a.startTime, b.startTime))) {
    const parent = span.parentSpanContext?.spanId;
    const key = parent !== undefined && present.has(parent) ? parent : '';
    const siblings = children.get(key);
    if (siblings === undefined) children.set(key, [span]);
    else siblings.push(span);
  }
  return children;
}

/** The kind and name, then the most useful details: status code, path without a route, peer address and error. */
function describeSpan({ kind, name, attributes, status }: ReadableSpan): string {
  const code = attributes['http.response.status_code'] ?? attributes['rpc.status_code'];
  const address = kind === SpanKind.CLIENT ? attributes['server.address'] : undefined;
  const port = attributes['server.port'];
  const path = attributes['http.route'] === undefined ? attributes['url.path'] : undefined;
  const error = attributes['error.type'] ?? (status.code === SpanStatusCode.ERROR ? 'error' : undefined);
  return [
    `${SpanKind[kind]} ${name}`,
    code,
    path,
    address !== undefined && port !== undefined ? `${address}:${port}` : address,
    String(error) === String(code) ? undefined : error,
  ]
    .filter((part) => part !== undefined)
    .map((part) => withoutControls(String(part)))
    .join(GAP);
}

/** Names and addresses may come from outside, so control characters must not reach the terminal. */
function withoutControls(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?').slice(0, MAX_TEXT_LENGTH);
}

const NEVER: HrTime = [0, 0];

function compare(a: HrTime, b: HrTime): number {
  return a[0] - b[0] || a[1] - b[1];
}

function milliseconds([seconds, nanos]: HrTime): string {
  return `${(seconds * 1_000 + nanos / 1_000_000).toFixed(1)} ms`;
}
