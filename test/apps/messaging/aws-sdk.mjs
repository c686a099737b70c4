import { SNS } from '@aws-sdk/client-sns';
import { SQS } from '@aws-sdk/client-sqs';
import scenario from './aws-sdk.scenario.cjs';

scenario({ SQS, SNS });
