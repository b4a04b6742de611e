/**
 * Keys first met in one stage, and keys that met their first bad event in it, in both arms. There may be more of the
 * latter: a key that was good in an earlier stage counts as a bad one here and takes one good key off.
 */
export interface TwoRates {
  /** The challenger's share of the keys, 0 < weight < 1. */
  weight: number;
  championKeys: number;
  championBad: number;
  challengerKeys: number;
  challengerBad: number;
}

/**
 * Evidence, ln E, that the challenger's rate of bad keys is within what the guard accepts: below `maxRatio` times the
 * champion's, or above it by less than `margin`. Keys without a bad event count too, so that traffic without any is
 * evidence.
 *
 * For each of a fixed grid of alternatives (both arms at the same rate, or the challenger a little above) the
 * likelihood is divided by that of its projection onto the null hypothesis, p1 >= max(maxRatio p0, p0 + margin): a convex
 * set, so the ratio has expectation at most 1 under all of it (reverse information projection; Turner and Grünwald,
 * arXiv 2203.09785; Grünwald, de Heide and Koolen, arXiv 1906.07801), whichever rate the traffic of the hour has. The mixture
 * over the grid exceeds 1/b ever with probability at most b.
 *
 * That rests on keys being assigned with just this weight: how many keys an arm has is information too. What it could
 * contribute at most, n KL(share seen || weight), is taken off again, so that a split gone wrong lets nobody pass: at each
 * look the evidence then holds for any split. Derivation and power: docs/canary.md.
 */
export function logWithinMargins(stages: readonly TwoRates[], maxRatio: number, margin: number): number {
  const logs = alternatives(maxRatio, margin).map(({ champion, challenger, share }) => {
    let log = Math.log(share);
    for (const stage of stages) {
      const null0 = project(champion, challenger, stage.weight, maxRatio, margin);
      const null1 = boundary(null0, maxRatio, margin);
      log +=
        logRatio(stage.championKeys, stage.championBad, champion, null0) +
        logRatio(stage.challengerKeys, stage.challengerBad, challenger, null1);
    }
    return log;
  });
  const most = Math.max(...logs);
  const mixture = most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
  return stages.reduce((log, stage) => log - splitInformation(stage), mixture);
}

/** n KL(share of the keys that the challenger has || weight). */
function splitInformation({ weight, championKeys, challengerKeys }: TwoRates): number {
  const keys = championKeys + challengerKeys;
  return (
    (challengerKeys === 0 ? 0 : challengerKeys * Math.log(challengerKeys / (keys * weight))) +
    (championKeys === 0 ? 0 : championKeys * Math.log(championKeys / (keys * (1 - weight))))
  );
}

interface Alternative {
  champion: number;
  challenger: number;
  /** Of the prior; the shares add up to 1. */
  share: number;
}

const LOWEST_RATE = 1e-5;
const HIGHEST_RATE = 0.5;
const RATES = 48;
/** Most of the prior is where the two are equal, which is what a promotion hopes for. */
const SHARE_EQUAL = 0.75;

function alternatives(maxRatio: number, margin: number): Alternative[] {
  return Array.from({ length: RATES }, (_, i) => {
    const champion = LOWEST_RATE * (HIGHEST_RATE / LOWEST_RATE) ** (i / (RATES - 1));
    const worse = Math.min((champion + boundary(champion, maxRatio, margin)) / 2, (1 + champion) / 2);
    return [
      { champion, challenger: champion, share: SHARE_EQUAL / RATES },
      { champion, challenger: worse, share: (1 - SHARE_EQUAL) / RATES },
    ];
  }).flat();
}

/** The least rate of the challenger that is too bad. */
function boundary(champion: number, maxRatio: number, margin: number): number {
  return Math.max(maxRatio * champion, champion + margin);
}

/**
 * The champion's rate at the point of the null hypothesis that is nearest to the alternative in Kullback-Leibler
 * divergence, weighted by the arms' shares. The divergence is convex along the boundary: its slope is 0 there, or it
 * changes sign at the kink where the margin gives way to the ratio. Some ten steps of regula falsi (Illinois) to 1e-13.
 */
function project(
  champion: number,
  challenger: number,
  weight: number,
  maxRatio: number,
  margin: number,
): number {
  const kink = margin / (maxRatio - 1);
  // The nearest point lies below the champion's rate and, on the boundary, not below the challenger's.
  let low = Math.max(0, Math.min(challenger / maxRatio, challenger - margin));
  let high = Math.min(champion, 1 / maxRatio, 1 - margin);
  if (low < kink && kink < high) {
    if (slope(kink, kink + margin, 1, champion, challenger, weight) >= 0) high = kink;
    else if (slope(kink, kink + margin, maxRatio, champion, challenger, weight) <= 0) low = kink;
    else return kink;
  }

  const steepness = (low + high) / 2 < kink ? 1 : maxRatio;
  let atLow = slope(low, boundary(low, maxRatio, margin), steepness, champion, challenger, weight);
  let atHigh = slope(high, boundary(high, maxRatio, margin), steepness, champion, challenger, weight);
  let last = 0;
  for (let i = 0; i < MAX_STEPS && high - low > PRECISION * high; i++) {
    const between = (atLow * high - atHigh * low) / (atLow - atHigh);
    const p = between > low && between < high ? between : (low + high) / 2;
    const value = slope(p, boundary(p, maxRatio, margin), steepness, champion, challenger, weight);
    if (value < 0) {
      low = p;
      atLow = value;
      if (last < 0) atHigh /= 2;
    } else {
      high = p;
      atHigh = value;
      if (last > 0) atLow /= 2;
    }
    last = Math.sign(value);
  }
  return (low + high) / 2;
}

/**
 * Of the divergence along the boundary at (p, q), times p (1 - p), which takes the pole at 0 away. A function of its own:
 * tsx names every closure when it is made, which cost more than the arithmetic.
 */
function slope(
  p: number,
  q: number,
  steepness: number,
  champion: number,
  challenger: number,
  weight: number,
): number {
  const ofChallenger = (1 - challenger) / (1 - q) - challenger / q;
  return (1 - weight) * (p - champion) + p * (1 - p) * weight * steepness * ofChallenger;
}

const PRECISION = 1e-13;
const MAX_STEPS = 100;

function logRatio(keys: number, bad: number, alternative: number, nullRate: number): number {
  const good = keys - bad;
  return (
    (bad === 0 ? 0 : bad * Math.log(alternative / nullRate)) +
    (good === 0 ? 0 : good * (Math.log1p(-alternative) - Math.log1p(-nullRate)))
  );
}
