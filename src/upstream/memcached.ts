import { MemcachedInstrumentation } from '@opentelemetry/instrumentation-memcached';
import { adopt } from './adopt.js';

export const patchMemcached = adopt(() => new MemcachedInstrumentation({ enabled: false }));
