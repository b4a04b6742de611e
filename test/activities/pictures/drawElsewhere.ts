import { createHash } from 'node:crypto';
import { drawPictures } from '../../../activities/pictures/draw.ts';
import { exampleDrawing } from './example.ts';

/** Prints the digest of each example's report: run as a process of its own. */
for (const task of ['regression', 'multiclass', 'binary'] as const) {
  const { report } = await drawPictures(exampleDrawing(task));
  process.stdout.write(`${createHash('sha256').update(report).digest('hex')}\n`);
}
