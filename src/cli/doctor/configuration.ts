import type { Config, SamplerConfig } from '../../config/config.js';
import { type Diagnostic, formatDiagnostic, type Severity } from '../../config/diagnostic.js';
import type { LoadedConfig } from '../../config/load.js';
import type { Origins } from '../../config/origins.js';
import type { Setting } from '../../config/settings.js';
import * as settings from '../../config/settings.js';
import type { Finding } from './finding.js';

const SEVERITIES: Readonly<Record<Severity, Finding['severity']>> = {
  error: 'error',
  warn: 'warning',
  info: 'note',
};

/** What the configuration itself has to say: its problems, and the settings that turn telemetry off. */
export function examineConfiguration({ config, diagnostics, origins }: LoadedConfig): Finding[] {
  if (!config.enabled) {
    return [
      {
        check: 'configuration',
        severity: 'error',
        message: 'OTEL_SDK_DISABLED=true turns Redhook off: it observes and exports nothing',
        fix: 'unset OTEL_SDK_DISABLED',
      },
    ];
  }
  const findings = [...diagnostics.map(fromDiagnostic), ...turnedOff(config, origins)];
  const message = `the service is "${config.serviceName}"; \`redhook config\` prints every value and its origin`;
  return [...findings, { check: 'configuration', severity: 'ok', message }];
}

function fromDiagnostic(diagnostic: Diagnostic): Finding {
  const check = 'configuration';
  const severity = SEVERITIES[diagnostic.severity];
  if ('message' in diagnostic) return { check, severity, message: formatDiagnostic(diagnostic) };
  const { where, found, expected, now } = diagnostic;
  return { check, severity, message: `${where}: found ${found}; ${now}`, fix: `write ${expected}` };
}

function turnedOff({ traces, metrics }: Config, origins: Origins): Finding[] {
  const originOf = <T>(setting: Setting<T>): string => origins.of(setting)[0]?.where ?? 'default';
  const findings: Finding[] = [];
  const warn = (check: string, message: string, fix: string): void =>
    void findings.push({ check, severity: 'warning', message, fix });

  const { sampler } = traces;
  const name = sampler.name === 'parentbased' ? `parentbased_${sampler.root.name}` : sampler.name;
  const ratio = ratioOf(sampler);
  if (traces.exporters.length === 0) {
    const message = `no span is recorded: traces have no exporter (${originOf(settings.traces.exporters)})`;
    warn('traces', message, 'set OTEL_TRACES_EXPORTER=otlp, or list an exporter in traces.exporters');
  } else if (name.endsWith('always_off') || (name.endsWith('ratio') && ratio === 0)) {
    const origin = name.endsWith('ratio')
      ? originOf(settings.traces.ratio)
      : originOf(settings.traces.sampler);
    const but = name.startsWith('parentbased_') ? ' but those that a caller has sampled' : '';
    warn(
      'traces',
      `no trace is recorded${but}: the sampler is ${name} (${origin})`,
      'set OTEL_TRACES_SAMPLER=parentbased_always_on',
    );
  }
  if (metrics.exporters.length === 0) {
    const message = `no metrics are exported: they have no exporter (${originOf(settings.metrics.exporters)})`;
    warn(
      'metrics',
      message,
      'set OTEL_METRICS_EXPORTER=prometheus, or list an exporter in metrics.exporters',
    );
  } else if (!metrics.exporters.some(({ type }) => type === 'prometheus')) {
    const message = `there is no page to scrape: metrics are only pushed (${originOf(settings.metrics.exporters)})`;
    findings.push({
      check: 'metrics',
      severity: 'note',
      message,
      fix: 'for a page too, set OTEL_METRICS_EXPORTER=otlp,prometheus',
    });
  }
  return findings;
}

/** Of the traces that begin here. */
function ratioOf(sampler: SamplerConfig): number {
  return sampler.name === 'parentbased' ? ratioOf(sampler.root) : sampler.ratio;
}
