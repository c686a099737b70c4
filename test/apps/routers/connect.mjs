import connect from 'connect';
import listen from './connect.routes.cjs';

listen(connect);
