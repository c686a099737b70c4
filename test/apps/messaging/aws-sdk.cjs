const { SNS } = require('@aws-sdk/client-sns');
const { SQS } = require('@aws-sdk/client-sqs');

require('./aws-sdk.scenario.cjs')({ SQS, SNS });
