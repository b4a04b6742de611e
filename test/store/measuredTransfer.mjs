// Prints this process's resident set, in bytes, before a put and a get of a file, and the largest while they went on.
// (getrusage's maxRSS would begin at the parent's, which had it before exec.)
// node measuredTransfer.mjs <database> <schema> <file>
import { writeSync } from 'node:fs';
import { register } from 'tsx/esm/api';

register();
const { openStore } = await import('../../store/open.ts');
const [url, schema, path] = process.argv.slice(2);
const store = await openStore(url, schema);
const before = process.memoryUsage.rss();
let most = before;
const onChunk = () => (most = Math.max(most, process.memoryUsage.rss()));
const { digest } = await store.artifacts.putFile(path, 'dataset', 'x', { onChunk });
await store.artifacts.getFile(digest, `${path}.copy`, { onChunk });
await store.close();
writeSync(1, `${before}\n${most}\n`);
