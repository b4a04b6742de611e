import { goldenBatch, type Golden } from '../compute/parityGolden.ts';
import { openExplainer, type ModelExplainer } from '../compute/explainer.ts';
import { NotExplained } from '../learning/explain/notExplained.ts';
import type { ModelVersionRow, Store } from '../store/types.ts';

export type ExplainedVersion = Pick<ModelVersionRow, 'digest' | 'goldenDigest' | 'signature'>;

export interface Explainers {
  /**
   * Works with a version's trees and weights, which are read from its file when it is first explained.
   *
   * @param body gets undefined where the version is none of sums: it is explained by asking it then
   */
  use<T>(model: ExplainedVersion, body: (explainer: ModelExplainer | undefined) => Promise<T>): Promise<T>;
  /** Frees what is kept; nothing may be called afterwards. */
  close(): Promise<void>;
}

/** A forest of 10 MB takes some 25 MB here, beside its session. */
const MAX_KEPT = 4;

export function keepExplainers(artifacts: Pick<Store['artifacts'], 'get'>): Explainers {
  /** In the order of their last use. */
  const kept = new Map<string, Entry>();

  async function open({
    digest,
    goldenDigest,
    signature,
  }: ExplainedVersion): Promise<ModelExplainer | undefined> {
    const [bytes, goldenBytes] = await Promise.all([artifacts.get(digest), artifacts.get(goldenDigest)]);
    const golden = JSON.parse(new TextDecoder().decode(goldenBytes)) as Golden;
    const { prediction, probabilities } = golden.outputs;
    const { task, positive, inputs } = signature;
    try {
      return await openExplainer(
        bytes,
        { task, positive, columns: inputs.map(({ name }) => name) },
        { batch: goldenBatch(golden, inputs), answers: prediction ?? probabilities?.flat() ?? [] },
      );
    } catch (error) {
      if (error instanceof NotExplained) return undefined;
      throw error;
    }
  }

  async function release(digest: string, entry: Entry): Promise<void> {
    kept.delete(digest);
    await (await entry.opening.catch(() => undefined))?.release();
  }

  return {
    async use(model, body) {
      const { digest } = model;
      const entry: Entry = kept.get(digest) ?? { opening: open(model), users: 0 };
      kept.delete(digest);
      kept.set(digest, entry);
      entry.users++;
      try {
        return await body(await entry.opening);
      } catch (error) {
        // One that could not be read is tried again by the next.
        entry.opening.catch(() => kept.get(digest) === entry && kept.delete(digest));
        throw error;
      } finally {
        entry.users--;
        const idle = [...kept].filter(([, { users }]) => users === 0);
        for (const [other, of] of idle.slice(0, Math.max(0, kept.size - MAX_KEPT))) await release(other, of);
      }
    },
    close: async () => {
      for (const [digest, entry] of [...kept]) await release(digest, entry);
    },
  };
}

interface Entry {
  opening: Promise<ModelExplainer | undefined>;
  users: number;
}
