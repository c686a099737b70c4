import type { PageOptions } from '../../src/telemetry/prometheus/page.js';

/** The page of a service named `orders`, as the short form has it. */
export const ORDERS_PAGE: PageOptions = {
  constantLabels: { 'service.name': 'orders' },
  scopeLabels: true,
  targetInfo: true,
  translation: 'underscore_escaping_with_suffixes',
};
