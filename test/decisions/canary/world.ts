import type { ArmCounts, CanaryCounts, StageCounts } from '../../../decisions/canary/counts.ts';
import { Random, deriveSeed } from '../../../learning/rng.ts';

/** What is true of the traffic of a simulated rollout. Time is counted in requests. */
export interface World {
  /** Users who come again and again, their activity log-normal with this sigma. Absent: each request is a key of its own. */
  users?: { count: number; sigma: number };
  /** Probability of an error, and of a slow answer, by request. */
  errors?: Rates;
  slow?: Rates;
  /** Share of the users whose every request fails, whichever version answers. */
  doomed?: number;
  /** Counts keys, and their first errors, anew in each stage, as the store does not. */
  everyStage?: boolean;
  /** The challenger's true share, where that is not the weight that was asked for. */
  trueWeight?: number;
  labels?: {
    /** Share of the keys that ever get a label. */
    rate: Rates;
    /** Mean delay of a label, exponential; labels within the horizon wait for its end. In requests. */
    delay: number;
    horizon: number;
    /** Share of the rows on which only one of the two versions is right. */
    disagree: number;
    /** The challenger's error rate minus the champion's. */
    worse: number;
  };
}

export interface Rates {
  champion: number;
  challenger: number;
}

export const same = (rate: number): Rates => ({ champion: rate, challenger: rate });

/** A rollout's traffic, request by request, and what the store would count of it. The same seed gives the same traffic. */
export class Traffic {
  requests = 0;
  readonly #world: World;
  readonly #random: Random;
  readonly #stages: StageCounts[] = [];
  readonly #activity: Float64Array;
  readonly #users: User[];
  readonly #arriving = new Map<number, Arrival[]>();
  readonly #pairs = { pairs: 0, sum: 0, squares: 0 };
  /** Counted by request instead of by key, for the comparison. */
  readonly byRequest: StageCounts[] = [];
  #stageFrom = 0;
  #settled = 0;

