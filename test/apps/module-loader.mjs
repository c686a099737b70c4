// A loader that takes every `.js` file for an ES module, whatever its package says.
import { registerHooks } from 'node:module';

registerHooks({
  load: (url, context, next) => next(url, url.endsWith('.js') ? { ...context, format: 'module' } : context),
});
