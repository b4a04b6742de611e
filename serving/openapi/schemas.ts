import { ERRORS } from '../../config/errors.ts';

/** A JSON Schema, as OpenAPI 3.1 takes it. */
export type Schema = Record<string, unknown>;

export const ref = (name: keyof typeof SCHEMAS): Schema => ({ $ref: `#/components/schemas/${name}` });

const text = (description: string, more: Schema = {}): Schema => ({ type: 'string', description, ...more });
const number = (description: string, more: Schema = {}): Schema => ({ type: 'number', description, ...more });
const integer = (description: string, more: Schema = {}): Schema => ({
  type: 'integer',
  description,
  ...more,
});
const flag = (description: string): Schema => ({ type: 'boolean', description });
const list = (items: Schema, description: string, more: Schema = {}): Schema => ({
  type: 'array',
  items,
  description,
  ...more,
});
const record = (required: string[], properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: 'object',
  required,
  properties,
  ...more,
});
const version = (description: string) => integer(description, { minimum: 1 });
const time = (description: string) => text(description, { format: 'date-time' });

const VALUE: Schema = { type: ['string', 'number', 'boolean', 'null'] };
const CLASS: Schema = { type: ['string', 'number', 'boolean'] };

const reading = {
  task: text('What is predicted.', { enum: ['binary', 'multiclass', 'regression'] }),
  target: text('The column that is predicted.'),
  classes: list(CLASS, 'Values of the target; absent for regression.'),
  positive: { ...CLASS, description: 'The positive class; binary only.' },
  inputs: list(
    record(['name', 'type'], {
      name: text('Of the column.'),
      type: text('A timestamp is ISO 8601 or epoch milliseconds; without a zone it is UTC.', {
        enum: ['number', 'boolean', 'timestamp', 'string'],
      }),
    }),
    'The columns that a row must have.',
  ),
};

const route = {
  name: text('Of the model.'),
  champion: version('The version that serves.'),
  challenger: version('Present while a rollout is under way.'),
  weight: number("The challenger's share of the keys.", { minimum: 0, maximum: 1 }),
  rollout: text('Which holds the route until it ends.'),
  stage: integer('Of that rollout.'),
  standby: version('Kept loaded, so that a rollback is one change.'),
  revision: integer('Raised by every change; a change names the one that its author has seen.', {
    minimum: 1,
  }),
};
const routeRequired = ['name', 'champion', 'weight', 'revision'];

const example = record(['body', 'curl'], {
  body: { type: 'object', description: 'A request, with a row on which the version was tested.' },
  curl: text('The same as a command.'),
});

