import { PEERS, type PeerName } from './peers.ts';

/** What is measured; see `contestants.ts` for what each of them is. */
export type ContestantId =
  | 'row'
  | 'fastapi-row'
  | 'bentoml-row'
  | 'mlflow-row'
  | 'rows'
  | 'fastapi-rows'
  | 'fastapi-raw'
  | 'two-processes'
  | 'watched'
  | 'split';

export const WORKS = ['one-row', 'thousand-rows', 'processes', 'canary'] as const;
export type Work = (typeof WORKS)[number];

/** A row of the table: our requests a second over the other's. */
export interface Comparison {
  work: Work;
  /** What is done. */
  title: string;
  ours: ContestantId;
  other: ContestantId;
  /** Who the other one is. */
  against: string;
  peer?: PeerName;
  /** What the ratio should be; absent: said as measured. */
  atLeast?: number;
  /** Whether our p99 must be no worse too. */
  p99?: boolean;
}

/** The plain form, predictions logged. */
const ROW = 'one row, logged';
const ROWS = '1,000 rows, V2 binary, logged';

export const COMPARISONS: readonly Comparison[] = [
  {
    ...{
      work: 'one-row',
      title: ROW,
      ours: 'row',
      other: 'fastapi-row',
      peer: 'fastapi',
      atLeast: 2.5,
      p99: true,
    },
    against: `${PEERS.fastapi.title}, no log`,
  },
  {
    ...{ work: 'one-row', title: ROW, ours: 'row', other: 'bentoml-row', peer: 'bentoml', atLeast: 20 },
    against: PEERS.bentoml.title,
  },
  {
    ...{ work: 'one-row', title: ROW, ours: 'row', other: 'mlflow-row', peer: 'mlflow', atLeast: 50 },
    against: `${PEERS.mlflow.title}, its own format`,
  },
  {
    ...{
      work: 'thousand-rows',
      title: ROWS,
      ours: 'rows',
      other: 'fastapi-rows',
      peer: 'fastapi',
      atLeast: 2,
    },
    against: `${PEERS.fastapi.title}, JSON`,
  },
  {
    ...{ work: 'thousand-rows', title: ROWS, ours: 'rows', other: 'fastapi-raw', peer: 'fastapi' },
    against: `${PEERS.fastapi.title}, raw float64 body`,
  },
  {
    ...{ work: 'processes', title: `${ROW}, two processes`, ours: 'two-processes', other: 'row' },
    against: 'one process',
  },
  {
    ...{
      work: 'canary',
      title: `${ROW}, canary 10 %, pairs scored`,
      ours: 'split',
      other: 'row',
    },
    ...{ against: 'no rollout', atLeast: 0.9 },
  },
  {
    ...{ work: 'canary', title: `${ROW}, canary 10 %, pairs scored`, ours: 'split', other: 'watched' },
    against: 'no rollout, watched (inputs logged)',
  },
];
