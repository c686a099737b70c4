import type { HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { compareTimes, type TraceRow, traceRows } from '../traces/trace-rows.js';

const GAP = '  ';

type Paint = (text: string) => string;

/** Draws the finished spans of one trace as lines of text: children below their parents, in the order of their start. */
export function drawTrace(spans: readonly ReadableSpan[], colour: boolean): string {
  const paint = (code: number): Paint => (colour ? (text) => `\x1b[${code}m${text}\x1b[0m` : (text) => text);
  const dim = paint(2);
  const bold = paint(1);
  const red = paint(31);

  const rows = traceRows(spans).map((row) => ({
    ...row,
    branch: branchOf(row),
    text: row.details.join(GAP),
  }));
  const width = Math.max(...rows.map(({ branch, text }) => branch.length + text.length));
  const durations = spans.map((span) => milliseconds(span.duration));
  const durationWidth = Math.max(...durations.map((text) => text.length));

  const lines = rows.map(({ branch, span, text, failed }) => {
    const padding = ' '.repeat(width - branch.length - text.length);
    const duration = milliseconds(span.duration).padStart(durationWidth);
    return `${dim(branch)}${(failed ? red : bold)(text)}${padding}${GAP}${dim(duration)}`;
  });
  return [header(spans, dim), ...lines, ''].join('\n');
}

/** Indentation and box characters. Each takes one column. */
function branchOf({ isLast }: TraceRow): string {
  const above = isLast.slice(0, -1).map((last) => (last ? '   ' : '│  '));
  return `${above.join('')}${isLast.at(-1) ? '└─ ' : '├─ '}`;
}

function header(spans: readonly ReadableSpan[], dim: Paint): string {
  const [start = NEVER] = spans.map(({ startTime }) => startTime).sort(compareTimes);
  const end =
    spans
      .map(({ endTime }) => endTime)
      .sort(compareTimes)
      .at(-1) ?? NEVER;
  const count = spans.length === 1 ? '1 span' : `${spans.length} spans`;
  const total = milliseconds([end[0] - start[0], end[1] - start[1]]);
  return [`trace ${spans[0]?.spanContext().traceId}`, dim(count), dim(total)].join(GAP);
}

const NEVER: HrTime = [0, 0];

function milliseconds([seconds, nanos]: HrTime): string {
  return `${(seconds * 1_000 + nanos / 1_000_000).toFixed(1)} ms`;
}
