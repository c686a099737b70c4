import express from 'express4';
import listen from './express.routes.cjs';

listen(express);
