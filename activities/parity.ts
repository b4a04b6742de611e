import { cancellationSignal } from '@temporalio/activity';
import { checkParity, PARITY_TOLERANCE, type Golden } from '../compute/parity.ts';
import { PerennialError } from '../config/errors.ts';
import type { TrainerDependencies } from './dependencies.ts';

interface ParityInput {
  name: string;
  run: number;
  modelDigest: string;
  goldenDigest: string;
}

const DEADLINE_MS = 120_000;

export function parityActivities({ store, files }: TrainerDependencies) {
  return {
    /**
     * Loads the ONNX file in a process of its own and compares its answers with the learner's on the golden rows.
     *
     * @throws PARITY_FAILED where a label flips, a number differs by more than 1e-5 or the model cannot be opened. A
     *   process that gave no answer (killed, out of time) says nothing of the model: that is tried again.
     */
    async checkParity({ name, run, modelDigest, goldenDigest }: ParityInput): Promise<void> {
      const signal = cancellationSignal();
      const golden = JSON.parse(new TextDecoder().decode(await store.artifacts.get(goldenDigest))) as Golden;
      const report = await files.use(modelDigest, signal, (modelPath) =>
        checkParity({ modelPath, golden, tolerance: PARITY_TOLERANCE, deadlineMs: DEADLINE_MS, signal }),
      );
      if (report.unjudged)
        throw new Error(`The model of ${name}/${run} was not judged: ${report.failure ?? 'no answer'}.`);
      if (!report.ok) {
        throw new PerennialError(
          'PARITY_FAILED',
          `ONNX Runtime answers otherwise than the learner on ${report.rows} rows of ${name}/${run}: ${report.failure ?? `${report.flips} labels differ, the largest difference is ${report.maxDifference}`}. Nothing was registered.`,
          {
            field: 'model',
            value: modelDigest,
            expected: `no label flips and differences up to ${PARITY_TOLERANCE}`,
          },
        );
      }
    },
  };
}
