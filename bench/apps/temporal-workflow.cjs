const { proxyActivities } = require('@temporalio/workflow');

exports.oneActivity = () => proxyActivities({ startToCloseTimeout: '10s' }).work();
