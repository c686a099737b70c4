require('./calls.cjs').run(require('@grpc/grpc-js'));
