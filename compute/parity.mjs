// What a parity process starts with: registers tsx's hooks itself, so that it runs under node, tsx and vitest alike.
import { Worker } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

// The parent kills this process at its deadline. Where the parent is gone, ONNX Runtime may compute for ever and this
// thread never looks up: another one, with an event loop of its own, ends the process.
// It also ends a process that takes more memory than it may: a model can make of one row as much as it likes.
const watchdog = `
const { deadlineMs, memoryBytes } = require('node:worker_threads').workerData;
setTimeout(() => process.kill(process.pid, 'SIGKILL'), deadlineMs);
if (memoryBytes > 0)
  setInterval(() => {
    if (process.memoryUsage.rss() < memoryBytes) return;
    require('node:fs').writeSync(2, 'it took more than ' + memoryBytes + ' bytes of memory');
    process.kill(process.pid, 'SIGKILL');
  }, 10);`;
const [deadlineMs, memoryBytes] = process.argv.slice(2).map(Number);
new Worker(watchdog, { eval: true, workerData: { deadlineMs, memoryBytes } }).unref();

register();

await import('./parityChild.ts');
