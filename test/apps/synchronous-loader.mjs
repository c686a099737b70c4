// A loader that only looks on. On Node 22.15 that is enough to load CommonJS files past `Module.prototype.load`.
import { registerHooks } from 'node:module';

registerHooks({ load: (url, context, next) => next(url, context) });
