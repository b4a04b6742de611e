import { setTimeout } from 'node:timers/promises';
import { openPredictionLog } from '../../serving/log/log.ts';
import { openStore } from '../../store/open.ts';
import { inputsOf, someRecord } from '../store/someRecords.ts';

/**
 * `loggingProcess.ts <database> <schema> <directory> <name>` logs predictions until it is killed; their versions count
 * 1, 2, 3 ... Says each 1,000th.
 */
const [url = '', schema = '', directory = '', name = ''] = process.argv.slice(2);
const store = await openStore(url, schema);
const log = await openPredictionLog({ directory, store: store.predictions });
const inputs = inputsOf({ text: ['x'.repeat(300)] });
for (let version = 1; ; version++) {
  log.add(someRecord({ at: Date.now(), name, version, inputs }));
  if (version % 1_000 === 0) process.send?.(version);
  if (version % 20 === 0) await setTimeout(1);
}
