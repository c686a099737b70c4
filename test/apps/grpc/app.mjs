import * as grpc from '@grpc/grpc-js';
import calls from './calls.cjs';

calls.run(grpc);