export const SCHEMAS = {
  Error: record(
    ['error', 'code', 'requestId'],
    {
      error: text('A sentence for people.'),
      code: text('For programs.', { enum: Object.keys(ERRORS) }),
      field: text('The path of what is wrong, such as `rows[3].distance`.'),
      value: text('What was found there, shortened.'),
      expected: text('What would be right.'),
      requestId: text('Under which the log of the gateway knows this request.'),
    },
    { description: 'What every refusal looks like.' },
  ),
  PredictRequest: record(
    [],
    {
      rows: list(
        { type: 'object', additionalProperties: VALUE },
        'Objects of column and value. A column that the model reads must be there, null where it is missing; other columns are passed over.',
        { minItems: 1 },
      ),
      row: { type: 'object', additionalProperties: VALUE, description: 'A single row, in place of `rows`.' },
      key: {
        type: ['string', 'integer'],
        description:
          'Whose request this is. The same key gets the same version throughout a rollout, and a label may name it. Without one the request id is the key.',
      },
      keys: list({ type: ['string', 'integer'] }, 'One key for each row, in place of `key`.'),
      explain: flag('Also say what each column adds. At most 100 rows, and 20 s of explaining.'),
    },
    { additionalProperties: false, oneOf: [{ required: ['rows'] }, { required: ['row'] }] },
  ),
  Prediction: record(['prediction', 'version', 'arm'], {
    prediction: { type: ['string', 'number', 'boolean', 'null'], description: 'The class, or the value.' },
    probability: { type: ['number', 'null'], description: 'Of the predicted class.' },
    probabilities: {
      type: 'object',
      additionalProperties: { type: ['number', 'null'] },
      description: 'By class.',
    },
    version: version('The version that answered.'),
    arm: text('Why that version: by the route, or because the request named it.', {
      enum: ['champion', 'challenger', 'direct'],
    }),
    explanation: { $ref: '#/components/schemas/Explanation' },
  }),
  Explanation: record(
    ['method', 'explained', 'score', 'base', 'contributions'],
    {
      method: text(
        'Exact by the trees or weights of the version, or sampled where it is none of sums of them.',
        {
          enum: ['treeShap', 'linearShap', 'sampled'],
        },
      ),
      explained: text(
        'What the score is: the answer itself, or what it is before a sigmoid (log odds) or a softmax (score).',
        { enum: ['value', 'probability', 'logOdds', 'score'] },
      ),
      score: number('Of the positive class, of more than two the predicted class, or the value.'),
      of: { ...CLASS, description: 'The class that the score is of.' },
      base: number('The mean score of the rows that this one is compared with.'),
      contributions: list(
        record(['column', 'value', 'contribution'], {
          column: text('Of the row.'),
          value: VALUE,
          contribution: number('Base and all contributions add up to the score.'),
        }),
        'Largest first.',
      ),
    },
    { description: 'Shapley values of the columns of the row.' },
  ),
  PredictAnswer: record(['model', 'requestId', 'predictions'], {
    model: text('Its name.'),
    requestId: text('By which a label may name this request. Also in the header X-Request-Id.'),
    predictions: list({ $ref: '#/components/schemas/Prediction' }, 'One for each row, in order.'),
  }),
  Models: record(['models'], {
    models: list(
      record(['name', 'task', 'target', 'ready', 'champion', 'weight', 'revision'], {
        name: route.name,
        task: reading.task,
        target: reading.target,
        ready: flag('A request would be answered without loading anything.'),
        champion: route.champion,
        challenger: route.challenger,
        weight: route.weight,
        revision: route.revision,
      }),
      'By name.',
    ),
  }),
  Model: record(['name', 'ready', 'task', 'target', 'inputs', 'versions'], {
    name: route.name,
    ready: flag('A request would be answered without loading anything.'),
    champion: route.champion,
    challenger: route.challenger,
    weight: route.weight,
    revision: route.revision,
    ...reading,
    versions: list(
      record(['version', 'ready', 'learner', 'metrics', 'createdAt'], {
        version: version('1, 2, 3 ...'),
        ready: flag('Loaded.'),
        learner: text('What it was learned by.'),
        metrics: {
          type: 'object',
          additionalProperties: { type: ['number', 'null'] },
          description: 'On the hold-out; null where it is not defined.',
        },
        createdAt: time('When it was registered.'),
      }),
      'Newest first.',
    ),
    example,
  }),
  ModelVersion: record(['name', 'version', 'ready', 'task', 'target', 'inputs', 'learner', 'lineage'], {
    name: route.name,
    version: version('1, 2, 3 ...'),
    ready: flag('Loaded.'),
    ...reading,
    learner: text('What it was learned by.'),
    params: { type: 'object', description: 'Hyperparameters.' },
    metrics: {
      type: 'object',
      additionalProperties: { type: ['number', 'null'] },
      description: 'On the hold-out.',
    },
    cv: { type: 'object', description: 'The cross-validated metric that selected it.' },
    createdAt: time('When it was registered.'),
    lineage: record(['digest', 'run', 'dataset', 'definition'], {
      digest: text('SHA-256 of the ONNX file.'),
      run: integer('The training run.'),
      dataset: text('SHA-256.'),
      definition: text('SHA-256 of its canonical JSON.'),
    }),
    example,
  }),
  Route: record(routeRequired, route),
  RouteChange: record(
    ['champion', 'revision', 'reason'],
    {
      champion: version('The version that is to serve.'),
      revision: integer('Of the route as you have seen it.', { minimum: 1 }),
      reason: text('For the audit.', { minLength: 1, maxLength: 1_000 }),
    },
    { additionalProperties: false },
  ),
  RouteHistory: record(['name', 'history'], {
    name: route.name,
    history: list(
      record([...routeRequired, 'at', 'actor', 'reason'], {
        ...route,
        at: time('From then on.'),
        actor: text('Who changed it.'),
        reason: text('Why.'),
      }),
      'Newest first.',
    ),
  }),
  Event: record(
    ['id', 'reason'],
    {
      id: text("The sender's own. At most 200 bytes.", { minLength: 1, maxLength: 200 }),
      reason: text('For people, and for the audit.', { minLength: 1, maxLength: 1_000 }),
    },
    { additionalProperties: false },
  ),
  EventTaken: record(['name', 'id', 'existing'], {
    name: route.name,
    id: text('Of the event.'),
    existing: flag('It was there already.'),
  }),
  Ready: record(['ready'], { ready: flag('Requests may come here.'), reason: text('Why not.') }),
} as const satisfies Record<string, Schema>;
