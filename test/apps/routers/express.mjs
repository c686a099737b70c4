import express from 'express';
import listen from './express.routes.cjs';

listen(express);
