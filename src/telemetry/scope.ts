import type { InstrumentationScope } from '@opentelemetry/core';
import { version } from '../version.js';

/** The scope of every span and metric that Redhook makes. Readers know its metrics by this very object. */
export const SCOPE: InstrumentationScope = Object.freeze({ name: 'redhook', version });
