// Called by global.ts: node guard.mjs <home>, with the pids of the servers on standard input, one a line.
// The input ends when the test run ends, however it ends: a run that was killed leaves no server and no folder behind.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [home] = process.argv.slice(2);
const pids = [];
for await (const line of createInterface({ input: process.stdin })) pids.push(Number(line));
for (const pid of pids) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was stopped in good order.
  }
}
rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
