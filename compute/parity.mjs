// What a parity process starts with: registers tsx's hooks itself, so that it runs under node, tsx and vitest alike.
import { Worker } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

// The parent kills this process at its deadline. Where the parent is gone, ONNX Runtime may compute for ever and this
// thread never looks up: another one, with an event loop of its own, ends the process.
const watchdog = `setTimeout(() => process.kill(process.pid, 'SIGKILL'), require('node:worker_threads').workerData)`;
const deadlineMs = Number(process.argv[2]);
new Worker(watchdog, { eval: true, workerData: deadlineMs }).unref();

register();

await import('./parityChild.ts');
