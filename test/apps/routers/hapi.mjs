import Hapi from '@hapi/hapi';
import listen from './hapi.routes.cjs';

listen(Hapi);
