import type { Calls, Guard } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';

interface RuntimeOptions {
  readonly telemetryOptions?: { readonly metrics?: unknown };
}

type Create = (this: unknown, options: RuntimeOptions, ...rest: unknown[]) => unknown;

/** Above the ephemeral ports of Linux, and where no service has a port of its own (RFC 6335, section 6). */
const PORTS = [61_000, 65_536] as const;
const ATTEMPTS = 3;

/**
 * Makes Temporal's core serve its metrics (task slots, pollers, the sticky cache, latencies) on loopback, where Redhook
 * scrapes them and adds them to its own. An application that configures an exporter for them keeps it.
 */
export function observeCoreMetrics(runtime: object, { addScrapedPage }: Calls, guard: Guard): void {
  if (addScrapedPage === undefined) return;
  const withExporter = guard((options: RuntimeOptions, port: number) =>
    options?.telemetryOptions?.metrics === undefined ? addExporter(options ?? {}, port) : undefined,
  );
  const announce = guard((port: number) => addScrapedPage(`http://127.0.0.1:${port}/metrics`));
  patch<Create>(
    runtime,
    'create',
    (create) =>
      function (options, ...rest) {
        for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
          const port = randomPort();
          const exporting = withExporter(options, port);
          if (exporting === undefined) break;
          try {
            const created = create.call(this, exporting, ...rest);
            announce(port);
            return created;
          } catch {
            // Most likely the port is taken. Any other error recurs in the call below, which adds no exporter.
          }
        }
        return create.call(this, options, ...rest);
      },
  );
}

function addExporter(options: RuntimeOptions, port: number): RuntimeOptions {
  const prometheus = {
    bindAddress: `127.0.0.1:${port}`,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
  };
  const metrics = { prometheus, attachServiceName: false };
  return { ...options, telemetryOptions: { ...options.telemetryOptions, metrics } };
}

function randomPort(): number {
  const [from, to] = PORTS;
  return from + Math.floor(Math.random() * (to - from));
}
