import type { Env } from './source/substitute.js';

/** What PM2 starts instead of the application, which it then loads into the same process. */
const CONTAINER = /[\\/]ProcessContainer\w*\.js$/;

export function isPm2Container(script = ''): boolean {
  return CONTAINER.test(script);
}

/**
 * The environment as the application will see it. In its cluster mode PM2 passes the variables of an application in one,
 * and puts them into the environment after Redhook has started.
 */
export function withPm2Variables(env: Env, script: string | undefined): Env {
  if (!isPm2Container(script)) return env;
  const own = Object.entries(parsed(env['pm2_env'])).filter(([, value]) => typeof value === 'string');
  return { ...env, ...Object.fromEntries(own) };
}

function parsed(json = '{}'): Record<string, string> {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}
