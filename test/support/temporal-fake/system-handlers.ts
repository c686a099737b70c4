/** The methods that clients and workers call when they connect. */
import { temporal } from '@temporalio/proto';
import type { Handlers } from './api.js';

const { NAMESPACE_STATE_REGISTERED } = temporal.api.enums.v1.NamespaceState;

export const systemHandlers: Handlers = {
  getSystemInfo: () => ({
    serverVersion: '1.29.0',
    capabilities: {
      signalAndQueryHeader: true,
      internalErrorDifferentiation: true,
      activityFailureIncludeHeartbeat: true,
      supportsSchedules: true,
      encodedFailureAttributes: true,
      upsertMemo: true,
      sdkMetadata: true,
      countGroupByExecutionStatus: true,
    },
  }),
  describeNamespace: ({ namespace }) => ({
    namespaceInfo: { name: namespace, state: NAMESPACE_STATE_REGISTERED },
  }),
};
