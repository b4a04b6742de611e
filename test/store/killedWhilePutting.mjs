// A process of its own that dies in the middle of a put: node killedWhilePutting.mjs <database> <schema> <file>
import { writeSync } from 'node:fs';
import { register } from 'tsx/esm/api';

register();
const { openStore } = await import('../../store/open.ts');
const [url, schema, path] = process.argv.slice(2);
const store = await openStore(url, schema);
let chunks = 0;
await store.artifacts.putFile(path, 'dataset', 'x', {
  onChunk() {
    writeSync(1, `${++chunks}\n`);
    if (chunks === 2) process.kill(process.pid, 'SIGKILL');
  },
});