  constructor(world: World, seed: number, weight: number) {
    this.#world = world;
    this.#random = new Random(seed);
    const count = world.users?.count ?? 0;
    const people = new Random(deriveSeed(seed, 'users'));
    this.#activity = cumulativeActivity(count, world.users?.sigma ?? 0, people);
    this.#users = Array.from({ length: count }, () =>
      newUser(people.unit(), people.unit() < (world.doomed ?? 0)),
    );
    this.raise(weight);
  }

  /** Begins a stage. */
  raise(weight: number): void {
    this.#stages.push(emptyStage(this.#stages.length, weight));
    this.byRequest.push(emptyStage(this.byRequest.length, weight));
    this.#stageFrom = this.requests;
    if (this.#world.everyStage) for (const user of this.#users) user.seen = 0;
  }

  serve(requests: number): void {
    for (let i = 0; i < requests; i++) this.#serveOne();
  }

  /** @param everyRequestMs how long a request stands for */
  counts(everyRequestMs = 10): CanaryCounts {
    this.#settle();
    const { pairs, sum, squares } = this.#pairs;
    const mean = pairs > 0 ? sum / pairs : 0;
    return {
      at: new Date(this.requests * everyRequestMs).toISOString(),
      stageMs: (this.requests - this.#stageFrom) * everyRequestMs,
      elapsedMs: this.requests * everyRequestMs,
      stages: structuredClone(this.#stages),
      ...(this.#world.labels && {
        pairs: {
          pairs,
          mean,
          variance: pairs > 0 ? squares / pairs - mean * mean : 0,
          championLoss: 0.2,
          challengerLoss: 0.2 + mean,
        },
      }),
      slowAboveUs: 5000,
      dropped: 0,
      custom: [],
    };
  }

  #serveOne(): void {
    const world = this.#world;
    const random = this.#random;
    const stage = this.#stages[this.#stages.length - 1];
    const user = world.users
      ? this.#users[this.#pickUser()]
      : newUser(random.unit(), random.unit() < (world.doomed ?? 0));
    const isChallenger = user.place < (world.trueWeight ?? stage.weight);
    const arm = isChallenger ? stage.challenger : stage.champion;
    const loose = this.byRequest[this.byRequest.length - 1][isChallenger ? 'challenger' : 'champion'];
    const error = user.doomed || random.unit() < rateOf(world.errors, isChallenger);
    const slow = random.unit() < rateOf(world.slow, isChallenger);

    arm.requests++;
    loose.requests++;
    loose.keys++;
    if (error) loose.errorKeys++;
    if (slow) loose.slowKeys++;
    if ((user.seen & SEEN) === 0) {
      arm.keys++;
      if (!user.known) this.#expectLabel(arm, rateOf(world.labels?.rate, isChallenger));
      user.known = true;
    }
    if (error && (user.seen & ERROR) === 0) arm.errorKeys++;
    if (slow && (user.seen & SLOW) === 0) arm.slowKeys++;
    user.seen |= SEEN | (error ? ERROR : 0) | (slow ? SLOW : 0);
    this.requests++;
  }

  #expectLabel(arm: ArmCounts, rate: number): void {
    const { labels } = this.#world;
    if (!labels) return;
    this.#arrive(this.requests + labels.horizon, { arm, kind: 'due' });
    if (this.#random.unit() >= rate) return;
    const delay = -Math.log1p(-this.#random.unit()) * labels.delay;
    const draw = this.#random.unit();
    const onlyChampion = (labels.disagree + labels.worse) / 2;
    const difference = draw < onlyChampion ? 1 : draw < labels.disagree ? -1 : 0;
    this.#arrive(this.requests + Math.max(delay, labels.horizon), { arm, kind: 'label', difference });
  }

  #arrive(at: number, arrival: Arrival): void {
    const bucket = Math.floor(at / BUCKET);
    const arrivals = this.#arriving.get(bucket);
    if (arrivals) arrivals.push(arrival);
    else this.#arriving.set(bucket, [arrival]);
  }

  /** Counts what has arrived in the buckets that are over. */
  #settle(): void {
    const until = Math.floor(this.requests / BUCKET);
    for (; this.#settled < until; this.#settled++) {
      for (const { arm, kind, difference = 0 } of this.#arriving.get(this.#settled) ?? []) {
        if (kind === 'due') arm.dueKeys++;
        else {
          arm.labelledKeys++;
          this.#pairs.pairs++;
          this.#pairs.sum += difference;
          this.#pairs.squares += difference * difference;
        }
      }
      this.#arriving.delete(this.#settled);
    }
  }

  #pickUser(): number {
    const cumulative = this.#activity;
    const target = this.#random.unit() * cumulative[cumulative.length - 1];
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] <= target) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface User {
  /** Its hash: it is the challenger's where this is below the weight. */
  place: number;
  doomed: boolean;
  /** What was counted of it. */
  seen: number;
  known: boolean;
}

interface Arrival {
  arm: ArmCounts;
  kind: 'due' | 'label';
  difference?: number;
}

const SEEN = 1;
const ERROR = 2;
const SLOW = 4;
/** Requests in one bucket of arrivals; looks fall on its borders. */
const BUCKET = 25;

function rateOf(rates: Rates | undefined, isChallenger: boolean): number {
  if (!rates) return 0;
  return isChallenger ? rates.challenger : rates.champion;
}

function newUser(place: number, doomed: boolean): User {
  return { place, doomed, seen: 0, known: false };
}

function emptyStage(stage: number, weight: number): StageCounts {
  const empty = (): ArmCounts => ({
    requests: 0,
    keys: 0,
    errorKeys: 0,
    slowKeys: 0,
    dueKeys: 0,
    labelledKeys: 0,
  });
  return { stage, weight, champion: empty(), challenger: empty() };
}

/** Running sums of log-normal activities (Box and Muller). */
function cumulativeActivity(count: number, sigma: number, random: Random): Float64Array {
  const sums = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const normal = Math.sqrt(-2 * Math.log1p(-random.unit())) * Math.cos(2 * Math.PI * random.unit());
    total += Math.exp(sigma * normal);
    sums[i] = total;
  }
  return sums;
}
