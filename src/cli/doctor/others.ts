import type { Finding } from './finding.js';
import type { ProcessReport } from './report.js';

/** Packages that observe the same calls. */
const AGENTS: Readonly<Record<string, string>> = {
  'dd-trace': 'the agent of Datadog',
  newrelic: 'the agent of New Relic',
  'elastic-apm-node': 'the agent of Elastic',
  '@elastic/opentelemetry-node': 'the agent of Elastic',
  '@splunk/otel': 'the agent of Splunk',
  '@instana/collector': 'the agent of Instana',
  '@dynatrace/oneagent': 'the agent of Dynatrace',
  appdynamics: 'the agent of AppDynamics',
  applicationinsights: 'the agent of Azure',
  '@azure/monitor-opentelemetry': 'the agent of Azure',
  '@sentry/node': 'the agent of Sentry',
  '@opentelemetry/sdk-node': 'an SDK of OpenTelemetry',
  '@opentelemetry/auto-instrumentations-node': 'the instrumentations of OpenTelemetry',
  '@opentelemetry/sdk-trace': 'an SDK of OpenTelemetry',
  '@opentelemetry/sdk-trace-node': 'an SDK of OpenTelemetry',
  '@opentelemetry/sdk-trace-base': 'an SDK of OpenTelemetry',
};
/** How the log says that the application registers an SDK of its own. */
const OWN_SDK = /of its own/;

/** Other agents and SDKs in the application: what two of them observe is sent and counted twice. */
export function examineOthers({ packages, lines }: ProcessReport): Finding[] {
  const agents = packages
    .filter(({ name }) => Object.hasOwn(AGENTS, name))
    .map(({ name, version }) => `${name} ${version}, ${AGENTS[name]}`);
  const own = lines
    .filter(({ line }) => OWN_SDK.test(line))
    .map(({ line }) => line.replace(/^redhook: /, ''));
  return [
    ...agents.map(
      (agent): Finding => ({
        check: 'others',
        severity: 'warning',
        message: `the application also loads ${agent}: what both observe is sent twice`,
        fix: 'remove one of the two',
      }),
    ),
    ...own.map(
      (message): Finding => ({
        check: 'others',
        severity: 'warning',
        message,
        fix: 'remove the SDK from the code of the application',
      }),
    ),
  ];
}
