import type { InstrumentationScope } from '@opentelemetry/core';
import { version } from '../version.js';

/** The scope of every span and metric of Redhook. Metric readers compare it by identity, not by name. */
export const SCOPE: InstrumentationScope = Object.freeze({ name: 'redhook', version });
