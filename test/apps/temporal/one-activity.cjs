/** A workflow that does one activity, by its name. */
const { proxyActivities } = require('@temporalio/workflow');

exports.OneActivity = (name, startToCloseTimeout) =>
  proxyActivities({ startToCloseTimeout, retry: { maximumAttempts: 1 } })[name]();
