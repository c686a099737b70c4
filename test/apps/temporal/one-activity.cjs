/** A workflow that runs the activity with the given name. */
const { proxyActivities } = require('@temporalio/workflow');

exports.OneActivity = (name, startToCloseTimeout) =>
  proxyActivities({ startToCloseTimeout, retry: { maximumAttempts: 1 } })[name]();
