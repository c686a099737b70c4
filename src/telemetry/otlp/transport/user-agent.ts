import { version } from '../../../version.js';

/** @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/#user-agent */
export const USER_AGENT = `Redhook-OTLP-Exporter-JavaScript/${version}`;
