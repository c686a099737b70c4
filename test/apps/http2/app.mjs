import * as http2 from 'node:http2';
import calls from './calls.cjs';

calls.run(http2);
