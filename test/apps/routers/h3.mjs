import * as h3 from 'h3';
import listen from './h3.routes.cjs';

listen(h3);
