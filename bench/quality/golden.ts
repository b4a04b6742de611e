import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What the peers scored, kept with what they saw. */
export interface QualityGolden {
  versions: string;
  sets: Record<string, PeerScores>;
}

export interface PeerScores {
  /** By seed, from 1 on: `digest` of the encoded rows and folds. */
  digests: string[];
  /** learner -> metric -> [seed][fold] */
  scores: Record<string, Record<string, number[][]>>;
}

export const GOLDEN = fileURLToPath(new URL('../../test/golden/quality.json', import.meta.url));

export function readGolden(path = GOLDEN): QualityGolden {
  if (!existsSync(path)) return { versions: '', sets: {} };
  return JSON.parse(readFileSync(path, 'utf8')) as QualityGolden;
}

/** Takes the place of what is there of the same learners on the same rows; all of a set where its rows are others. */
export function keepGolden(path: string, versions: string, set: string, found: PeerScores): void {
  const golden = readGolden(path);
  const kept = golden.sets[set];
  const same = kept && kept.digests.join() === found.digests.join() && golden.versions === versions;
  golden.sets[set] = same ? { ...found, scores: { ...kept.scores, ...found.scores } } : found;
  writeFileSync(path, `${JSON.stringify({ versions, sets: golden.sets }, rounded)}\n`);
}

/** Seven digits that count. */
function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(7)) : value;
}

/**
 * A peer's scores of one seed as they were kept; undefined where there are none.
 *
 * @throws Error where the rows are no longer those that the peer saw
 */
export function keptScores(
  golden: QualityGolden,
  set: string,
  learner: string,
  seed: number,
  digest: string,
): Record<string, number[]> | undefined {
  const kept = golden.sets[set];
  const scores = kept?.scores[learner];
  if (!scores || kept.digests[seed - 1] === undefined) return undefined;
  if (kept.digests[seed - 1] !== digest) {
    throw new Error(
      `${set}, seed ${seed}: the peers saw the rows ${kept.digests[seed - 1]}, ours are ${digest}. Where encoders, folds or the data changed, measure the peers again: npm run bench -- quality --set ${set} --peer-python PATH --golden.`,
    );
  }
  return Object.fromEntries(Object.entries(scores).map(([metric, seeds]) => [metric, seeds[seed - 1]]));
}
