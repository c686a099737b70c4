/**
 * For esbuild, in place of what hooks every `require`. Parts of OpenTelemetry come in the frame of an instrumentation that
 * would do so, and none of them needs it.
 */
export const withoutModuleHooks = {
  'require-in-the-middle': './scripts/no-module-hook.mts',
  'import-in-the-middle': './scripts/no-module-hook.mts',
};
